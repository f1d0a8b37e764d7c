// Measures what the file format fixes: the layout of activations and the encoding of indices of sparse weights.
//
//   1. sparse 1x1: planar activations [C][stride] against tile by tile [tile][C][64 pixels]
//   2. sparse 1x1 on planar: index encodings, blocks of input channels
//   3. sparse 3x3 stride 1: index encodings, strip heights, tile widths, blocks of input channels
//
// Every figure is GMAC/s on non-zeros of relu(bias + W x) in fp32 on one core, "best (median)" of repetitions that take
// turns with the other variants of the same line; copies into scratch are part of the time. All values are small
// integers, so every variant has to agree with a plain scalar loop exactly; the program ends with 1 if one does not.
// Usage: format_bench [avx2|avx512]
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tile_kernels.h"

namespace lacuna::format_bench {
namespace {

constexpr int kRepetitions = 9;
constexpr double kSecondsPerRepetition = 0.004;
constexpr int kTilePixels = 64;   // of the tile-by-tile layout, and of every variant that does not say otherwise
constexpr int kAlignFloats = 16;  // one cache line
constexpr int kMaxGap = 255;      // of kGap8; more is bridged
constexpr int kMaxSegment = 255;  // positions; also the most entries that a uint8 count can hold
constexpr int kKernelSize = 3;

// For products of dimensions.
std::size_t as_size(int value) { return static_cast<std::size_t>(value); }

int ceil_div(int value, int divisor) { return (value + divisor - 1) / divisor; }

int round_up(int value, int multiple) { return ceil_div(value, multiple) * multiple; }

// Floats from one channel to the next: whole cache lines, and never a multiple of 1 KiB, which would let channels fall
// on the same cache sets.
int padded_stride(int floats) {
  const int stride = round_up(floats, kAlignFloats);
  return stride % 256 == 0 ? stride + kAlignFloats : stride;
}

// ---- Aligned memory -------------------------------------------------------------------------------------------------

struct FreeDeleter {
  void operator()(float* p) const { std::free(p); }
};

struct Buffer {
  explicit Buffer(std::size_t floats)
      : size((floats + kMaxTileVectors * kAlignFloats + 1023) / 1024 * 1024),
        data(static_cast<float*>(std::aligned_alloc(4096, size * sizeof(float)))) {
    fill(0.0F);
  }
  void fill(float value) { std::fill_n(data.get(), size, value); }
  std::size_t size;
  std::unique_ptr<float[], FreeDeleter> data;
};

// ---- Sparse weights and their packings ------------------------------------------------------------------------------

struct Weight {
  int channel, ky, kx;
  float value;
};

struct SparseMatrix {
  int channels;
  int kernel_size;
  std::vector<std::vector<Weight>> rows;  // sorted by channel, ky, kx
  std::vector<float> bias;
  std::size_t nonzeros;

  int tap(const Weight& w) const { return (w.channel * kernel_size + w.ky) * kernel_size + w.kx; }
};

SparseMatrix random_matrix(int rows, int channels, int kernel_size, double density) {
  SparseMatrix matrix{channels, kernel_size, {}, {}, 0};
  std::mt19937 random(1);
  std::bernoulli_distribution kept(density);
  std::uniform_int_distribution<int> magnitude(1, 4);
  for (int m = 0; m < rows; ++m) {
    std::vector<Weight> row;
    for (int c = 0; c < channels; ++c) {
      for (int ky = 0; ky < kernel_size; ++ky) {
        for (int kx = 0; kx < kernel_size; ++kx) {
          if (!kept(random)) continue;
          const int value = magnitude(random);
          row.push_back({c, ky, kx, static_cast<float>(random() % 2 == 0 ? value : -value)});
        }
      }
    }
    matrix.nonzeros += row.size();
    matrix.rows.push_back(std::move(row));
    matrix.bias.push_back(static_cast<float>(m % 7));
  }
  return matrix;
}

struct PackedMatrix {
  int panel_rows = 0, blocks = 1, segments = 1;
  std::vector<std::uint16_t> counts16;
  std::vector<std::uint8_t> counts8;
  std::vector<std::int32_t> starts;
  std::vector<float> bias, values;
  std::vector<Entry> entries;
  std::vector<std::uint16_t> index16;
  std::vector<std::uint8_t> index8;

