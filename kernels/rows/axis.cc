#include "kernels/rows/axis.h"

#include "kernels/copy/split.h"
#include "kernels/rows/loop_nest.h"

namespace lacuna {
namespace {

/// Rows where the axis runs along memory in both values, otherwise tiles of columns, which are at least one wide.
struct AxisState {
  const float* x;
  float* y;
  AxisRow row;  ///< null: columns
  AxisColumns columns;
  float epsilon;
  int64_t length;  ///< elements along the axis
  int64_t x_stride;
  int64_t y_stride;
  int64_t tiles;  ///< of the innermost loop, where columns lie side by side; 1 for rows
  int64_t units;
  uint32_t tasks;
  LoopNest<2> nest;  ///< x, y: all dimensions but the axis
};

/// Loops around a unit: rows are in all of them, tiles in all but the innermost.
int outer_loops(const AxisState& state) { return state.row != nullptr ? state.nest.rank : state.nest.rank - 1; }

}  // namespace

size_t axis_state_bytes(const OpStep&) { return sizeof(AxisState); }

Binding bind_axis(const OpStep& step, AxisFunction function, int axis, float epsilon, const BindContext& context,
                  void* memory) {
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  const RowsEntry& entry = select_rows(context.isas);
  auto& state = *static_cast<AxisState*>(memory);
  state = {};
  state.x = x.data;
  state.y = y.data;
  state.epsilon = epsilon;
  state.length = x.shape[axis];
  state.x_stride = x.strides[axis];
  state.y_stride = y.strides[axis];
  for (int i = 0; i < x.shape.rank; ++i) {
    if (i != axis) state.nest.add(x.shape[i], {x.strides[i], y.strides[i]});
  }
  const auto index = static_cast<int>(function);
  if (state.length == 1 || (state.x_stride == 1 && state.y_stride == 1)) {
    state.row = entry.kernels->axis_row[index];
    state.tiles = 1;
  } else {
    state.columns = entry.kernels->axis_columns[index];
    state.nest.close(0b11);
    state.tiles = ceil_div(state.nest.size[state.nest.rank - 1], kColumnTile);
  }
  state.units = state.nest.rounds(outer_loops(state)) * state.tiles;
  state.tasks = split_tasks(count(x.shape), state.units, context.threads);
  return {state.tasks, entry.name};
}

void run_axis_state(const void* memory, uint32_t task, void*) {
  const auto& state = *static_cast<const AxisState*>(memory);
  int64_t unit = task_begin(state.units, state.tasks, task);
  const int64_t end = task_begin(state.units, state.tasks, task + 1);
  int64_t tile = unit % state.tiles;
  for (LoopCursor<2> at(state.nest, outer_loops(state), unit / state.tiles); unit < end; at.next()) {
    const float* x = state.x + at.offset[0];
    float* y = state.y + at.offset[1];
    if (state.row != nullptr) {
      state.row(x, y, state.length, state.epsilon);
      ++unit;
      continue;
    }
    const int64_t width = state.nest.size[state.nest.rank - 1];
    for (; tile < state.tiles && unit < end; ++tile, ++unit) {
      const int64_t c = tile * kColumnTile;
      state.columns(x + c, state.x_stride, y + c, state.y_stride, state.length, std::min(kColumnTile, width - c),
                    state.epsilon);
    }
    tile = 0;
  }
}

}  // namespace lacuna
