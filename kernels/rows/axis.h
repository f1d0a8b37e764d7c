// Operators that turn each row along one axis into another row: softmax, L2 normalisation.
#pragma once

#include "kernels/op.h"
#include "kernels/rows/rows.h"

namespace lacuna {

size_t axis_state_bytes(const OpStep& step);

/// Binds f over dimension `axis` of the step's input, to be run by run_axis_state.
Binding bind_axis(const OpStep& step, AxisFunction function, int axis, float epsilon, const BindContext& context,
                  void* state);

void run_axis_state(const void* state, uint32_t task, void* scratch);

}  // namespace lacuna