  SparseRows view() const {
    return {static_cast<int>(bias.size()),
            panel_rows,
            blocks,
            segments,
            counts16.data(),
            counts8.data(),
            starts.data(),
            bias.data(),
            values.data(),
            entries.data(),
            index16.data(),
            index8.data()};
  }
  // Of counts, indices and values; bias and bound starts are the same for every encoding.
  std::size_t bytes() const {
    return counts16.size() * 2 + counts8.size() + values.size() * 4 + entries.size() * 8 + index16.size() * 2 +
           index8.size();
  }
};

PackedMatrix pack_rows(const SparseMatrix& matrix, const std::function<void(PackedMatrix&, const Weight&)>& append) {
  PackedMatrix packed;
  packed.bias = matrix.bias;
  for (const auto& row : matrix.rows) {
    packed.counts16.push_back(static_cast<std::uint16_t>(row.size()));
    for (const Weight& w : row) append(packed, w);
  }
  return packed;
}

using CodeOf = std::function<int(const Weight&)>;

PackedMatrix pack_offset32(const SparseMatrix& matrix, const CodeOf& offset_bytes) {
  return pack_rows(matrix, [&](PackedMatrix& p, const Weight& w) { p.entries.push_back({w.value, offset_bytes(w)}); });
}

PackedMatrix pack_index16(const SparseMatrix& matrix, const CodeOf& code) {
  return pack_rows(matrix, [&](PackedMatrix& p, const Weight& w) {
    p.values.push_back(w.value);
    p.index16.push_back(static_cast<std::uint16_t>(code(w)));
  });
}

struct Place {
  int block, segment, position;
};

// How a matrix is cut into [panels of rows][blocks][rows of the panel][segments].
struct Cut {
  int panel_rows, blocks, segments;
  std::function<Place(const Weight&)> place_of;
};

using Segment = std::vector<std::pair<int, float>>;  // (position, value), sorted

void append_gap8(const Segment& segment, PackedMatrix& packed) {
  int position = 0, entries = 0;
  const auto append = [&](int gap, float value) {
    packed.index8.push_back(static_cast<std::uint8_t>(gap));
    packed.values.push_back(value);
    position += gap;
    ++entries;
  };
  for (const auto& [target, value] : segment) {
    while (target - position > kMaxGap) append(kMaxGap, 0.0F);
    append(target - position, value);
  }
  packed.counts16.push_back(static_cast<std::uint16_t>(entries));
}

void append_index8(const Segment& segment, PackedMatrix& packed) {
  for (const auto& [position, value] : segment) {
    packed.index8.push_back(static_cast<std::uint8_t>(position));
    packed.values.push_back(value);
  }
  packed.counts8.push_back(static_cast<std::uint8_t>(segment.size()));
}

using AppendSegment = void (*)(const Segment&, PackedMatrix&);

PackedMatrix pack_cut(const SparseMatrix& matrix, const Cut& cut, AppendSegment append) {
  PackedMatrix packed;
  packed.panel_rows = cut.panel_rows;
  packed.blocks = cut.blocks;
  packed.segments = cut.segments;
  packed.bias = matrix.bias;
  const int rows = static_cast<int>(matrix.rows.size());
  for (int first = 0; first < rows; first += cut.panel_rows) {
    for (int block = 0; block < cut.blocks; ++block) {
      for (int m = first; m < std::min(first + cut.panel_rows, rows); ++m) {
        std::vector<Segment> segments(as_size(cut.segments));
        for (const Weight& w : matrix.rows[as_size(m)]) {
          const Place place = cut.place_of(w);
          if (place.block == block) segments[as_size(place.segment)].emplace_back(place.position, w.value);
        }
        for (Segment& segment : segments) {
          std::sort(segment.begin(), segment.end());
          append(segment, packed);
        }
      }
    }
  }
  return packed;
}

// ---- Timing and printing --------------------------------------------------------------------------------------------

struct Variant {
  std::string name;
  std::size_t packed_bytes;
  std::function<void()> run;
  Buffer* output;
  std::function<bool()> is_right;
};

double seconds_per_run(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  for (int runs = 1;; ++runs) {
    run();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds >= kSecondsPerRepetition) return seconds / runs;
  }
}

// Checks and measures the variants of one table; remembers the geometric mean of every column.
class Table {
 public:
  Table(const char* title, bool show_bytes) : show_bytes_(show_bytes) { std::printf("\n## %s\n\n", title); }

