// MatMul: batched product of two values.
#include "kernels/matmul/matmul.h"

#include <algorithm>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/op.h"
#include "kernels/rows/loop_nest.h"
#include "kernels/select.h"

namespace lacuna {
namespace {

/// Rows and columns of the output that one unit of work computes.
constexpr int64_t kUnitRows = 96, kUnitColumns = 240;

struct MatMulEntry {
  Isa isa;
  const char* name;
  MatMulFunction function;
};

constexpr MatMulEntry kEntries[] = {
#define LACUNA_MATMUL_KERNEL(isa, function) {isa, #function, if_built(function, isa)},
#include "kernels/matmul/kernels.inc"
#undef LACUNA_MATMUL_KERNEL
};

struct State {
  MatMulFunction function;
  MatMulBlock product;  ///< of the first batch, whole
  int64_t row_units;
  int64_t column_units;
  int64_t units;
  uint32_t tasks;
  LoopNest<3> batches;  ///< a, b, c
};

/// Rows and columns as they are multiplied, transposition done.
int64_t rows_of(const Shape& shape, bool transposed) { return shape[shape.rank - (transposed ? 1 : 2)]; }
int64_t columns_of(const Shape& shape, bool transposed) { return shape[shape.rank - (transposed ? 2 : 1)]; }

/// Size of batch dimension i of the output in an operand.
int64_t batch_dim(const Shape& shape, const Shape& output, int i) {
  const int own = i - (output.rank - shape.rank);
  return own < 0 ? 1 : shape[own];
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::MatMulAttrs>();
  const Shape& a = step.inputs[0].shape;
  const Shape& b = step.inputs[1].shape;
  if (a.rank < 2 || b.rank < 2) {
    return fail(error, LACUNA_ERROR_MEANING, "operands have ranks %d and %d; at least 2 is needed", a.rank, b.rank);
  }
  if (columns_of(a, attrs.transpose_a()) != rows_of(b, attrs.transpose_b())) {
    return fail(error, LACUNA_ERROR_MEANING, "a has %lld columns, b has %lld rows",
                static_cast<long long>(columns_of(a, attrs.transpose_a())),
                static_cast<long long>(rows_of(b, attrs.transpose_b())));
  }
  Shape shape;
  shape.rank = std::max(a.rank, b.rank);
  for (int i = 0; i < shape.rank - 2; ++i) {
    const int64_t in_a = batch_dim(a, shape, i), in_b = batch_dim(b, shape, i);
    if (in_a != in_b && in_a != 1 && in_b != 1) {
      return fail(error, LACUNA_ERROR_MEANING, "batch dimension %d: sizes %lld and %lld do not broadcast", i,
                  static_cast<long long>(in_a), static_cast<long long>(in_b));
    }
    shape[i] = in_a == 1 ? in_b : in_a;
  }
  shape[shape.rank - 2] = rows_of(a, attrs.transpose_a());
  shape[shape.rank - 1] = columns_of(b, attrs.transpose_b());
  *output = shape;
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }
size_t scratch_bytes(const OpStep&) { return kMatMulScratchBytes; }

int64_t batch_stride(const TensorView& view, const Shape& output, int i) {
  return batch_dim(view.shape, output, i) == 1 ? 0
                                               : contiguous_strides(view.shape)[i - (output.rank - view.shape.rank)];
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::MatMulAttrs>();
  const TensorView& a = step.inputs[0];
  const TensorView& b = step.inputs[1];
  const TensorView& c = step.outputs[0];
  const bool turn_a = attrs.transpose_a(), turn_b = attrs.transpose_b();
  const int64_t m = rows_of(a.shape, turn_a), k = columns_of(a.shape, turn_a), n = columns_of(b.shape, turn_b);
  const MatMulEntry& entry = select_kernel(kEntries, context.isas);
  auto& state = *static_cast<State*>(memory);
  state = {};
  state.function = entry.function;
  state.product = {a.data, turn_a ? 1 : k, turn_a ? m : 1, b.data, turn_b ? 1 : n, turn_b ? k : 1, c.data, n, m, n,
                   k,      attrs.alpha()};
  for (int i = 0; i < c.shape.rank - 2; ++i) {
    state.batches.add(c.shape[i],
                      {batch_stride(a, c.shape, i), batch_stride(b, c.shape, i), batch_stride(c, c.shape, i)});
  }
  state.row_units = ceil_div(m, kUnitRows);
  state.column_units = ceil_div(n, kUnitColumns);
  state.units = state.batches.elements() * state.row_units * state.column_units;
  state.tasks = split_tasks(count(c.shape) * std::min<int64_t>(k, 64), state.units, context.threads);
  return {state.tasks, entry.name};
}

void run(const void* memory, uint32_t task, void* scratch) {
  const auto& state = *static_cast<const State*>(memory);
  const int64_t per_batch = state.row_units * state.column_units;
  int64_t unit = task_begin(state.units, state.tasks, task);
  const int64_t end = task_begin(state.units, state.tasks, task + 1);
  for (; unit < end; ++unit) {
    const LoopCursor<3> batch(state.batches, state.batches.rank, unit / per_batch);
    const int64_t row = unit % per_batch / state.column_units * kUnitRows;
    const int64_t column = unit % state.column_units * kUnitColumns;
    MatMulBlock block = state.product;
    block.a += batch.offset[0] + row * block.a_row;
    block.b += batch.offset[1] + column * block.b_column;
    block.c += batch.offset[2] + row * block.c_row + column;
    block.m = std::min(kUnitRows, block.m - row);
    block.n = std::min(kUnitColumns, block.n - column);
    state.function(block, static_cast<float*>(scratch));
  }
}

}  // namespace

extern const OpRun kMatMulRun = {
    "MatMul", 2, 2, Layout::kContiguous, Layout::kContiguous, infer, nullptr, state_bytes, scratch_bytes, bind, run,
};

}  // namespace lacuna
