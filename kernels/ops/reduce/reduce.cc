// Reduce over any set of dimensions.
//
// Two ways: where a reduced dimension runs along memory, each output element is a set of rows (a global pool is one row
// a plane); otherwise neighbouring output elements are columns that are reduced side by side.
#include <math.h>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/op.h"
#include "kernels/rows/loop_nest.h"
#include "kernels/rows/rows.h"

namespace lacuna {
namespace {

struct State {
  const float* x;
  float* y;
  fbs::ReduceKind kind;
  bool rows;
  ReduceRows reduce_rows;  ///< for rows of one run each; null: reduce_row
  ReduceRow reduce_row;
  ReduceRow max_row;
  ReduceColumns reduce_columns;
  ReduceColumns max_columns;
  double elements;  ///< that one output element is computed from
  int64_t tiles;    ///< of the innermost kept loop; 1 for rows
  int64_t units;
  uint32_t tasks;
  LoopNest<2> kept;     ///< x, y
  LoopNest<1> reduced;  ///< x
};

Reduction reduction_of(fbs::ReduceKind kind) {
  switch (kind) {
    case fbs::ReduceKind::Max:
      return Reduction::kMax;
    case fbs::ReduceKind::Min:
      return Reduction::kMin;
    case fbs::ReduceKind::Prod:
      return Reduction::kProduct;
    case fbs::ReduceKind::L1:
      return Reduction::kSumAbs;
    case fbs::ReduceKind::L2:
    case fbs::ReduceKind::SumSquare:
      return Reduction::kSumSquares;
    case fbs::ReduceKind::LogSumExp:
      return Reduction::kSumExp;
    default:
      return Reduction::kSum;
  }
}

double neutral(Reduction reduction) {
  switch (reduction) {
    case Reduction::kMax:
      return -HUGE_VAL;
    case Reduction::kMin:
      return HUGE_VAL;
    case Reduction::kProduct:
      return 1;
    default:
      return 0;
  }
}

double join(Reduction reduction, double a, double b) {
  switch (reduction) {
    case Reduction::kMax:
      return a > b ? a : b;
    case Reduction::kMin:
      return a < b ? a : b;
    case Reduction::kProduct:
      return a * b;
    default:
      return a + b;
  }
}

/// From what the elements were reduced to, to what the operator says.
float finish(const State& state, double value, float center) {
  switch (state.kind) {
    case fbs::ReduceKind::Mean:
      return static_cast<float>(value / state.elements);
    case fbs::ReduceKind::L2:
      return static_cast<float>(::sqrt(value));
    case fbs::ReduceKind::LogSum:
      return static_cast<float>(::log(value));
    case fbs::ReduceKind::LogSumExp:
      return static_cast<float>(::log(value) + static_cast<double>(center));
    default:
      return static_cast<float>(value);
  }
}

/// Where exponentials are taken around: the largest element keeps them in range, unless it is infinite itself.
float center_of(float largest) { return largest - largest == 0 ? largest : 0; }

bool is_reduced(const fbs::ReduceAttrs& attrs, int dim) {
  for (uint32_t i = 0; i < length_of(attrs.axes()); ++i) {
    if (attrs.axes()->Get(i) == static_cast<uint32_t>(dim)) return true;
  }
  return false;
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::ReduceAttrs>();
  const Shape& x = step.inputs[0].shape;
  if (static_cast<int>(attrs.kind()) > static_cast<int>(fbs::ReduceKind::MAX)) {
    return fail(error, LACUNA_ERROR_MEANING, "unknown reduction %d", static_cast<int>(attrs.kind()));
  }
  if (length_of(attrs.axes()) > x.rank) {
    return fail(error, LACUNA_ERROR_MEANING, "%lld axes of a value of rank %d",
                static_cast<long long>(length_of(attrs.axes())), x.rank);
  }
  for (uint32_t i = 0; i < length_of(attrs.axes()); ++i) {
    LACUNA_RETURN_IF_ERROR(check_axis(attrs.axes()->Get(i), x, error));
    if (i > 0 && attrs.axes()->Get(i) <= attrs.axes()->Get(i - 1)) {
      return fail(error, LACUNA_ERROR_MEANING, "axes are not in ascending order");
    }
  }
  Shape shape;
  for (int i = 0; i < x.rank; ++i) {
    if (!is_reduced(attrs, i)) {
      shape.push_back(x[i]);
    } else if (attrs.keep_dims()) {
      shape.push_back(1);
    }
  }
  *output = shape;
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

void add_loops(const fbs::ReduceAttrs& attrs, const TensorView& x, State& state) {
  Shape kept;
  for (int i = 0; i < x.shape.rank; ++i) {
    if (!is_reduced(attrs, i)) kept.push_back(x.shape[i]);
  }
  const Shape y_strides = contiguous_strides(kept);
  int next = 0;
  for (int i = 0; i < x.shape.rank; ++i) {
    if (is_reduced(attrs, i)) {
      state.reduced.add(x.shape[i], {x.strides[i]});
    } else {
      state.kept.add(x.shape[i], {x.strides[i], y_strides[next++]});
    }
  }
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::ReduceAttrs>();
  const TensorView& x = step.inputs[0];
  const RowsEntry& entry = select_rows(context.isas);
  const auto reduction = static_cast<int>(reduction_of(attrs.kind())), max = static_cast<int>(Reduction::kMax);
  auto& state = *static_cast<State*>(memory);
  state = {};
  state.x = x.data;
  state.y = step.outputs[0].data;
  state.kind = attrs.kind();
  state.reduce_row = entry.kernels->reduce_row[reduction];
  state.max_row = entry.kernels->reduce_row[max];
  state.reduce_columns = entry.kernels->reduce_columns[reduction];
  state.max_columns = entry.kernels->reduce_columns[max];
  add_loops(attrs, x, state);
  state.elements = static_cast<double>(state.reduced.elements());
  state.rows = state.reduced.rank > 0 && state.reduced.stride[0][state.reduced.rank - 1] == 1;
  if (!state.rows) {
    // Columns go down the innermost reduced loop, whatever its stride.
    if (state.reduced.rank == 0) state.reduced.close(0b1);
    state.kept.close(0b11);
  }
  if (state.rows && state.reduced.rank == 1 && state.kept.rank > 0 && state.kind != fbs::ReduceKind::LogSumExp) {
    state.reduce_rows = entry.kernels->reduce_rows[reduction];
  }
  state.tiles = state.rows ? 1 : ceil_div(state.kept.size[state.kept.rank - 1], kColumnTile);
  state.units = state.kept.rounds(state.rows ? state.kept.rank : state.kept.rank - 1) * state.tiles;
  state.tasks = split_tasks(count(x.shape), state.units, context.threads);
  return {state.tasks, entry.name};
}

double reduce_rows(const State& state, Reduction reduction, ReduceRow function, const float* x, float center) {
  double value = neutral(reduction);
  for_each_run(state.reduced, 0, state.reduced.elements(), [&](const int64_t(&at)[1], int64_t n) {
    value = join(reduction, value, function(x + at[0], n, center));
  });
  return value;
}

float reduce_to_element(const State& state, const float* x) {
  float center = 0;
  if (state.kind == fbs::ReduceKind::LogSumExp) {
    center = center_of(static_cast<float>(reduce_rows(state, Reduction::kMax, state.max_row, x, 0)));
  }
  return finish(state, reduce_rows(state, reduction_of(state.kind), state.reduce_row, x, center), center);
}

/// Output elements [begin, end), many at a time.
void reduce_to_elements(const State& state, int64_t begin, int64_t end) {
  constexpr int64_t kBatch = 64;
  const int inner = state.kept.rank - 1;
  const int64_t x_stride = state.kept.stride[0][inner], y_stride = state.kept.stride[1][inner];
  for_each_run(state.kept, begin, end, [&](const int64_t(&at)[2], int64_t n) {
    for (int64_t first = 0; first < n; first += kBatch) {
      const int64_t rows = std::min(kBatch, n - first);
      double values[kBatch];
      state.reduce_rows(state.x + at[0] + first * x_stride, state.reduced.size[0], x_stride, rows, values);
      for (int64_t r = 0; r < rows; ++r) state.y[at[1] + (first + r) * y_stride] = finish(state, values[r], 0);
    }
  });
}

void reduce_tile(const State& state, Reduction reduction, ReduceColumns function, const float* x, int64_t columns,
                 const float* center, float* acc) {
  float lost[kColumnTile];
  for (int64_t c = 0; c < columns; ++c) {
    acc[c] = static_cast<float>(neutral(reduction));
    lost[c] = 0;
  }
  const int inner = state.reduced.rank - 1;
  int64_t rounds = state.reduced.rounds(inner);
  for (LoopCursor<1> at(state.reduced, inner); rounds > 0; --rounds, at.next()) {
    function(x + at.offset[0], state.reduced.size[inner], state.reduced.stride[0][inner], columns, center, acc, lost);
  }
}

void reduce_to_columns(const State& state, const float* x, float* y, int64_t columns) {
  float center[kColumnTile] = {}, acc[kColumnTile];
  if (state.kind == fbs::ReduceKind::LogSumExp) {
    reduce_tile(state, Reduction::kMax, state.max_columns, x, columns, nullptr, center);
    for (int64_t c = 0; c < columns; ++c) center[c] = center_of(center[c]);
  }
  reduce_tile(state, reduction_of(state.kind), state.reduce_columns, x, columns, center, acc);
  for (int64_t c = 0; c < columns; ++c) y[c] = finish(state, static_cast<double>(acc[c]), center[c]);
}

void run(const void* memory, uint32_t task, void*) {
  const auto& state = *static_cast<const State*>(memory);
  int64_t unit = task_begin(state.units, state.tasks, task);
  const int64_t end = task_begin(state.units, state.tasks, task + 1);
  if (state.reduce_rows != nullptr) return reduce_to_elements(state, unit, end);
  if (state.rows) {
    for (LoopCursor<2> at(state.kept, state.kept.rank, unit); unit < end; ++unit, at.next()) {
      state.y[at.offset[1]] = reduce_to_element(state, state.x + at.offset[0]);
    }
    return;
  }
  const int inner = state.kept.rank - 1;
  int64_t tile = unit % state.tiles;
  for (LoopCursor<2> at(state.kept, inner, unit / state.tiles); unit < end; at.next()) {
    for (; tile < state.tiles && unit < end; ++tile, ++unit) {
      const int64_t c = tile * kColumnTile;
      reduce_to_columns(state, state.x + at.offset[0] + c, state.y + at.offset[1] + c,
                        std::min(kColumnTile, state.kept.size[inner] - c));
    }
    tile = 0;
  }
}

}  // namespace

extern const OpRun kReduceRun = {
    "Reduce", 1, 1, Layout::kStrided, Layout::kContiguous, infer, nullptr, state_bytes, nullptr, bind, run,
};

}  // namespace lacuna