  void add_line(const std::string& label, double macs, std::size_t nonzeros, const std::vector<Variant>& variants) {
    if (columns_.empty()) print_head(variants);
    for (const Variant& v : variants) check(label, v);
    std::vector<std::vector<double>> seconds(variants.size());
    for (int i = 0; i < kRepetitions; ++i) {
      for (std::size_t v = 0; v < variants.size(); ++v) seconds[v].push_back(seconds_per_run(variants[v].run));
    }
    std::printf("| %s |", label.c_str());
    for (std::size_t v = 0; v < variants.size(); ++v) {
      std::sort(seconds[v].begin(), seconds[v].end());
      const double best = macs / seconds[v][0] * 1e-9, median = macs / seconds[v][kRepetitions / 2] * 1e-9;
      std::printf(" %.1f (%.1f)", best, median);
      if (show_bytes_)
        std::printf(" %.2fB", static_cast<double>(variants[v].packed_bytes) / static_cast<double>(nonzeros));
      std::printf(" |");
      columns_[v].log_best += std::log(best);
      columns_[v].log_median += std::log(median);
    }
    std::printf("\n");
    std::fflush(stdout);
    ++lines_;
  }

  // Returns true if every variant was right.
  bool finish() {
    std::printf("| **geometric mean** |");
    for (const Column& c : columns_)
      std::printf(" **%.1f** (%.1f) |", std::exp(c.log_best / lines_), std::exp(c.log_median / lines_));
    std::printf("\n");
    return right_;
  }

 private:
  struct Column {
    double log_best = 0, log_median = 0;
  };

  void print_head(const std::vector<Variant>& variants) {
    columns_.resize(variants.size());
    std::printf("| shape |");
    for (const Variant& v : variants) std::printf(" %s |", v.name.c_str());
    std::printf("\n| --- |");
    for (std::size_t i = 0; i < variants.size(); ++i) std::printf(" --- |");
    std::printf("\n");
  }

  void check(const std::string& label, const Variant& v) {
    v.output->fill(std::numeric_limits<float>::quiet_NaN());
    v.run();
    if (v.is_right()) return;
    std::fprintf(stderr, "format_bench: %s, %s: differs from the scalar loop\n", label.c_str(), v.name.c_str());
    right_ = false;
  }

  bool show_bytes_;
  bool right_ = true;
  int lines_ = 0;
  std::vector<Column> columns_;
};

// ---- One layer: input, expected output, and how a packing is run over it --------------------------------------------

struct Layer {
  Layer(int in_channels, int out_channels, int edge, int kernel_size, double density)
      : channels(in_channels),
        rows(out_channels),
        width(edge),
        pixels(edge * edge),
        stride(padded_stride(pixels)),
        matrix(random_matrix(rows, channels, kernel_size, density)),
        x(as_size(channels) * as_size(stride)),
        y(as_size(rows) * as_size(stride)),
        label(std::to_string(channels) + "->" + std::to_string(rows) + "@" + std::to_string(edge) + " " +
              std::to_string(static_cast<int>(std::lround(density * 100))) + "%") {
    std::mt19937 random(2);
    for (int c = 0; c < channels; ++c) {
      for (int p = 0; p < pixels; ++p) x.data[at(c, p)] = static_cast<float>(static_cast<int>(random() % 9) - 4);
    }
    compute_expected();
  }

  std::size_t at(int channel, int pixel) const { return as_size(channel) * as_size(stride) + as_size(pixel); }
  int stride_bytes() const { return stride * static_cast<int>(sizeof(float)); }
  double macs() const { return static_cast<double>(matrix.nonzeros) * pixels; }

  // `y_at(row, pixel)` is where the variant has left that output.
  template <class At>
  bool is_right(const Buffer& actual, const At& y_at) const {
    for (int m = 0; m < rows; ++m) {
      for (int p = 0; p < pixels; ++p) {
        if (actual.data[y_at(m, p)] != expected[as_size(m) * as_size(pixels) + as_size(p)]) return false;
      }
    }
    return true;
  }

  int channels, rows, width, pixels, stride;
  SparseMatrix matrix;
  Buffer x, y;
  std::vector<float> expected;  // [rows][pixels]
  std::string label;

