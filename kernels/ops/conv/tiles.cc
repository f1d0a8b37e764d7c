#include "kernels/ops/conv/tiles.h"

#include <new>

#include "kernels/epilogue.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/ops/conv/geometry.h"
#include "kernels/ops/conv/tiling.h"
#include "kernels/planes.h"
#include "kernels/select.h"
#include "kernels/split_rows.h"
#include "kernels/spmm/sparse_rows.h"
#include "kernels/unfold/unfold.h"

namespace lacuna {
namespace {

/// Columns of a dense block: 96 pixels of them take 192 KiB, part of L2, which feeds dense kernels well enough; longer
/// runs of weights matter more.
constexpr int64_t kDenseColumns = 512;
/// Units of a line tile: sums of sparse rows fill half of the widest tier's registers.
constexpr int64_t kSparseUnits = 8;
constexpr int64_t kDenseUnits = kGemmTilePixels / kPixelUnit, kWideUnits = kMaxPitch / kPixelUnit;
/// Rows of weights start half as often in tiles of twice the pixels. That pays for few columns, and for many where L1
/// is large: a row's end, which the CPU guesses wrong, costs more there than columns that come from L2.
constexpr int64_t kWideColumns = 64;
constexpr uint32_t kLargeL1 = 48 << 10;
/// Planes of up to a page are not shared by threads where L1 is large: what such a core fetches ahead at the end of its
/// pixels belongs to another one (docs/decisions/0010).
constexpr int64_t kPagePixels = 1024;
/// Rows of dense weights that make up for bringing the columns of a tile together.
constexpr int64_t kManyRows = 32;
// These were measured on x86 alone.
#if defined(__x86_64__)
bool is_large_l1(uint32_t bytes) { return bytes >= kLargeL1; }
bool is_small_plane(int64_t pixels) { return pixels <= kPagePixels; }
bool has_panels(bool sparse, int64_t pixels, int64_t rows) { return !sparse && pixels > 1 && rows >= kManyRows; }
void lend_panels(TileInput& in, float* panels) { in.panels = panels; }
#else
constexpr bool is_large_l1(uint32_t) { return false; }
constexpr bool is_small_plane(int64_t) { return false; }
constexpr bool has_panels(bool, int64_t, int64_t) { return false; }
void lend_panels(TileInput&, float*) {}
#endif
/// Part of the pixels of line tiles that must exist. Sparse rows gain more from L1 than they lose.
constexpr double kSparseFill = 0.75;
constexpr double kDenseFill = 0.97;
/// Part of what other lines fill that lines with moving sums must fill.
constexpr double kMovingFill = 0.8;

/// Where the columns of a tile come from.
enum class Source : uint8_t {
  kPlanes,  ///< read in place
  kPixels,  ///< unfolded as UnfoldPixels
  kLines,   ///< unfolded as UnfoldLines
};

struct Item;

/// Followed by the tables of the row ranges and, for lines, sources and offsets.
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  PackedWeights weights;
  Planes x, y, residual;
  Epilogue epilogue;
  void (*run_item)(const State& s, const Item& item, float* scratch);
  Source source;
  UnfoldInput window;  ///< what does not change from tile to tile
  UnfoldKernel unfold;
  SpmmFunction spmm;  ///< null for dense weights
  GemmFunction gemm;
  int64_t images;  ///< batch * depth out
  int64_t pixels;  ///< of an image
  int64_t tiles;   ///< of an image
  int64_t taps;    ///< columns of a channel
  int64_t block;   ///< columns
  int64_t blocks;
  int64_t column_stride;  ///< kPixels
  LineTiling lines;       ///< kLines
  size_t unfolded;        ///< floats of scratch that unfolded columns take
  const int32_t* sources;
  const int32_t* starts;
  const int32_t* offsets;
  RowRanges ranges;
  uint32_t tasks;

