// Fully connected: rows of x [count, columns] times weight rows.
//
// DenseRows16: a vector product for one row of x, a tiled one for more. SparseRows and SparseRows4: a vector product
// for one row; otherwise tiles of 64 rows are transposed, so that rows of x lie along lanes as pixels do in a
// convolution.
#include "kernels/ops/fully_connected/fully_connected.h"

#include <new>

#include "kernels/copy/shape_attrs.h"
#include "kernels/epilogue.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/select.h"
#include "kernels/split_rows.h"
#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Rows of x that a task of a dense product takes at least.
constexpr int64_t kProductRows = 48;

/// Followed by the tables of the row ranges, whose rows are units.
struct State {
  void (*run)(const State& s, int64_t item, float* scratch);
  PackedWeights weights;
  const float* x;
  float* y;
  const float* residual;  ///< null: none
  Epilogue epilogue;
  SpmmFunction spmm;
  GemmFunction gemm;
  GemmProductFunction product;
  int64_t count;  ///< rows of x
  int64_t tiles;  ///< of rows of x
  RowRanges ranges;
  uint32_t tasks;

  int64_t items() const { return tiles * ranges.count; }
  int64_t columns() const { return weights.columns; }
  int64_t units() const { return weights.rows; }
  const float* bias(int64_t unit) const { return weights.bias.empty() ? nullptr : weights.bias.data + unit; }
};

int64_t count_rows(const Shape& x) { return count(x, 0, x.rank - 1); }

int64_t tile_begin(const State& s, int64_t tile) {
  return task_begin(s.count, static_cast<uint32_t>(s.tiles), static_cast<uint32_t>(tile));
}

/// Bias, residual and clamp over all blocks for `rows` units from `unit` on of one row of x.
TileOutput vector_output(const State& s, int64_t unit) {
  TileOutput out;
  out.y = s.y + unit;
  out.row_stride = 1;
  out.pixels = 1;
  out.bias = s.bias(unit);
  out.residual = s.residual == nullptr ? nullptr : s.residual + unit;
  out.residual_stride = 1;
  out.clamps = s.epilogue.clamps;
  out.low = s.epilogue.low;
  out.high = s.epilogue.high;
  out.first = out.last = true;
  return out;
}

void run_sparse_vector(const State& s, int64_t range, float*) {
  const int64_t* cuts = s.ranges.cuts_of(0) + range;
  TileOutput out = vector_output(s, cuts[0]);
  for (int64_t block = 0; block < s.ranges.blocks; ++block) {
    out.first = block == 0;
    out.last = block == s.ranges.blocks - 1;
    s.spmm(sparse_tile(s.weights, s.ranges, 0, range, block), {s.x + block * s.weights.block, 1, nullptr}, out);
  }
  s.epilogue.after.apply(out.y, static_cast<size_t>(cuts[1] - cuts[0]));
}

void run_dense_vector(const State& s, int64_t range, float*) {
  const int64_t* cuts = s.ranges.cuts_of(0) + range;
  const TileOutput out = vector_output(s, cuts[0]);
  s.gemm(dense_tile(s.weights, 0, cuts[0], cuts[1] - cuts[0], 0, s.columns()), {s.x, 1, nullptr}, out);
  s.epilogue.after.apply(out.y, static_cast<size_t>(cuts[1] - cuts[0]));
}

void run_dense_product(const State& s, int64_t item, float*) {
  const int64_t first = tile_begin(s, item % s.tiles), end = tile_begin(s, item % s.tiles + 1);
  const int64_t* cuts = s.ranges.cuts_of(0) + item / s.tiles;
  const int64_t units = cuts[1] - cuts[0];
  const int64_t at = first * s.units() + cuts[0];
  DenseProduct product;
  product.x = s.x + first * s.columns();
  product.x_stride = s.columns();
  product.count = end - first;
  product.rows = dense_tile(s.weights, 0, cuts[0], units, 0, s.columns());
  product.y = s.y + at;
  product.y_stride = s.units();
  product.bias = s.bias(cuts[0]);
  product.residual = s.residual == nullptr ? nullptr : s.residual + at;
  product.clamps = s.epilogue.clamps;
  product.low = s.epilogue.low;
  product.high = s.epilogue.high;
  s.product(product);
  for (int64_t row = 0; row < product.count; ++row) {
    s.epilogue.after.apply(product.y + row * s.units(), static_cast<size_t>(units));
  }
}