 private:
  void compute_expected() {
    const int pad = matrix.kernel_size / 2;
    for (std::size_t m = 0; m < matrix.rows.size(); ++m) {
      std::vector<float> sums(as_size(pixels), matrix.bias[m]);
      for (const Weight& w : matrix.rows[m]) {
        const int dy = w.ky - pad, dx = w.kx - pad;
        for (int oy = std::max(0, -dy); oy < std::min(width, width - dy); ++oy) {
          for (int ox = std::max(0, -dx); ox < std::min(width, width - dx); ++ox) {
            sums[as_size(oy * width + ox)] += w.value * x.data[at(w.channel, (oy + dy) * width + ox + dx)];
          }
        }
      }
      for (float sum : sums) expected.push_back(std::max(sum, 0.0F));
    }
  }
};

// Runs over `pixels` in tiles of at most `max_width` vectors, widths as equal as they can be.
void run_tiles(const KernelSet& set, Encoding encoding, int max_width, const SparseRows& weights, Tile tile,
               int pixels) {
  const int vectors = ceil_div(pixels, set.lanes);
  const int tiles = ceil_div(vectors, max_width);
  for (int i = 0; i < tiles; ++i) {
    const int width = vectors / tiles + (i < vectors % tiles ? 1 : 0);
    set.kernels[encoding][width](weights, tile);
    tile.x += as_size(width) * as_size(set.lanes) * sizeof(float);
    tile.y += width * set.lanes;
  }
}

// ---- Sparse 1x1 -----------------------------------------------------------------------------------------------------

Variant planar_variant(const KernelSet& set, const char* name, Encoding encoding, const PackedMatrix& packed,
                       Layer& layer) {
  const auto run = [&set, encoding, &packed, &layer] {
    const Tile tile{reinterpret_cast<const char*>(layer.x.data.get()), as_size(layer.stride_bytes()), nullptr,
                    layer.y.data.get(), as_size(layer.stride)};
    run_tiles(set, encoding, kTilePixels / set.lanes, packed.view(), tile, layer.pixels);
  };
  const auto is_right = [&layer] { return layer.is_right(layer.y, [&layer](int m, int p) { return layer.at(m, p); }); };
  return {name, packed.bytes(), run, &layer.y, is_right};
}

// The same layer with input and output tile by tile: [tile][channel][64 pixels].
struct TiledLayer {
  explicit TiledLayer(const Layer& l)
      : layer(l), tiles(ceil_div(l.pixels, kTilePixels)), x(size(l.channels)), y(size(l.rows)) {
    for (int c = 0; c < layer.channels; ++c) {
      for (int p = 0; p < layer.pixels; ++p) x.data[at(layer.channels, c, p)] = layer.x.data[layer.at(c, p)];
    }
  }
  std::size_t size(int channels) const { return as_size(tiles) * as_size(channels) * kTilePixels; }
  static std::size_t at(int channels, int channel, int pixel) {
    return (as_size(pixel / kTilePixels) * as_size(channels) + as_size(channel)) * kTilePixels +
           as_size(pixel % kTilePixels);
  }
  void run(const KernelSet& set, Encoding encoding, const PackedMatrix& packed) {
    for (int i = 0; i < tiles; ++i) {
      const Tile tile{reinterpret_cast<const char*>(x.data.get() + at(layer.channels, 0, i * kTilePixels)),
                      kTilePixels * sizeof(float), nullptr, y.data.get() + at(layer.rows, 0, i * kTilePixels),
                      kTilePixels};
      run_tiles(set, encoding, kTilePixels / set.lanes, packed.view(), tile,
                std::min(kTilePixels, layer.pixels - i * kTilePixels));
    }
  }
  const Layer& layer;
  int tiles;
  Buffer x, y;
};

struct Pointwise {
  int channels, rows, edge;
};

// Blocks of `block_channels` input channels, each cut into segments of `segment_channels`.
Cut cut_1x1(const Layer& layer, int panel_rows, int block_channels, int segment_channels) {
  return {panel_rows, ceil_div(layer.channels, block_channels), ceil_div(block_channels, segment_channels),
          [=](const Weight& w) {
            const int in_block = w.channel % block_channels;
            return Place{w.channel / block_channels, in_block / segment_channels, in_block % segment_channels};
          }};
}

PackedMatrix pack_1x1(const Layer& layer, int panel_rows, int block_channels, int segment_channels,
                      AppendSegment append) {
  const Cut cut = cut_1x1(layer, panel_rows, block_channels, segment_channels);
  PackedMatrix packed = pack_cut(layer.matrix, cut, append);
  for (int block = 0; block < cut.blocks; ++block) {
    for (int segment = 0; segment < cut.segments; ++segment) {
      packed.starts.push_back((block * block_channels + segment * segment_channels) * layer.stride_bytes());
    }
  }
  return packed;
}

void bench_1x1(const KernelSet& set, const Pointwise& shape, double density, Table& table) {
  Layer layer(shape.channels, shape.rows, shape.edge, 1, density);
  TiledLayer tiled(layer);
  const SparseMatrix& matrix = layer.matrix;
  const auto tiled_variant = [&](const char* name, Encoding encoding, const PackedMatrix& packed) {
    return Variant{
        name, packed.bytes(), [&tiled, &set, encoding, &packed] { tiled.run(set, encoding, packed); }, &tiled.y,
        [&] { return layer.is_right(tiled.y, [&](int m, int p) { return TiledLayer::at(layer.rows, m, p); }); }};
  };
  const int all = layer.channels;
  const PackedMatrix tiled_offsets =
      pack_offset32(matrix, [](const Weight& w) { return w.channel * kTilePixels * static_cast<int>(sizeof(float)); });
  const PackedMatrix offsets = pack_offset32(matrix, [&](const Weight& w) { return w.channel * layer.stride_bytes(); });
  const PackedMatrix index16 = pack_index16(matrix, [](const Weight& w) { return w.channel; });
  const PackedMatrix gap8 = pack_1x1(layer, layer.rows, all, all, append_gap8);
  const PackedMatrix index8 = pack_1x1(layer, layer.rows, all, kMaxSegment, append_index8);
  const PackedMatrix gap8_128 = pack_1x1(layer, layer.rows, 128, 128, append_gap8);
  const PackedMatrix index8_128 = pack_1x1(layer, layer.rows, 128, 128, append_index8);
  table.add_line(
      layer.label, layer.macs(), matrix.nonzeros,
      {tiled_variant("tiled, offset32", kOffset32, tiled_offsets), tiled_variant("tiled, index16", kIndex16, index16),
       planar_variant(set, "planar, offset32", kOffset32, offsets, layer),
       planar_variant(set, "planar, index16", kIndex16, index16, layer),
       planar_variant(set, "planar, gap8", kGap8, gap8, layer),
       planar_variant(set, "planar, gap8 by 2", kGap8Unrolled2, gap8, layer),
       planar_variant(set, "planar, index8, segments of 255", kIndex8Blocks, index8, layer),
       planar_variant(set, "planar, gap8, blocks of 128", kGap8Blocks, gap8_128, layer),
       planar_variant(set, "planar, index8, blocks of 128", kIndex8Blocks, index8_128, layer)});
}

void bench_1x1_panels(const KernelSet& set, const Pointwise& shape, double density, Table& table) {
  Layer layer(shape.channels, shape.rows, shape.edge, 1, density);
  std::deque<PackedMatrix> packings;
  std::vector<Variant> variants;
  for (int block : {64, 96, 128, 192}) {
    for (int panel : {32, 128, layer.rows}) {
      packings.push_back(pack_1x1(layer, panel, block, block, append_gap8));
      const std::string name =
          std::to_string(block) + " / " + (packings.size() % 3 == 0 ? "all" : std::to_string(panel));
      variants.push_back(planar_variant(set, name.c_str(), kGap8Blocks, packings.back(), layer));
    }
  }
  table.add_line(layer.label, layer.macs(), layer.matrix.nonzeros, variants);
}

// ---- Sparse 3x3, stride 1, padding 1 --------------------------------------------------------------------------------

// Scratch of one strip of output rows: planes [channel][kx] of (strip rows + 2) x width, each the input shifted by kx
// with zeros where the filter leaves the image, so that output pixels are flat and one plane is one stride away from
// the next.
struct StripScratch {
  StripScratch(const Layer& l, int rows)
      : layer(l),
        strip_rows(rows),
        plane_stride(padded_stride((rows + kKernelSize - 1) * l.width + kAlignFloats)),
        planes(as_size(l.channels) * kKernelSize * as_size(plane_stride)) {}