  int64_t items() const { return images * weights.groups * ranges.count * tiles; }
};

/// Whether lines suit the window at all.
bool is_ordinary(const ConvGeometry& g) {
  constexpr int64_t kMost = 256;
  const auto fits = [](const Window& w) { return std::max({w.kernel, w.stride, w.dilation}) <= kMost; };
  return fits(g.height) && fits(g.width) && g.height.out * g.width.out > 1;
}

bool prefers_lines(const ConvGeometry& g, const LineTiling& tiling, bool sparse) {
  if (tiling.source_rows > g.height.kernel * tiling.rows) return false;  // dilated far
  const int64_t pixels = g.height.out * g.width.out;
  // Dense kernels take a single pixel behind whole vectors apart.
  const int64_t computed = sparse || pixels % kPixelUnit != 1 ? ceil_div(pixels, kPixelUnit) * kPixelUnit : pixels;
  const double fill = static_cast<double>(pixels) / static_cast<double>(computed);
  const bool shares = g.height.kernel > 1 || g.width.stride > 1;
  return line_tiling_fill(g, tiling) >= fill * (sparse && shares ? kSparseFill : kDenseFill);
}

/// Sizes that do not depend on threads, and on the CPU only in how pixels are cut: with kLargeL1 they take most
/// scratch.
struct Shapes {
  Shapes(const OpStep& step, uint32_t l1_bytes) : geometry(conv_geometry(step)) {
    const ConvGeometry& g = geometry;
    const PackedWeights& weights = *step.weights;
    sparse = is_sparse(weights.packing);
    segments = weights.segments;
    const bool in_place = g.is_pointwise();
    depth_out = in_place ? 1 : g.depth.out;
    pixels = (in_place ? g.depth.out : 1) * g.height.out * g.width.out;
    const int64_t whole_channels = std::max<int64_t>(kDenseColumns / g.taps(), 1) * g.taps();
    block = sparse ? weights.block : pixels == 1 ? g.columns() : std::min(whole_channels, g.columns());
    blocks = ceil_div(g.columns(), block);
    choose_source(in_place, l1_bytes);
  }

  /// Floats of the unfolded columns of a block.
  int64_t unfolded() const {
    if (source == Source::kPlanes) return 0;
    if (source == Source::kPixels) return block * column_stride;
    const int64_t planes = block / (geometry.height.kernel * geometry.width.kernel) * lines.planes;
    return planes * lines.plane_stride + kPixelUnit;  // the last line is read in whole units
  }
  /// Floats of the sums of a tile.
  int64_t sums() const {
    return source == Source::kLines && sparse ? geometry.rows * lines.sums_stride() + kPixelUnit : 0;
  }
  /// Floats of columns that dense kernels bring together; lines are together already.
  int64_t panels() const {
    return source != Source::kLines && has_panels(sparse, pixels, geometry.rows) ? block * kPanelPixels : 0;
  }
  int64_t source_rows() const { return source == Source::kLines ? lines.source_rows : 0; }
  int64_t planes() const { return source == Source::kLines ? lines.planes : 0; }
  int64_t offsets() const { return source == Source::kLines ? block : 0; }

  ConvGeometry geometry;
  bool sparse;
  int64_t segments;
  Source source;
  int64_t depth_out;
  int64_t pixels;
  int64_t tiles;
  int64_t column_stride;
  LineTiling lines = {};
  int64_t block;
  int64_t blocks;

