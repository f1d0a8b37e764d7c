// Convolution in halves: pointwise ones, and depthwise ones of the usual windows.
#pragma once

#include "kernels/op.h"

namespace lacuna {

/// As OpRun::computes_halves.
bool conv_computes_halves(const OpStep& step);

/// As the functions of OpRun, for steps of halves. The state starts with the function that runs a task.
size_t half_conv_state_bytes(const OpStep& step);
size_t half_conv_scratch_bytes(const OpStep& step);
Binding bind_half_conv(const OpStep& step, const BindContext& context, void* state);

}  // namespace lacuna