  int plane_bytes() const { return plane_stride * static_cast<int>(sizeof(float)); }
  int row_bytes() const { return layer.width * static_cast<int>(sizeof(float)); }
  int tap_offset(int channel, int ky, int kx) const {
    return (channel * kKernelSize + kx) * plane_bytes() + ky * row_bytes();
  }

  // Fills the planes for output rows [first, first + rows).
  void fill(int first, int rows) {
    const int width = layer.width;
    const int top = std::max(first - 1, 0), bottom = std::min(first + rows + 1, width);  // input rows that exist
    const auto count = as_size((bottom - top) * width);
    float* plane = planes.data.get();
    for (int c = 0; c < layer.channels; ++c) {
      const float* source = layer.x.data.get() + layer.at(c, top * width);
      for (int kx = 0; kx < kKernelSize; ++kx, plane += plane_stride) {
        if (first == 0) std::fill_n(plane, width, 0.0F);
        float* target = plane + (top - first + 1) * width;
        copy_shifted(source, target, count, kx, width);
        if (bottom < first + rows + 1) std::fill_n(target + count, width, 0.0F);
      }
    }
  }

  static void copy_shifted(const float* source, float* target, std::size_t count, int kx, int width) {
    if (kx == 0) {
      std::memcpy(target + 1, source, (count - 1) * sizeof(float));
      for (std::size_t i = 0; i < count; i += as_size(width)) target[i] = 0.0F;
    } else if (kx == 1) {
      std::memcpy(target, source, count * sizeof(float));
    } else {
      std::memcpy(target, source + 1, (count - 1) * sizeof(float));
      for (std::size_t i = as_size(width) - 1; i < count; i += as_size(width)) target[i] = 0.0F;
    }
  }

