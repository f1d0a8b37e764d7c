#include "kernels/ops/conv/halves.h"

#include <algorithm>
#include <new>

#include "kernels/gemm/dense_rows.h"
#include "kernels/halves/halves.h"
#include "kernels/ops/conv/geometry.h"
#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Tiles start at multiples of so many pixels: one cache line.
constexpr int64_t kUnit = 32;

/// Planes that a depthwise kernel is given at once.
constexpr int64_t kPlanes = 8;

/// A planar value of halves.
struct HalfPlanes {
  Half* data = nullptr;  ///< null: an omitted operand
  int64_t batch_stride = 0;
  int64_t channel_stride = 0;

  HalfPlanes() = default;
  explicit HalfPlanes(const TensorView& view)
      : data(reinterpret_cast<Half*>(view.data)), batch_stride(view.strides[0]), channel_stride(view.strides[1]) {}
  Half* at(int64_t batch, int64_t channel) const { return data + batch * batch_stride + channel * channel_stride; }
  /// Null where the operand is.
  const Half* find(int64_t batch, int64_t channel) const { return data == nullptr ? nullptr : at(batch, channel); }
};

/// Followed by the tables of the row ranges.
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  const HalfKernels* kernels;
  PackedWeights weights;
  HalfPlanes x, y, residual;
  bool clamps;
  float low, high;
  int64_t batch;
  int64_t pixels;
  int64_t tiles;  ///< of an image, or strips of a plane
  RowRanges ranges;
  HalfDwconvFunction dwconv;
  Window height, width;
  int64_t multiplier;  ///< output planes of an input plane
  int64_t block;       ///< planes of an item
  int64_t items;
  uint32_t tasks;
};

/// Rows of weights times pixels of an image. Sums of sparse rows wait in the output between blocks of columns.
void run_product_item(const State& s, int64_t item) {
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
  t.clamps = s.clamps;
  t.low = s.low;
  t.high = s.high;
  if (!is_sparse(s.weights.packing)) {
    t.x = s.x.at(batch, 0) + first;
    t.first = t.last = true;
    return s.kernels->gemm(dense_tile(s.weights, 0, row, s.ranges.cuts_of(0)[range + 1] - row, 0, s.weights.columns),
                           t);
  }
  for (int64_t block = 0; block < s.ranges.blocks; ++block) {
    t.x = s.x.at(batch, block * s.weights.block) + first;
    t.first = block == 0;
    t.last = block == s.ranges.blocks - 1;
    s.kernels->spmm(sparse_tile(s.weights, s.ranges, 0, range, block), t);
  }
}

void run_products(const void* state, uint32_t task, void*) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items, s.tasks, task + 1);
  for (int64_t i = task_begin(s.items, s.tasks, task); i < end; ++i) run_product_item(s, i);
}

/// A strip of a block of planes.
void run_depthwise_item(const State& s, int64_t item, Half* scratch) {
  const int64_t rows = s.weights.rows, blocks = ceil_div(rows, s.block);
  const int64_t strip = item % s.tiles, row = item / s.tiles % blocks * s.block, batch = item / s.tiles / blocks;
  HalfStrips t = {};
  t.planes = std::min(s.block, rows - row);
  t.x = s.x.at(batch, row / s.multiplier);
  t.x_stride = s.x.channel_stride;
  t.weights = reinterpret_cast<const Half*>(s.weights.values.data) + row * s.weights.columns;
  t.bias = s.weights.bias.empty() ? nullptr : s.weights.bias.data + row;
  t.height = s.height;
  t.width = s.width;
  t.first_row = strip * kHalfStripRows;
  t.rows = std::min(kHalfStripRows, s.height.out - t.first_row);
  const int64_t first = t.first_row * s.width.out;
  t.y = s.y.at(batch, row) + first;
  t.y_stride = s.y.channel_stride;
  if (s.residual.data != nullptr) t.residual = s.residual.at(batch, row) + first;
  t.residual_stride = s.residual.channel_stride;
  t.low = s.low;
  t.high = s.high;
  t.scratch = scratch;
  s.dwconv(t);
}

void run_depthwise(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items, s.tasks, task + 1);
  for (int64_t i = task_begin(s.items, s.tasks, task); i < end; ++i) {
    run_depthwise_item(s, i, static_cast<Half*>(scratch));
  }
}

/// Its padding is that of "same" or less, so that a bordered row of the kernels has room for it.
bool is_usual(const Window& w) {
  const int64_t pad_behind = (w.out - 1) * w.stride + w.kernel - w.in - w.pad;
  return (w.kernel == 3 || w.kernel == 5) && w.stride <= 2 && w.dilation == 1 && w.pad < w.kernel &&
         pad_behind < w.kernel;
}

