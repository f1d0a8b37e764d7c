// Pointwise convolution of halves.
#pragma once

#include "kernels/ops/conv/geometry.h"

namespace lacuna {

/// Whether bind_half_products has a kernel. The activation is a clamp or none.
bool products_compute_halves(const ConvGeometry& g, const PackedWeights& weights);

/// As the functions of OpRun, without scratch. The state starts with the function that runs a task.
size_t half_products_state_bytes(const OpStep& step);
Binding bind_half_products(const OpStep& step, const BindContext& context, void* state);

}  // namespace lacuna