  const Layer& layer;
  int strip_rows, plane_stride;
  Buffer planes;
};

// Rows of a strip: the most whose scratch fits the budget, in steps that keep every strip's first pixel on a cache
// line.
int strip_rows_for(const Layer& layer, long budget_bytes) {
  int step = 1;
  while (step * layer.width % kAlignFloats != 0) step *= 2;
  int rows = step;
  const auto scratch_bytes = [&](int r) {
    return static_cast<long>(layer.channels) * kKernelSize * padded_stride((r + 2) * layer.width + kAlignFloats) * 4;
  };
  while (rows < layer.width && scratch_bytes(rows + step) <= budget_bytes) rows += step;
  return std::min(rows, layer.width);
}

struct ConvRun {
  Encoding encoding;
  int tile_width;  // vectors
  std::size_t stride_bytes;
  const std::int32_t* tap_offsets;
};

Variant conv_variant(const KernelSet& set, const std::string& name, const ConvRun& how, const PackedMatrix& packed,
                     Layer& layer, StripScratch& scratch) {
  const auto run = [&set, how, &packed, &layer, &scratch] {
    for (int first = 0; first < layer.width; first += scratch.strip_rows) {
      const int rows = std::min(scratch.strip_rows, layer.width - first);
      scratch.fill(first, rows);
      const Tile tile{reinterpret_cast<const char*>(scratch.planes.data.get()), how.stride_bytes, how.tap_offsets,
                      layer.y.data.get() + first * layer.width, as_size(layer.stride)};
      run_tiles(set, how.encoding, how.tile_width, packed.view(), tile, rows * layer.width);
    }
  };
  const auto is_right = [&layer] { return layer.is_right(layer.y, [&layer](int m, int p) { return layer.at(m, p); }); };
  return {name, packed.bytes(), run, &layer.y, is_right};
}

// Blocks of input channels; inside a block one segment per ky over positions (channel, kx).
PackedMatrix pack_conv(const Layer& layer, const StripScratch& scratch, int panel_rows, int block_channels,
                       AppendSegment append) {
  const int blocks = ceil_div(layer.channels, block_channels);
  PackedMatrix packed =
      pack_cut(layer.matrix,
               {panel_rows, blocks, kKernelSize,
                [=](const Weight& w) {
                  return Place{w.channel / block_channels, w.ky, w.channel % block_channels * kKernelSize + w.kx};
                }},
               append);
  for (int b = 0; b < blocks; ++b) {
    for (int ky = 0; ky < kKernelSize; ++ky) packed.starts.push_back(scratch.tap_offset(b * block_channels, ky, 0));
  }
  return packed;
}

void bench_conv_encodings(const KernelSet& set, Layer& layer, long strip_bytes, Table& table) {
  StripScratch scratch(layer, strip_rows_for(layer, strip_bytes));
  const SparseMatrix& matrix = layer.matrix;
  const int width = kTilePixels / set.lanes;
  const auto plane_bytes = as_size(scratch.plane_bytes());
  std::vector<std::int32_t> all_taps, nine_taps;
  for (int c = 0; c < layer.channels; ++c) {
    for (int ky = 0; ky < kKernelSize; ++ky) {
      for (int kx = 0; kx < kKernelSize; ++kx) all_taps.push_back(scratch.tap_offset(c, ky, kx));
    }
  }
  nine_taps.assign(all_taps.begin(), all_taps.begin() + kKernelSize * kKernelSize);

  const PackedMatrix offsets =
      pack_offset32(matrix, [&](const Weight& w) { return scratch.tap_offset(w.channel, w.ky, w.kx); });
  const PackedMatrix taps16 = pack_index16(matrix, [&](const Weight& w) { return matrix.tap(w); });
  const PackedMatrix bitfields =
      pack_index16(matrix, [](const Weight& w) { return w.channel << 4 | (w.ky * kKernelSize + w.kx); });
  const PackedMatrix tap_gaps = pack_cut(matrix,
                                         {layer.rows, 1, 1,
                                          [&](const Weight& w) {
                                            return Place{0, 0, matrix.tap(w)};
                                          }},
                                         append_gap8);
  const PackedMatrix segments = pack_conv(layer, scratch, layer.rows, layer.channels, append_gap8);
  PackedMatrix passes = pack_cut(matrix,
                                 {layer.rows, kKernelSize, 1,
                                  [](const Weight& w) {
                                    return Place{w.ky, 0, w.channel * kKernelSize + w.kx};
                                  }},
                                 append_gap8);
  for (int ky = 0; ky < kKernelSize; ++ky) passes.starts.push_back(scratch.tap_offset(0, ky, 0));

  const PackedMatrix gap8_32 = pack_conv(layer, scratch, layer.rows, 32, append_gap8);
  const PackedMatrix index8_32 = pack_conv(layer, scratch, layer.rows, 32, append_index8);

  const auto variant = [&](const char* name, Encoding encoding, std::size_t stride,
                           const std::vector<std::int32_t>& table_of, const PackedMatrix& packed) {
    return conv_variant(set, name, {encoding, width, stride, table_of.data()}, packed, layer, scratch);
  };
  table.add_line(layer.label, layer.macs(), matrix.nonzeros,
                 {variant("offset32", kOffset32, 0, all_taps, offsets),
                  variant("index16 + tap table", kTable16, 0, all_taps, taps16),
                  variant("gap8 + tap table", kTableGap8, 0, all_taps, tap_gaps),
                  variant("channel<<4 / tap", kBitfield16, plane_bytes * kKernelSize, nine_taps, bitfields),
                  variant("gap8, segment per ky", kGap8Blocks, plane_bytes, nine_taps, segments),
                  variant("gap8, pass per ky", kGap8Blocks, plane_bytes, nine_taps, passes),
                  variant("gap8, segment per ky, blocks of 32", kGap8Blocks, plane_bytes, nine_taps, gap8_32),
                  variant("index8, segment per ky, blocks of 32", kIndex8Blocks, plane_bytes, nine_taps, index8_32)});
}

struct StripBudget {
  const char* name;
  long bytes;
};

void bench_conv_strips(const KernelSet& set, Layer& layer, const std::vector<StripBudget>& budgets, Table& table) {
  std::deque<StripScratch> scratches;
  std::deque<PackedMatrix> packings;
  std::vector<Variant> variants;
  for (const StripBudget& budget : budgets) {
    StripScratch& scratch = scratches.emplace_back(layer, strip_rows_for(layer, budget.bytes));
    const PackedMatrix& packed =
        packings.emplace_back(pack_conv(layer, scratch, layer.rows, layer.channels, append_gap8));
    for (int width : {2, 3, 4, 6}) {
      variants.push_back(conv_variant(set, std::string(budget.name) + " x" + std::to_string(width),
                                      {kGap8Blocks, width, as_size(scratch.plane_bytes()), nullptr}, packed, layer,
                                      scratch));
    }
  }
  table.add_line(layer.label, layer.macs(), layer.matrix.nonzeros, variants);
}

void bench_conv_blocks(const KernelSet& set, Layer& layer, long strip_bytes, Table& table) {
  StripScratch scratch(layer, strip_rows_for(layer, strip_bytes));
  std::deque<PackedMatrix> packings;
  std::vector<Variant> variants;
  for (int block : {8, 16, 32, 64}) {
    const PackedMatrix& packed = packings.emplace_back(pack_conv(layer, scratch, layer.rows, block, append_gap8));
    for (int width : {2, 4, 6}) {
      variants.push_back(conv_variant(set, std::to_string(block) + " x" + std::to_string(width),
                                      {kGap8Blocks, width, as_size(scratch.plane_bytes()), nullptr}, packed, layer,
                                      scratch));
    }
  }
  table.add_line(layer.label, layer.macs(), layer.matrix.nonzeros, variants);
}

void bench_conv_panels(const KernelSet& set, Layer& layer, long strip_bytes, Table& table) {
  StripScratch scratch(layer, strip_rows_for(layer, strip_bytes));
  std::deque<PackedMatrix> packings;
  std::vector<Variant> variants;
  for (int block : {16, 32}) {
    for (int panel : {32, 64, 128, layer.rows}) {
      const PackedMatrix& packed = packings.emplace_back(pack_conv(layer, scratch, panel, block, append_gap8));
      const std::string name =
          std::to_string(block) + " / " + (packings.size() % 4 == 0 ? "all" : std::to_string(panel));
      variants.push_back(conv_variant(set, name,
                                      {kGap8Blocks, kTilePixels / set.lanes, as_size(scratch.plane_bytes()), nullptr},
                                      packed, layer, scratch));
    }
  }
  table.add_line(layer.label, layer.macs(), layer.matrix.nonzeros, variants);
}

// ---- The whole run --------------------------------------------------------------------------------------------------

bool bench_all_1x1(const KernelSet& set) {
  Table table("Sparse 1x1: GMAC/s on non-zeros, best (median), bytes per non-zero", true);
  const Pointwise shapes[] = {{64, 64, 56},   {64, 256, 56},   {24, 144, 56},   {256, 64, 56},  {128, 512, 28},
                              {512, 128, 28}, {256, 1024, 14}, {1024, 256, 14}, {512, 2048, 7}, {960, 160, 7}};
  for (double density : {0.1, 0.2}) {
    for (const Pointwise& shape : shapes) bench_1x1(set, shape, density, table);
  }
  const bool right = table.finish();
  Table very_sparse("Very sparse 1x1: where gaps need bridges and segments are short", true);
  for (double density : {0.01, 0.03, 0.05}) {
    for (const Pointwise& shape : {Pointwise{256, 64, 56}, {1024, 256, 14}})
      bench_1x1(set, shape, density, very_sparse);
  }
  const bool very_sparse_right = very_sparse.finish();
  Table panels("Sparse 1x1, gap8: input channels per block / rows per panel", false);
  for (double density : {0.1, 0.2}) {
    for (const Pointwise& shape :
         {Pointwise{256, 64, 56}, {512, 128, 28}, {256, 1024, 14}, {1024, 256, 14}, {512, 2048, 7}, {960, 160, 7}}) {
      bench_1x1_panels(set, shape, density, panels);
    }
  }
  return panels.finish() && very_sparse_right && right;
}

bool bench_all_3x3(const KernelSet& set, long l1_bytes, long l2_bytes) {
  std::deque<Layer> layers;
  for (double density : {0.1, 0.2}) {
    for (const Pointwise& s : {Pointwise{64, 64, 56}, {128, 128, 28}, {256, 256, 14}, {512, 512, 7}}) {
      layers.emplace_back(s.channels, s.rows, s.edge, kKernelSize, density);
    }
  }
  Table encodings("Sparse 3x3: index encodings; strips of L2/2, tiles of 64 pixels; bytes per non-zero", true);
  for (Layer& layer : layers) bench_conv_encodings(set, layer, l2_bytes / 2, encodings);
  bool right = encodings.finish();
  Table strips("Sparse 3x3: scratch budget of a strip x tile width in vectors; gap8, segment per ky", false);
  const std::vector<StripBudget> budgets{{"whole", std::numeric_limits<long>::max()},
                                         {"L1/2", l1_bytes / 2},
                                         {"L2/4", l2_bytes / 4},
                                         {"L2/2", l2_bytes / 2}};
  for (Layer& layer : layers) bench_conv_strips(set, layer, budgets, strips);
  right = strips.finish() && right;
  Table blocks("Sparse 3x3: input channels per block x tile width in vectors; gap8, strips of L2/2", false);
  for (Layer& layer : layers) bench_conv_blocks(set, layer, l2_bytes / 2, blocks);
  right = blocks.finish() && right;
  Table panels("Sparse 3x3: input channels per block / rows per panel; gap8, strips of L2/2, tiles of 64 pixels",
               false);
  for (Layer& layer : layers) bench_conv_panels(set, layer, l2_bytes / 2, panels);
  return panels.finish() && right;
}

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown CPU";
}

