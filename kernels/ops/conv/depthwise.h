// Depthwise convolution: packing Depthwise. Each plane is filtered alone, strip by strip of rows.
#pragma once

#include "kernels/ops/conv/geometry.h"

namespace lacuna {

/// What the kernels of a step must be made for.
struct DepthwiseNeeds {
  BuiltWindow window;
  bool narrow;
  bool residual;
};
DepthwiseNeeds depthwise_needs(const OpStep& step);

/// As the functions of OpRun. The state starts with the function that runs a task.
size_t depthwise_state_bytes(const OpStep& step);
size_t depthwise_scratch_bytes(const OpStep& step);
Binding bind_depthwise(const OpStep& step, const BindContext& context, void* state);

/// Whether bind_half_depthwise, which takes the same state and scratch, has a kernel. The activation is a clamp or
/// none.
bool depthwise_computes_halves(const ConvGeometry& g);
Binding bind_half_depthwise(const OpStep& step, const BindContext& context, void* state);

}  // namespace lacuna