/// to[c * kTilePixels + r] = from[r * stride + c].
void transpose(const float* from, int64_t stride, int64_t rows, int64_t columns, float* to) {
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) to[c * kTilePixels + r] = from[r * stride + c];
  }
}

/// Writes the transposed sums of a tile with residual and activation.
void finish_rows(const State& s, const float* sums, int64_t first, int64_t end, int64_t unit, int64_t units) {
  for (int64_t row = first; row < end; ++row) {
    float* y = s.y + row * s.units() + unit;
    const float* residual = s.residual == nullptr ? nullptr : s.residual + row * s.units() + unit;
    for (int64_t u = 0; u < units; ++u) {
      float sum = sums[u * kTilePixels + row - first];
      if (residual != nullptr) sum += residual[u];
      if (s.epilogue.clamps && sum < s.epilogue.low) sum = s.epilogue.low;
      if (s.epilogue.clamps && sum > s.epilogue.high) sum = s.epilogue.high;
      y[u] = sum;
    }
    s.epilogue.after.apply(y, static_cast<size_t>(units));
  }
}

void run_sparse_tile(const State& s, int64_t item, float* scratch) {
  const int64_t first = tile_begin(s, item % s.tiles), end = tile_begin(s, item % s.tiles + 1);
  const int64_t range = item / s.tiles;
  const int64_t* cuts = s.ranges.cuts_of(0) + range;
  float* const x = scratch;
  TileOutput out = {};
  out.y = scratch + int64_t{s.weights.block} * kTilePixels;
  out.row_stride = kTilePixels;
  out.pixels = static_cast<int>(end - first);
  out.bias = s.bias(cuts[0]);
  for (int64_t block = 0; block < s.ranges.blocks; ++block) {
    const int64_t column = block * s.weights.block;
    const int64_t columns = std::min<int64_t>(s.weights.block, s.columns() - column);
    transpose(s.x + first * s.columns() + column, s.columns(), end - first, columns, x);
    out.first = block == 0;
    s.spmm(sparse_tile(s.weights, s.ranges, 0, range, block), {x, kTilePixels, nullptr}, out);
  }
  finish_rows(s, out.y, first, end, cuts[0], cuts[1] - cuts[0]);
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::FullyConnectedAttrs>();
  LACUNA_RETURN_IF_ERROR(check_activation(attrs.activation(), error));
  const Shape& x = step.inputs[0].shape;
  if (x.rank < 1) return fail(error, LACUNA_ERROR_MEANING, "a scalar has no dimension to be connected");
  *output = {};
  for (int i = 0; i + 1 < x.rank; ++i) LACUNA_RETURN_IF_ERROR(push_dim(x[i], output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(attrs.units(), output, error));
  int64_t elements;
  if (!checked_count(*output, &elements)) return fail(error, LACUNA_ERROR_MEANING, "the output is too large");
  if (step.inputs.size > 1 && step.inputs[1].present && step.inputs[1].shape != *output) {
    return fail(error, LACUNA_ERROR_MEANING, "the residual is not shaped like the output");
  }
  return LACUNA_OK;
}

lacuna_status check(const OpStep& step, lacuna_error* error) {
  if (step.weights == nullptr) return fail(error, LACUNA_ERROR_MEANING, "a fully connected step without weights");
  const PackedWeights& weights = *step.weights;
  const Shape& x = step.inputs[0].shape;
  if (weights.rows != step.attrs_as<fbs::FullyConnectedAttrs>().units() || weights.columns != x[x.rank - 1] ||
      weights.groups != 1 || (!weights.bias.empty() && weights.bias.size != weights.rows)) {
    return fail(error, LACUNA_ERROR_MEANING, "weights of %u rows, %u columns, %u groups do not fit", weights.rows,
                weights.columns, weights.groups);
  }
  LACUNA_RETURN_IF_ERROR(check_built(weights.packing, error));
  LACUNA_RETURN_IF_ERROR(check_built(fully_connected_tile_kind(step), error));
  switch (weights.packing) {
    case fbs::Packing::SparseRows:
    case fbs::Packing::SparseRows4:
      if (weights.segments != 1)
        return fail(error, LACUNA_ERROR_MEANING, "%u segments without a window", weights.segments);
      return check_sparse_rows(weights, error);
    case fbs::Packing::DenseRows16:
      return check_dense_rows(weights, error);
    default:
      return fail(error, LACUNA_ERROR_MEANING, "a fully connected step does not take packing %d",
                  static_cast<int>(weights.packing));
  }
}

size_t state_bytes(const OpStep& step) {
  const int64_t blocks = is_sparse(step.weights->packing) ? sparse_blocks(*step.weights) : 0;
  return align_up(sizeof(State)) +
         static_cast<size_t>(RowRanges::table_size(1, kMaxRowRanges, blocks)) * sizeof(int64_t);
}

size_t scratch_bytes(const OpStep& step) {
  if (!is_sparse(step.weights->packing) || count_rows(step.inputs[0].shape) == 1) return 0;
  return (size_t{step.weights->block} + step.weights->rows) * kTilePixels * sizeof(float);
}

const char* choose_sparse_kernel(State& s, IsaMask isas) {
  const bool vector = s.count == 1;
  const SpmmShape shape = vector ? SpmmShape::kVector : SpmmShape::kTile;
  const SpmmKernel& kernel = select_kernel(
      kSpmmKernels, isas, [&](const SpmmKernel& k) { return k.shape == shape && k.packing == s.weights.packing; });
  s.run = vector ? run_sparse_vector : run_sparse_tile;
  s.spmm = kernel.function;
  s.tiles = ceil_div<int64_t>(s.count, kTilePixels);
  return kernel.name;
}

const char* choose_dense_kernel(State& s, IsaMask isas) {
  if (s.count > 1) {
    const GemmProductKernel& kernel = select_kernel(kGemmProductKernels, isas);
    s.run = run_dense_product;
    s.product = kernel.function;
    s.tiles = ceil_div(s.count, kProductRows);
    return kernel.name;
  }
  const GemmKernel& kernel = select_kernel(kGemmKernels, isas, [](const GemmKernel& k) {
    return k.shape == GemmShape::kVector && k.packing == fbs::Packing::DenseRows16;
  });
  s.run = run_dense_vector;
  s.gemm = kernel.function;
  s.tiles = 1;
  return kernel.name;
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  State& s = *new (memory) State{};
  s.weights = *step.weights;
  s.x = step.inputs[0].data;
  s.y = step.outputs[0].data;
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = step.inputs[1].data;
  s.epilogue = bind_epilogue(step.attrs_as<fbs::FullyConnectedAttrs>().activation(), context.isas);
  s.count = count_rows(step.inputs[0].shape);
  const bool sparse = is_sparse(step.weights->packing);
  const char* name = sparse ? choose_sparse_kernel(s, context.isas) : choose_dense_kernel(s, context.isas);

  const int64_t threads = useful_threads(static_cast<int64_t>(s.weights.values.size) * s.count, context.threads);
  const int64_t most = std::min(kMaxRowRanges, sparse ? sparse_row_steps(s.weights) : row_blocks(s.weights));
  auto* tables = reinterpret_cast<int64_t*>(static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  s.ranges = RowRanges(1, choose_row_ranges(s.tiles, most, threads), sparse ? sparse_blocks(s.weights) : 0, tables);
  if (sparse) {
    cut_sparse_rows(s.ranges, s.weights);
  } else {
    cut_dense_rows(s.ranges, s.weights);
  }
  s.tasks = split_parts(s.items(), threads);
  return {s.tasks, name};
}

void run(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items(), s.tasks, task + 1);
  for (int64_t item = task_begin(s.items(), s.tasks, task); item < end; ++item) {
    s.run(s, item, static_cast<float*>(scratch));
  }
}

}  // namespace

TileKind fully_connected_tile_kind(const OpStep& step) {
  if (count_rows(step.inputs[0].shape) == 1) return TileKind::kOnePixel;
  return is_sparse(step.weights->packing) ? TileKind::kSparsePlanes : TileKind::kProduct;
}

extern const OpRun kFullyConnectedRun = {"FullyConnected",
                                         1,
                                         2,
                                         Layout::kContiguous,
                                         Layout::kContiguous,
                                         infer,
                                         check,
                                         state_bytes,
                                         scratch_bytes,
                                         bind,
                                         run,
                                         InPlace::kNone,
                                         true};

}  // namespace lacuna
