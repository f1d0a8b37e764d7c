// Resize in halves: planes to twice the width and height by linear interpolation, as decoders do.
#pragma once

#include "kernels/op.h"

namespace lacuna {

/// As OpRun::computes_halves.
bool resize_computes_halves(const OpStep& step);

/// As the functions of OpRun, for steps of halves. The state starts with the function that runs a task.
size_t half_resize_state_bytes(const OpStep& step);
Binding bind_half_resize(const OpStep& step, const BindContext& context, void* state);

}  // namespace lacuna