bool is_clamp_or_nothing(const fbs::Activation* activation) {
  return activation == nullptr || activation->kind() == fbs::UnaryKind::Identity ||
         activation->kind() == fbs::UnaryKind::Clamp;
}

void set_clamp(State& s, const fbs::Activation* activation) {
  s.high = __builtin_inff();
  s.low = -s.high;
  if (activation == nullptr || activation->kind() != fbs::UnaryKind::Clamp) return;
  s.clamps = true;
  s.low = activation->alpha();
  s.high = activation->beta();
}

const char* bind_products(State& s, const ConvGeometry& g, int64_t threads, int64_t* tables) {
  const bool sparse = is_sparse(s.weights.packing);
  s.run = run_products;
  s.pixels = g.depth.out * g.height.out * g.width.out;
  s.tiles = ceil_div(s.pixels, int64_t{sparse ? kHalfTilePixels : kGemmTilePixels});
  const int64_t row_units = sparse ? sparse_row_groups(s.weights) : row_blocks(s.weights);
  const int64_t ranges = choose_row_ranges(g.batch * s.tiles, std::min(max_row_ranges(1), row_units), threads);
  s.ranges = RowRanges(1, ranges, sparse ? sparse_blocks(s.weights) : 0, tables);
  sparse ? cut_sparse_rows(s.ranges, s.weights) : cut_dense_rows(s.ranges, s.weights);
  s.items = g.batch * ranges * s.tiles;
  return sparse ? "spmm_f16_f16_f16_tile__neonfp16" : "gemm_f16_f16_f16_tile__neonfp16";
}

const char* bind_depthwise(State& s, const ConvGeometry& g) {
  s.run = run_depthwise;
  s.height = g.height;
  s.width = g.width;
  s.tiles = ceil_div(g.height.out, kHalfStripRows);
  s.multiplier = g.rows;
  s.block = g.rows > 1 ? 1 : kPlanes;
  s.items = g.batch * ceil_div<int64_t>(s.weights.rows, s.block) * s.tiles;
  const auto of_stride = static_cast<size_t>(g.width.stride - 1);
  s.dwconv = (g.width.kernel == 3 ? s.kernels->dwconv_3x3 : s.kernels->dwconv_5x5)[of_stride];
  static constexpr const char* kNames[2][2] = {
      {"dwconv_f16_f16_f16_3x3s1__neonfp16", "dwconv_f16_f16_f16_3x3s2__neonfp16"},
      {"dwconv_f16_f16_f16_5x5s1__neonfp16", "dwconv_f16_f16_f16_5x5s2__neonfp16"}};
  return kNames[g.width.kernel == 3 ? 0 : 1][of_stride];
}

}  // namespace

bool conv_computes_halves(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  if (!is_clamp_or_nothing(step.attrs_as<fbs::ConvAttrs>().activation())) return false;
  const fbs::Packing packing = step.weights->packing;
  if (packing == fbs::Packing::SparseRows || packing == fbs::Packing::DenseRows8)
    return g.is_pointwise() && g.groups == 1;
  return packing == fbs::Packing::Depthwise && is_usual(g.height) && is_usual(g.width) &&
         g.height.kernel == g.width.kernel && g.height.stride == g.width.stride;
}

size_t half_conv_state_bytes(const OpStep& step) {
  const int64_t blocks = is_sparse(step.weights->packing) ? sparse_blocks(*step.weights) : 0;
  const int64_t tables = RowRanges::table_size(1, max_row_ranges(1), blocks);
  return align_up(sizeof(State)) + static_cast<size_t>(tables) * sizeof(int64_t);
}

size_t half_conv_scratch_bytes(const OpStep& step) {
  if (step.weights->packing != fbs::Packing::Depthwise) return 0;
  const ConvGeometry g = conv_geometry(step);
  return static_cast<size_t>(half_strip_scratch(g.height, g.width)) * sizeof(Half);
}

Binding bind_half_conv(const OpStep& step, const BindContext& context, void* memory) {
  const ConvGeometry g = conv_geometry(step);
  State& s = *new (memory) State{};
  s.kernels = select_halves(context.isas)->kernels;
  s.weights = *step.weights;
  s.x = HalfPlanes(step.inputs[0]);
  s.y = HalfPlanes(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = HalfPlanes(step.inputs[1]);
  set_clamp(s, step.attrs_as<fbs::ConvAttrs>().activation());
  const auto macs = static_cast<int64_t>(s.weights.values.size) * g.batch * g.height.out * g.width.out;
  const int64_t threads = useful_threads(macs, context.threads);
  auto* tables = reinterpret_cast<int64_t*>(static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  const char* name =
      s.weights.packing == fbs::Packing::Depthwise ? bind_depthwise(s, g) : bind_products(s, g, threads, tables);
  s.tasks = split_parts(s.items, threads);
  return {s.tasks, name};
}

}  // namespace lacuna
