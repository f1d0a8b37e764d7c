#include "kernels/ops/conv/half_products.h"

#include <algorithm>
#include <new>

#include "kernels/epilogue.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/halves/select_halves.h"
#include "kernels/planes.h"
#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Tiles start at multiples of so many pixels: one cache line.
constexpr int64_t kUnit = 32;

/// Followed by the tables of the row ranges.
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  const HalfKernels* kernels;
  PackedWeights weights;
  PlanesOf<Half> x, y, residual;
  Epilogue epilogue;
  int64_t pixels;
  int64_t tiles;  ///< of an image
  RowRanges ranges;
  int64_t items;  ///< tiles of all images and ranges
  uint32_t tasks;
};

/// Rows of weights times pixels of an image. Sums of sparse rows wait in the output between blocks of columns.
void run_item(const State& s, int64_t item) {
  const int64_t tile = item % s.tiles, range = item / s.tiles % s.ranges.count, batch = item / s.tiles / s.ranges.count;
  const int64_t units = ceil_div(s.pixels, kUnit), row = s.ranges.cuts_of(0)[range];
  const auto tiles = static_cast<uint32_t>(s.tiles), index = static_cast<uint32_t>(tile);
  const int64_t first = task_begin(units, tiles, index) * kUnit;
  const int64_t end = std::min(task_begin(units, tiles, index + 1) * kUnit, s.pixels);
  HalfTile t = {};
  t.x_stride = s.x.channel_stride;
  t.y = s.y.at(batch, row) + first;
  t.y_stride = s.y.channel_stride;
  t.pixels = static_cast<int>(end - first);
  t.bias = s.weights.bias.empty() ? nullptr : s.weights.bias.data + row;
  if (s.residual.data != nullptr) t.residual = s.residual.at(batch, row) + first;
  t.residual_stride = s.residual.channel_stride;
  t.clamps = s.epilogue.clamps;
  t.low = s.epilogue.low;
  t.high = s.epilogue.high;
  if (!is_sparse(s.weights.packing)) {
    const int64_t rows = s.ranges.cuts_of(0)[range + 1] - row;
    t.x = s.x.at(batch, 0) + first;
    t.first = t.last = true;
    return s.kernels->gemm.function(dense_tile(s.weights, 0, row, rows, 0, s.weights.columns), t);
  }
  for (int64_t block = 0; block < s.ranges.blocks; ++block) {
    t.x = s.x.at(batch, block * s.weights.block) + first;
    t.first = block == 0;
    t.last = block == s.ranges.blocks - 1;
    s.kernels->spmm.function(sparse_tile(s.weights, s.ranges, 0, range, block), t);
  }
}

void run_products(const void* state, uint32_t task, void*) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items, s.tasks, task + 1);
  for (int64_t i = task_begin(s.items, s.tasks, task); i < end; ++i) run_item(s, i);
}

}  // namespace

bool products_compute_halves(const ConvGeometry& g, const PackedWeights& weights) {
  const bool packed = weights.packing == fbs::Packing::SparseRows || weights.packing == fbs::Packing::DenseRows8;
  return packed && g.is_pointwise() && g.groups == 1;
}

size_t half_products_state_bytes(const OpStep& step) {
  const int64_t blocks = is_sparse(step.weights->packing) ? sparse_blocks(*step.weights) : 0;
  const int64_t tables = RowRanges::table_size(1, max_row_ranges(1), blocks);
  return align_up(sizeof(State)) + static_cast<size_t>(tables) * sizeof(int64_t);
}

Binding bind_half_products(const OpStep& step, const BindContext& context, void* memory) {
  const ConvGeometry g = conv_geometry(step);
  const bool sparse = is_sparse(step.weights->packing);
  State& s = *new (memory) State{};
  s.run = run_products;
  s.kernels = select_halves(context.isas);
  s.weights = *step.weights;
  s.x = PlanesOf<Half>(step.inputs[0]);
  s.y = PlanesOf<Half>(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = PlanesOf<Half>(step.inputs[1]);
  s.epilogue = bind_epilogue(step.attrs_as<fbs::ConvAttrs>().activation(), context.isas);
  s.pixels = g.depth.out * g.height.out * g.width.out;
  s.tiles = ceil_div(s.pixels, int64_t{sparse ? kHalfTilePixels : kGemmTilePixels});
  const int64_t threads =
      useful_threads(static_cast<int64_t>(s.weights.values.size) * g.batch * s.pixels, context.threads);
  const int64_t row_units = sparse ? sparse_row_steps(s.weights) : row_blocks(s.weights);
  const int64_t ranges = choose_row_ranges(g.batch * s.tiles, std::min(max_row_ranges(1), row_units), threads);
  auto* tables = reinterpret_cast<int64_t*>(static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  s.ranges = RowRanges(1, ranges, sparse ? sparse_blocks(s.weights) : 0, tables);
  sparse ? cut_sparse_rows(s.ranges, s.weights) : cut_dense_rows(s.ranges, s.weights);
  s.items = g.batch * ranges * s.tiles;
  s.tasks = split_parts(s.items, threads);
  return {s.tasks, sparse ? s.kernels->spmm.name : s.kernels->gemm.name};
}

}  // namespace lacuna
