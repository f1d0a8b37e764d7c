#include "kernels/ops/conv/tiles.h"

#include <new>

#include "kernels/epilogue.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/ops/conv/geometry.h"
#include "kernels/ops/conv/planes.h"
#include "kernels/select.h"
#include "kernels/split_rows.h"
#include "kernels/spmm/sparse_rows.h"
#include "kernels/unfold/unfold.h"

namespace lacuna {
namespace {

/// Tiles start at multiples of this many pixels: one cache line.
constexpr int64_t kPixelUnit = 16;
/// Dense columns per block, over all segments: 48 pixels of them take 96 KiB, part of L2, which feeds dense kernels
/// well enough; longer runs of weights matter more.
constexpr int64_t kDenseColumns = 512;

/// Followed by starts [segments] and the tables of the row ranges.
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  PackedWeights weights;
  Planes x, y, residual;
  Epilogue epilogue;
  UnfoldTile window;      ///< what does not change from tile to tile
  UnfoldFunction unfold;  ///< null: planes are read in place
  SpmmFunction spmm;      ///< null for dense weights
  GemmFunction gemm;
  int64_t images;  ///< batch * depth out
  int64_t pixels;  ///< of an image
  int64_t tiles;   ///< of an image
  int64_t block;   ///< columns
  int64_t blocks;
  RowRanges ranges;
  uint32_t tasks;
  int64_t* starts;

  int64_t items() const { return images * weights.groups * ranges.count * tiles; }
};

/// Sizes that depend neither on CPU nor threads.
struct Shapes {
  explicit Shapes(const OpStep& step) : geometry(conv_geometry(step)) {
    const ConvGeometry& g = geometry;
    const PackedWeights& weights = *step.weights;
    sparse = weights.packing == fbs::Packing::SparseRows;
    in_place = g.is_pointwise();
    depth_out = in_place ? 1 : g.depth.out;
    pixels = (in_place ? g.depth.out : 1) * g.height.out * g.width.out;
    tiles = ceil_div<int64_t>(pixels, sparse ? kTilePixels : kGemmTilePixels);
    const int64_t widest = ceil_div(ceil_div(pixels, kPixelUnit), tiles) * kPixelUnit;
    column_stride = pixels == 1 ? 1 : widest;
    const int64_t dense = std::clamp<int64_t>(kDenseColumns / g.segments(), 1, g.columns());
    block = sparse ? weights.block : pixels == 1 ? g.columns() : dense;
    blocks = ceil_div(g.columns(), block);
  }

  ConvGeometry geometry;
  bool sparse;
  bool in_place;
  int64_t depth_out;
  int64_t pixels;
  int64_t tiles;
  int64_t column_stride;  ///< of unfolded columns
  int64_t block;
  int64_t blocks;
};

void multiply(const State& s, int64_t group, int64_t range, int64_t block, const TileInput& in, const TileOutput& out) {
  if (s.spmm != nullptr) {
    s.spmm(sparse_tile(s.weights, s.ranges, group, range, block), in, out);
  } else {
    const int64_t* cuts = s.ranges.cuts_of(group) + range;
    const int64_t first = block * s.block;
    const int64_t columns = std::min(s.block, int64_t{s.weights.columns} - first);
    s.gemm(dense_tile(s.weights, group, cuts[0], cuts[1] - cuts[0], first, columns), in, out);
  }
}

/// The columns of a block for the tile that `tile` describes: in place, or unfolded into scratch.
TileInput input_of(const State& s, UnfoldTile& tile, int64_t block, float* scratch) {
  const int64_t first = block * s.block;
  if (s.unfold == nullptr) {
    return {tile.x + first * tile.channel_stride + tile.pixel, s.starts, tile.channel_stride};
  }
  tile.column = first;
  tile.columns = std::min(s.block, int64_t{s.weights.columns} - first);
  s.unfold(tile, scratch);
  return {scratch, s.starts, tile.column_stride};
}

void run_item(const State& s, int64_t item, float* scratch) {
  const int64_t tile_index = item % s.tiles;
  item /= s.tiles;
  const int64_t range = item % s.ranges.count;
  item /= s.ranges.count;
  const int64_t group = item % s.weights.groups;
  const int64_t image = item / s.weights.groups;
  const int64_t batch = image / s.window.depth.out;
  const int64_t groups = s.weights.groups;
  const int64_t units = ceil_div(s.pixels, kPixelUnit);
  const auto tiles = static_cast<uint32_t>(s.tiles), index = static_cast<uint32_t>(tile_index);

  UnfoldTile tile = s.window;
  tile.out_depth = image % s.window.depth.out;
  tile.pixel = task_begin(units, tiles, index) * kPixelUnit;
  tile.pixels = static_cast<int>(std::min(task_begin(units, tiles, index + 1) * kPixelUnit, s.pixels) - tile.pixel);
  const int64_t channels = s.weights.columns / (s.window.width.kernel * s.window.depth.kernel);
  tile.x = s.x.at(batch, group * channels);

  const int64_t* cuts = s.ranges.cuts_of(group) + range;
  const int64_t row = group * (s.weights.rows / groups) + cuts[0];
  const int64_t pixel = tile.out_depth * s.window.height.out * s.window.width.out + tile.pixel;
  TileOutput out;
  out.y = s.y.at(batch, row) + pixel;
  out.row_stride = s.y.channel_stride;
  out.pixels = tile.pixels;
  out.bias = s.weights.bias.empty() ? nullptr : s.weights.bias.data + row;
  out.residual = s.residual.data == nullptr ? nullptr : s.residual.at(batch, row) + pixel;
  out.residual_stride = s.residual.channel_stride;
  out.clamps = s.epilogue.clamps;
  out.low = s.epilogue.low;
  out.high = s.epilogue.high;
  for (int64_t block = 0; block < s.blocks; ++block) {
    out.first = block == 0;
    out.last = block == s.blocks - 1;
    multiply(s, group, range, block, input_of(s, tile, block, scratch), out);
  }
  if (s.epilogue.after.function == nullptr) return;
  for (int64_t r = 0; r < cuts[1] - cuts[0]; ++r) {
    s.epilogue.after.apply(out.y + r * out.row_stride, static_cast<size_t>(out.pixels));
  }
}

void run_tiles(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items(), s.tasks, task + 1);
  for (int64_t item = task_begin(s.items(), s.tasks, task); item < end; ++item) {
    run_item(s, item, static_cast<float*>(scratch));
  }
}