 private:
  void choose_moving(int64_t units) {
    const LineTiling moving = choose_moving_tiling(geometry, units);
    const double fill = line_tiling_fill(geometry, lines);
    if (moving.parts > 0 && line_tiling_fill(geometry, moving) >= fill * kMovingFill) lines = moving;
  }
  int64_t most_pixels([[maybe_unused]] uint32_t l1_bytes) const {
    const bool in_place = source == Source::kPlanes;
    if (!sparse) return in_place ? kGemmTilePixels : kTilePixels;
    const bool few = in_place && geometry.columns() <= kWideColumns;
    const bool strided = geometry.taps() == 1 && geometry.width.stride > 1;
    return few || (is_large_l1(l1_bytes) && (in_place || strided)) ? kWideTilePixels : kTilePixels;
  }
  void choose_source(bool in_place, uint32_t l1_bytes) {
    source = in_place ? Source::kPlanes : Source::kPixels;
    const int64_t units = sparse ? kSparseUnits : geometry.columns() <= kWideColumns ? kWideUnits : kDenseUnits;
    // One tap has no copies to share with others.
    if (geometry.taps() > 1 && is_ordinary(geometry)) {
      lines = sparse ? choose_line_tiling(geometry, units) : choose_wide_tiling(geometry, units);
      if (segments > 1) choose_moving(units);
      if (prefers_lines(geometry, lines, sparse)) source = Source::kLines;
    }
    tiles = source == Source::kLines ? lines.tiles() : ceil_div(pixels, most_pixels(l1_bytes));
    column_stride = pixels == 1 ? 1 : ceil_div(ceil_div(pixels, kPixelUnit), tiles) * kPixelUnit;
  }
};

/// Rows of weights times pixels of one image: what a task does at a time.
struct Item {
  int64_t batch;
  int64_t out_depth;
  int64_t group;
  int64_t range;  ///< of rows
  int64_t tile;
};

Item item_of(const State& s, int64_t item) {
  Item result;
  result.tile = item % s.tiles;
  item /= s.tiles;
  result.range = item % s.ranges.count;
  item /= s.ranges.count;
  result.group = item % s.weights.groups;
  const int64_t image = item / s.weights.groups;
  result.batch = image / s.window.depth.out;
  result.out_depth = image % s.window.depth.out;
  return result;
}

/// Rows [first, first + rows) of all groups.
struct Rows {
  int64_t first;
  int64_t rows;
};

Rows rows_of(const State& s, const Item& item) {
  const int64_t* cuts = s.ranges.cuts_of(item.group) + item.range;
  return {item.group * (s.weights.rows / s.weights.groups) + cuts[0], cuts[1] - cuts[0]};
}

void multiply(const State& s, const Item& item, int64_t block, const TileInput& in, const TileOutput& out) {
  if (s.spmm != nullptr) {
    s.spmm(sparse_tile(s.weights, s.ranges, item.group, item.range, block), in, out);
  } else {
    const int64_t* cuts = s.ranges.cuts_of(item.group) + item.range;
    const int64_t first = block * s.block;
    const int64_t columns = std::min(s.block, int64_t{s.weights.columns} - first);
    s.gemm(dense_tile(s.weights, item.group, cuts[0], cuts[1] - cuts[0], first, columns), in, out);
  }
}

/// The channels of a block.
UnfoldInput input_of(const State& s, const Item& item, int64_t block) {
  const int64_t channels = s.weights.columns / s.taps, first = block * s.block / s.taps;
  UnfoldInput in = s.window;
  in.x = s.x.at(item.batch, item.group * channels + first);
  in.channels = std::min(s.block / s.taps, channels - first);
  in.out_depth = item.out_depth;
  return in;
}

/// Where a row's sums start, at bias or what the blocks before left, and how they end.
TileOutput output_of(const State& s, const Rows& rows, int64_t block) {
  TileOutput out = {};
  out.bias = s.weights.bias.empty() ? nullptr : s.weights.bias.data + rows.first;
  out.clamps = s.epilogue.clamps;
  out.low = s.epilogue.low;
  out.high = s.epilogue.high;
  out.first = block == 0;
  out.last = block == s.blocks - 1;
  return out;
}

/// The same for `pixels` pixels of the output from `pixel` on.
TileOutput output_at(const State& s, const Item& item, const Rows& rows, int64_t block, int64_t pixel, int pixels) {
  TileOutput out = output_of(s, rows, block);
  out.y = s.y.at(item.batch, rows.first) + pixel;
  out.row_stride = s.y.channel_stride;
  out.pixels = pixels;
  out.residual = s.residual.data == nullptr ? nullptr : s.residual.at(item.batch, rows.first) + pixel;
  out.residual_stride = s.residual.channel_stride;
  return out;
}

/// The activation that no clamp makes.
void end_pixels(const State& s, const Item& item, const Rows& rows, int64_t pixel, int64_t pixels) {
  if (s.epilogue.after.function == nullptr) return;
  float* y = s.y.at(item.batch, rows.first) + pixel;
  for (int64_t r = 0; r < rows.rows; ++r) {
    s.epilogue.after.apply(y + r * s.y.channel_stride, static_cast<size_t>(pixels));
  }
}

/// A run of pixels: sums wait in the output between blocks.
void run_pixels(const State& s, const Item& item, float* scratch) {
  const int64_t units = ceil_div(s.pixels, kPixelUnit);
  const auto tiles = static_cast<uint32_t>(s.tiles), index = static_cast<uint32_t>(item.tile);
  UnfoldPixels tile;
  tile.pixel = task_begin(units, tiles, index) * kPixelUnit;
  tile.pixels = static_cast<int>(std::min(task_begin(units, tiles, index + 1) * kPixelUnit, s.pixels) - tile.pixel);
  tile.column_stride = s.column_stride;
  const Rows rows = rows_of(s, item);
  const int64_t pixel = item.out_depth * s.window.height.out * s.window.width.out + tile.pixel;
  for (int64_t block = 0; block < s.blocks; ++block) {
    tile.in = input_of(s, item, block);
    TileInput in = {tile.in.x + tile.pixel, s.x.channel_stride, nullptr};
    if (s.source == Source::kPixels) {
      s.unfold.unfold_pixels(tile, scratch);
      in = {scratch, s.column_stride, nullptr};
    }
    if (has_panels(s.spmm != nullptr, s.pixels, s.weights.rows / s.weights.groups)) {
      lend_panels(in, scratch + s.unfolded);
    }
    multiply(s, item, block, in, output_at(s, item, rows, block, pixel, tile.pixels));
  }
  end_pixels(s, item, rows, pixel, tile.pixels);
}

UnfoldLines lines_of(const State& s, const Item& item) {
  const LineTiling& tiling = s.lines;
  UnfoldLines tile = {};
  tile.sources = s.sources;
  tile.source_rows = tiling.source_rows;
  tile.row = item.tile / tiling.parts * tiling.rows;
  tile.column = item.tile % tiling.parts * tiling.part;
  tile.starts = s.starts;
  tile.planes = tiling.planes;
  tile.pitch = tiling.pitch;
  tile.plane_stride = tiling.plane_stride;
  return tile;
}

int64_t columns_of(const State& s, const UnfoldLines& tile) {
  return std::min(s.lines.part, s.window.width.out - tile.column);
}

/// Rows of pixels, dense: sums wait in the output between blocks. Rows without gaps are one run.
void run_lines_in_place(const State& s, const Item& item, float* scratch) {
  UnfoldLines tile = lines_of(s, item);
  const int64_t width = s.window.width.out, pitch = s.lines.pitch;
  const int64_t lines = std::min(s.lines.rows, s.window.height.out - tile.row);
  const int64_t runs = pitch == width ? 1 : lines, pixels = pitch == width ? lines * width : columns_of(s, tile);
  const Rows rows = rows_of(s, item);
  const int64_t pixel = (item.out_depth * s.window.height.out + tile.row) * width + tile.column;
  for (int64_t block = 0; block < s.blocks; ++block) {
    tile.in = input_of(s, item, block);
    s.unfold.unfold_lines(tile, scratch);
    for (int64_t run = 0; run < runs; ++run) {
      multiply(s, item, block, {scratch + run * pitch, 0, s.offsets},
               output_at(s, item, rows, block, pixel + run * width, static_cast<int>(pixels)));
    }
  }
  for (int64_t run = 0; run < runs; ++run) end_pixels(s, item, rows, pixel + run * width, pixels);
}

/// Rows of pixels, sparse: sums wait in scratch, where whole vectors of them are aligned.
void run_lines(const State& s, const Item& item, float* scratch) {
  const LineTiling& tiling = s.lines;
  UnfoldLines tile = lines_of(s, item);
  const int64_t lines = std::min(tiling.rows, s.window.height.out - tile.row), columns = columns_of(s, tile);
  const int64_t pixels = tiling.moves ? lines * tiling.pitch : (lines - 1) * tiling.pitch + columns;
  const Rows rows = rows_of(s, item);
  float* sums = scratch + s.unfolded;
  for (int64_t block = 0; block < s.blocks; ++block) {
    tile.in = input_of(s, item, block);
    s.unfold.unfold_lines(tile, scratch);
    TileOutput out = output_of(s, rows, block);
    out.y = sums;
    out.row_stride = tiling.sums_stride();
    out.pixels = static_cast<int>(ceil_div(pixels, kPixelUnit) * kPixelUnit);
    out.last = false;
    multiply(s, item, block, {scratch, 0, s.offsets, tiling.moves ? static_cast<int>(tiling.pitch) : 0}, out);
  }
  FoldLines fold = {};
  fold.sums = sums + tiling.lead;
  fold.sums_stride = tiling.sums_stride();
  fold.rows = rows.rows;
  fold.lines = lines;
  fold.columns = columns;
  fold.pitch = tiling.pitch;
  fold.line_stride = s.window.width.out;
  const int64_t pixel = (item.out_depth * s.window.height.out + tile.row) * s.window.width.out + tile.column;
  fold.y = s.y.at(item.batch, rows.first) + pixel;
  fold.y_stride = s.y.channel_stride;
  fold.residual = s.residual.data == nullptr ? nullptr : s.residual.at(item.batch, rows.first) + pixel;
  fold.residual_stride = s.residual.channel_stride;
  fold.clamps = s.epilogue.clamps;
  fold.low = s.epilogue.low;
  fold.high = s.epilogue.high;
  s.unfold.fold_lines(fold);
  if (s.epilogue.after.function == nullptr) return;
  for (int64_t r = 0; r < rows.rows; ++r) {
    for (int64_t l = 0; l < lines; ++l) {
      s.epilogue.after.apply(fold.y + r * fold.y_stride + l * fold.line_stride, static_cast<size_t>(columns));
    }
  }
}

void run_tiles(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items(), s.tasks, task + 1);
  for (int64_t i = task_begin(s.items(), s.tasks, task); i < end; ++i) {
    s.run_item(s, item_of(s, i), static_cast<float*>(scratch));
  }
}