long cache_bytes(int name, long otherwise) {
  const long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

int run(const std::string& wanted_isa) {
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 = __builtin_cpu_supports("avx512f");
  if (!has_avx2 || (wanted_isa == "avx512" && !has_avx512)) {
    std::fprintf(stderr, "format_bench: this CPU has no %s\n", has_avx2 ? "AVX-512" : "AVX2 with FMA");
    return 1;
  }
  const KernelSet set = has_avx512 && wanted_isa != "avx2" ? avx512_kernels() : avx2_kernels();
  const long l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10),
             l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20);
  std::printf("%s, one core, L1D %ld KiB, L2 %ld KiB, %s\n", cpu_name().c_str(), l1_bytes >> 10, l2_bytes >> 10,
              set.isa);
  const bool right_1x1 = bench_all_1x1(set);
  const bool right_3x3 = bench_all_3x3(set, l1_bytes, l2_bytes);
  return right_1x1 && right_3x3 ? 0 : 1;
}

}  // namespace
}  // namespace lacuna::format_bench

int main(int argc, char** argv) {
  const std::string isa = argc == 2 ? argv[1] : "";
  if (argc > 2 || !(isa.empty() || isa == "avx2" || isa == "avx512")) {
    std::fprintf(stderr, "usage: format_bench [avx2|avx512]\n");
    return 2;
  }
  return lacuna::format_bench::run(isa);
}