const char* choose_kernel(State& s, IsaMask isas) {
  const bool one_pixel = s.pixels == 1;
  if (s.weights.packing == fbs::Packing::SparseRows) {
    const SpmmShape shape = one_pixel ? SpmmShape::kVector : SpmmShape::kTile;
    const SpmmKernel& kernel = select_kernel(kSpmmKernels, isas, [&](const SpmmKernel& k) { return k.shape == shape; });
    s.spmm = kernel.function;
    return kernel.name;
  }
  const GemmShape shape = one_pixel ? GemmShape::kVector : GemmShape::kTile;
  const GemmKernel& kernel = select_kernel(
      kGemmKernels, isas, [&](const GemmKernel& k) { return k.shape == shape && k.packing == s.weights.packing; });
  s.gemm = kernel.function;
  return kernel.name;
}

void describe_window(State& s, const Shapes& shapes) {
  const ConvGeometry& g = shapes.geometry;
  UnfoldTile& window = s.window;
  window.channel_stride = s.x.channel_stride;
  window.depth = g.depth;
  window.height = g.height;
  window.width = g.width;
  window.depth.out = shapes.depth_out;
  window.column_stride = shapes.column_stride;
  window.segment_stride = shapes.block * shapes.column_stride;
}

}  // namespace

size_t tiles_state_bytes(const OpStep& step) {
  const Shapes shapes(step);
  const int64_t groups = shapes.geometry.groups;
  const int64_t tables = RowRanges::table_size(groups, max_row_ranges(groups), shapes.sparse ? shapes.blocks : 0);
  return align_up(sizeof(State)) + static_cast<size_t>(shapes.geometry.segments() + tables) * sizeof(int64_t);
}

size_t tiles_scratch_bytes(const OpStep& step) {
  const Shapes shapes(step);
  if (shapes.in_place) return 0;
  return static_cast<size_t>(shapes.block * shapes.geometry.segments() * shapes.column_stride) * sizeof(float);
}

Binding bind_tiles(const OpStep& step, const BindContext& context, void* memory) {
  const Shapes shapes(step);
  const ConvGeometry& g = shapes.geometry;
  State& s = *new (memory) State{};
  s.run = run_tiles;
  s.weights = *step.weights;
  s.x = Planes(step.inputs[0]);
  s.y = Planes(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = Planes(step.inputs[1]);
  s.epilogue = bind_epilogue(step.attrs_as<fbs::ConvAttrs>().activation(), context.isas);
  s.images = g.batch * shapes.depth_out;
  s.pixels = shapes.pixels;
  s.tiles = shapes.tiles;
  s.block = shapes.block;
  s.blocks = shapes.blocks;
  describe_window(s, shapes);
  const char* name = choose_kernel(s, context.isas);
  if (!shapes.in_place) s.unfold = select_kernel(kUnfoldKernels, context.isas).function;

  const auto macs = static_cast<int64_t>(s.weights.values.size) * s.images * s.pixels;
  const int64_t threads = useful_threads(macs, context.threads);
  const int64_t row_units = shapes.sparse ? g.rows : row_blocks(s.weights);
  const int64_t ranges =
      choose_row_ranges(s.images * g.groups * s.tiles, std::min(max_row_ranges(g.groups), row_units), threads);
  s.starts = reinterpret_cast<int64_t*>(static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  for (int64_t segment = 0; segment < g.segments(); ++segment) s.starts[segment] = segment * s.window.segment_stride;
  s.ranges = RowRanges(g.groups, ranges, shapes.blocks, s.starts + g.segments());
  if (shapes.sparse) {
    cut_sparse_rows(s.ranges, s.weights);
  } else {
    cut_dense_rows(s.ranges, s.weights);
  }
  s.tasks = split_parts(s.items(), threads);
  return {s.tasks, name};
}

}  // namespace lacuna