const char* choose_kernel(State& s, IsaMask isas) {
  const bool one_pixel = s.pixels == 1;
  if (is_sparse(s.weights.packing)) {
    const SpmmShape shape = one_pixel ? SpmmShape::kVector : SpmmShape::kTile;
    const SpmmKernel& kernel = select_kernel(
        kSpmmKernels, isas, [&](const SpmmKernel& k) { return k.shape == shape && k.packing == s.weights.packing; });
    s.spmm = kernel.function;
    return kernel.name;
  }
  const GemmShape shape = one_pixel ? GemmShape::kVector : GemmShape::kTile;
  const GemmKernel& kernel = select_kernel(
      kGemmKernels, isas, [&](const GemmKernel& k) { return k.shape == shape && k.packing == s.weights.packing; });
  s.gemm = kernel.function;
  return kernel.name;
}

UnfoldInput describe_window(const State& s, const Shapes& shapes) {
  const ConvGeometry& g = shapes.geometry;
  UnfoldInput window = {};
  window.channel_stride = s.x.channel_stride;
  window.depth = g.depth;
  window.height = g.height;
  window.width = g.width;
  window.depth.out = shapes.depth_out;
  return window;
}

}  // namespace

TileKind conv_tile_kind(const OpStep& step) {
  const Shapes shapes(step, 0);
  if (shapes.pixels == 1) return TileKind::kOnePixel;
  constexpr TileKind kSparse[] = {TileKind::kSparsePlanes, TileKind::kSparsePixels, TileKind::kSparseLines};
  constexpr TileKind kDense[] = {TileKind::kDensePlanes, TileKind::kDensePixels, TileKind::kDenseLines};
  return (shapes.sparse ? kSparse : kDense)[static_cast<int>(shapes.source)];
}

size_t tiles_state_bytes(const OpStep& step) {
  const Shapes shapes(step, kLargeL1);
  const int64_t groups = shapes.geometry.groups;
  const int64_t tables = RowRanges::table_size(groups, max_row_ranges(groups), shapes.sparse ? shapes.blocks : 0);
  return align_up(sizeof(State)) + static_cast<size_t>(tables) * sizeof(int64_t) +
         static_cast<size_t>(shapes.source_rows() + shapes.planes() + shapes.offsets()) * sizeof(int32_t);
}

size_t tiles_scratch_bytes(const OpStep& step) {
  const Shapes shapes(step, kLargeL1);
  return static_cast<size_t>(shapes.unfolded() + shapes.sums() + shapes.panels()) * sizeof(float);
}

Binding bind_tiles(const OpStep& step, const BindContext& context, void* memory) {
  const Shapes shapes(step, context.l1_bytes);
  const ConvGeometry& g = shapes.geometry;
  State& s = *new (memory) State{};
  s.run = run_tiles;
  s.weights = *step.weights;
  s.x = Planes(step.inputs[0]);
  s.y = Planes(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = Planes(step.inputs[1]);
  s.epilogue = bind_epilogue(step.attrs_as<fbs::ConvAttrs>().activation(), context.isas);
  s.source = shapes.source;
  const bool sparse_lines = is_built(TileKind::kSparseLines) && shapes.sparse;
  s.run_item = s.source != Source::kLines ? run_pixels : sparse_lines ? run_lines : run_lines_in_place;
  s.window = describe_window(s, shapes);
  s.unfold = select_kernel(kUnfoldKernels, context.isas);
  s.images = g.batch * shapes.depth_out;
  s.pixels = shapes.pixels;
  s.tiles = shapes.tiles;
  s.taps = g.taps();
  s.block = shapes.block;
  s.blocks = shapes.blocks;
  s.column_stride = shapes.column_stride;
  s.lines = shapes.lines;
  s.unfolded = static_cast<size_t>(shapes.unfolded());
  const char* name = choose_kernel(s, context.isas);

  const auto macs = static_cast<int64_t>(s.weights.values.size) * s.images * s.pixels;
  const int64_t threads = useful_threads(macs, context.threads);
  const int64_t row_units = shapes.sparse ? sparse_row_steps(s.weights) : row_blocks(s.weights);
  const bool by_rows =
      shapes.sparse && s.source == Source::kPlanes && is_small_plane(s.pixels) && is_large_l1(context.l1_bytes);
  const int64_t items = s.images * g.groups * (by_rows ? 1 : s.tiles);
  const int64_t ranges = choose_row_ranges(items, std::min(max_row_ranges(g.groups), row_units), threads);
  auto* tables = reinterpret_cast<int64_t*>(static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  s.ranges = RowRanges(g.groups, ranges, shapes.blocks, tables);
  if (shapes.sparse) {
    cut_sparse_rows(s.ranges, s.weights);
  } else {
    cut_dense_rows(s.ranges, s.weights);
  }
  if (s.source == Source::kLines) {
    tables += RowRanges::table_size(g.groups, ranges, shapes.sparse ? shapes.blocks : 0);
    auto* sources = reinterpret_cast<int32_t*>(tables);
    int32_t* starts = sources + s.lines.source_rows;
    int32_t* offsets = starts + s.lines.planes;
    list_source_rows(g, s.lines, sources);
    list_plane_starts(g, s.lines, starts);
    list_column_offsets(g, s.lines, s.block, offsets);
    s.sources = sources;
    s.starts = starts;
    s.offsets = offsets;
  }
  s.tasks = split_parts(s.items(), threads);
  return {s.tasks, name};
}

}  // namespace lacuna
