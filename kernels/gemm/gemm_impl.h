// Dense products over the tier's Vec.
#pragma once

#include <algorithm>

#include "kernels/gemm/gemm.h"
#include "kernels/tile_impl.h"

namespace lacuna {
namespace {

/// Pixels behind the vectors of a run, fewer than are worth a vector: rows along lanes. Some may not exist.
template <int kBlock, int kPixels>
struct LeftPixels {
  static constexpr int kLanes = kBlock < Vec::kLanes ? kBlock : Vec::kLanes;
  static constexpr int kVecs = kBlock / kLanes;
  static constexpr int kSums = std::max(kPixels, 1);
  Vec sum[kSums][kVecs];

  LeftPixels() {
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) sum[p][v] = zero();
    }
  }
  /// x: the pixels of a column, w: its weights.
  void add_column(const float* x, const float* w) {
#pragma GCC unroll 4
    for (int v = 0; kPixels > 0 && v < kVecs; ++v) {
      const Vec weights = kLanes < Vec::kLanes ? load_first(w, kLanes) : load(w + v * Vec::kLanes);
#pragma GCC unroll 4
      for (int p = 0; p < kPixels; ++p) sum[p][v] = fma(weights, splat(x[p]), sum[p][v]);
    }
  }
  void end(const TileOutput& out, int64_t row, int64_t rows, int pixels) const {
    for (int p = 0; p < pixels; ++p) {
      float sums[kBlock];
      for (int v = 0; v < kVecs; ++v) store_first(sums + v * Vec::kLanes, sum[p][v], kLanes);
      TileOutput pixel = out;
      pixel.y += p;
      if (pixel.residual != nullptr) pixel.residual += p;
      for (int64_t m = 0; m < rows; ++m) end_sum(pixel, row + m, start_sum(pixel, row + m) + sums[m]);
    }
  }
};

/// Some lanes of each row, one after the other: little code for a vector that is cut.
[[gnu::noinline]] inline void copy_lanes(const float* from, int64_t from_stride, int64_t rows, int lanes, float* to,
                                         int64_t to_stride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int i = 0; i < lanes; ++i) to[r * to_stride + i] = from[r * from_stride + i];
  }
}

/// A cut vector of each of MR rows.
template <int MR>
struct CutRows {
  float lanes[MR * Vec::kLanes] = {};

  void read(const float* from, int64_t stride, int64_t rows, int tail) {
    copy_lanes(from, stride, rows < MR ? rows : MR, tail, lanes, Vec::kLanes);
  }
  void write(float* to, int64_t stride, int64_t rows, int tail) const {
    copy_lanes(lanes, Vec::kLanes, rows < MR ? rows : MR, tail, to, stride);
  }
  float* at(int m) { return lanes + m * Vec::kLanes; }
};

/// As start_sums and end_sums of MR rows, whose conditions are asked once. Rows from `rows` on do not exist: they are
/// as the last one, which is stored after them. Only single vectors are cut.
template <int MR, int NR, bool kMasked>
[[gnu::always_inline]] inline void start_rows(const TileOutput& out, int64_t row, int64_t rows, int tail,
                                              Vec (*sum)[NR]) {
  static_assert(!kMasked || NR == 1);
  if (!out.first) {
    const float* y = out.y + row * out.row_stride;
    if constexpr (kMasked) {
      CutRows<MR> cut;
      cut.read(y, out.row_stride, rows, tail);
#pragma GCC unroll 8
      for (int m = 0; m < MR; ++m) sum[m][0] = load(cut.at(m));
      return;
    }
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
      load_run<NR>(y, sum[m]);
      if (m + 1 < rows) y += out.row_stride;
    }
    return;
  }
  Vec bias[MR / Vec::kLanes];
  for (Vec& v : bias) v = zero();
  if (out.bias != nullptr && rows >= MR) {
    load_run<MR / Vec::kLanes>(out.bias + row, bias);
  } else if (out.bias != nullptr) {
    float existing[MR] = {};
    for (int64_t m = 0; m < rows; ++m) existing[m] = out.bias[row + m];
    load_run<MR / Vec::kLanes>(existing, bias);
  }
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 8
    for (int j = 0; j < NR; ++j) sum[m][j] = lane(bias[m / Vec::kLanes], m % Vec::kLanes);
  }
}
template <int MR, int NR, bool kMasked>
[[gnu::always_inline]] inline void end_rows(const TileOutput& out, int64_t row, int64_t rows, int tail,
                                            Vec (*sum)[NR]) {
  if (out.last && out.residual != nullptr) {
    const float* residual = out.residual + row * out.residual_stride;
    CutRows<kMasked ? MR : 1> cut;
    if constexpr (kMasked) cut.read(residual, out.residual_stride, rows, tail);
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 8
      for (int j = 0; j < NR; ++j) {
        sum[m][j] = add(sum[m][j], load(kMasked ? cut.at(m) : residual + j * Vec::kLanes));
      }
      if (m + 1 < rows) residual += out.residual_stride;
    }
  }
  if (out.last && out.clamps) {
    const Vec low = splat(out.low), high = splat(out.high);
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 8
      for (int j = 0; j < NR; ++j) sum[m][j] = max(low, sum[m][j]);
    }
    if (out.high != __builtin_inff()) {
#pragma GCC unroll 8
      for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 8
        for (int j = 0; j < NR; ++j) sum[m][j] = min(high, sum[m][j]);
      }
    }
  }
  if constexpr (kMasked) {
    CutRows<MR> cut;
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) store(cut.at(m), sum[m][0]);
    cut.write(out.y + row * out.row_stride, out.row_stride, rows, tail);
    return;
  }
  float* y = out.y + (row + (rows < MR ? rows : MR) - 1) * out.row_stride;
#pragma GCC unroll 8
  for (int m = MR - 1; m >= 0; --m) {
    store_run<NR>(y, sum[m]);
    if (m < rows) y -= out.row_stride;
  }
}

constexpr int kMostLeft = 4;

/// Whether a run of `vectors` vectors has registers for `left` pixels behind them.
constexpr bool takes_left(int vectors, int left) {
  if (Vec::kLaneProducts || left == 0 || left > kMostLeft) return false;
  return (Vec::kLanes >= 8 && vectors == 2) || (Vec::kLanes == 16 && vectors == 3 && left == 1);
}

/// MR of the kBlock rows of a row block, from row `row` on, whose weights start at `w`, against NR vectors; all rows of
/// the block against up to kLeft pixels behind them. Rows that do not exist have zero weights and are not written.
template <int kBlock, int MR, int NR, bool kMasked, int kLeft, bool kOffsets>
inline void multiply_rows(const DenseTile& rows, const float* w, int64_t row, const TileInput& in,
                          const TileOutput& out, int tail) {
  const int64_t left = rows.rows - row;
  Vec sum[MR][NR];
  LeftPixels<kBlock, kLeft> pixels;
  constexpr bool kTogether = Vec::kLaneProducts && MR % Vec::kLanes == 0;
  if constexpr (kTogether) {
    start_rows<MR, NR, kMasked>(out, row, left, tail, sum);
  } else {
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) start_sums<NR, kMasked>(out, m < left ? row + m : row, tail, sum[m]);
  }
  for (int64_t c = 0; c < rows.columns; ++c, w += kBlock) {
    const float* x = column_of<kOffsets>(in, c);
    Vec v[NR];
    load_run<NR>(x, v);
    const Factors<MR> factors(w);
    if constexpr (!Vec::kLaneProducts) {
      __builtin_prefetch(w + rows.block_stride);  // the next row block: the hardware does not foresee the leap
    }
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
      const Vec splatted = factors[m];
#pragma GCC unroll 8
      for (int j = 0; j < NR; ++j) sum[m][j] = fma(splatted, v[j], sum[m][j]);
    }
    pixels.add_column(x + NR * Vec::kLanes, w);
  }
  if constexpr (kTogether) {
    end_rows<MR, NR, kMasked>(out, row, left, tail, sum);
  } else {
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) {
      if (m < left) end_sums<NR, kMasked>(out, row + m, tail, sum[m]);
    }
  }
  if constexpr (kLeft > 0) {
    TileOutput behind = out;
    behind.y += NR * Vec::kLanes;
    if (behind.residual != nullptr) behind.residual += NR * Vec::kLanes;
    pixels.end(behind, row, left < kBlock ? left : kBlock, out.pixels - NR * Vec::kLanes);
  }
}

/// The row block from row `row` on, MR rows at a time.
template <int kBlock, int MR, bool kOffsets>
struct MultiplyBlock {
  const DenseTile& rows;
  int64_t row;
  const TileInput& in;
  const TileOutput& out;

  template <int NR, bool kMasked>
  void run(int tail) const {
    const float* w = rows.values + row / kBlock * rows.block_stride;
    if constexpr (Vec::kLaneProducts && MR == kBlock && MR % 8 == 0 && is_built(TileKind::kHalfBlock)) {
      // Half of the block does not exist: half of the work is spared.
      if (rows.rows - row <= MR / 2) {
        return multiply_rows<kBlock, MR / 2, NR, kMasked, 0, kOffsets>(rows, w, row, in, out, tail);
      }
    }
    for (int m = 0; m < kBlock && row + m < rows.rows; m += MR) {
      multiply_rows<kBlock, MR, NR, kMasked, 0, kOffsets>(rows, w + m, row + m, in, out, tail);
    }
  }
  /// NR whole vectors and up to kLeft pixels behind them.
  template <int NR, int kLeft>
  void run_with_left() const {
    const float* w = rows.values + row / kBlock * rows.block_stride;
    multiply_rows<kBlock, MR, NR, false, kLeft, kOffsets>(rows, w, row, in, out, Vec::kLanes);
    for (int m = MR; m < kBlock && row + m < rows.rows; m += MR) {
      multiply_rows<kBlock, MR, NR, false, 0, kOffsets>(rows, w + m, row + m, in, out, Vec::kLanes);
    }
  }
  /// The run of `vectors` vectors and `left` pixels, as takes_left says.
  void run_with_left(int vectors, int left) const {
    if constexpr (Vec::kLanes >= 8) {
      if (vectors == 3) return run_with_left<3, 1>();
      left == 1 ? run_with_left<2, 1>() : run_with_left<2, kMostLeft>();
    }
  }
};

/// Some of the rows of a row block, along lanes.
template <int kBlock>
struct RowLanes {
  static constexpr int kLanes = kBlock < Vec::kLanes ? kBlock : Vec::kLanes;
  static constexpr int kVecs = kBlock / kLanes;
  static Vec load_lanes(const float* w) { return kLanes < Vec::kLanes ? load_first(w, kLanes) : load(w); }
};

/// One pixel of the row block from row `row` on. Columns alternate between sums, so that additions do not wait for one
/// another.
template <int kBlock, bool kOffsets>
inline void multiply_pixel(const DenseTile& rows, int64_t row, const TileInput& in, const TileOutput& out) {
  using Rows = RowLanes<kBlock>;
  constexpr int kSums = 4;
  const float* w = rows.values + row / kBlock * rows.block_stride;
  Vec sum[kSums][Rows::kVecs];
  for (int i = 0; i < kSums; ++i) {
    for (int v = 0; v < Rows::kVecs; ++v) sum[i][v] = zero();
  }
  const auto add_column = [&](int64_t c, Vec* sums) {
    const Vec x = splat(*column_of<kOffsets>(in, c));
#pragma GCC unroll 4
    for (int v = 0; v < Rows::kVecs; ++v) {
      sums[v] = fma(Rows::load_lanes(w + c * kBlock + v * Vec::kLanes), x, sums[v]);
    }
  };
  int64_t c = 0;
  for (; c + kSums <= rows.columns; c += kSums) {
#pragma GCC unroll 4
    for (int i = 0; i < kSums; ++i) add_column(c + i, sum[i]);
  }
  for (; c < rows.columns; ++c) add_column(c, sum[0]);
  float sums[kBlock];
  for (int v = 0; v < Rows::kVecs; ++v) {
    store_first(sums + v * Vec::kLanes, add(add(sum[0][v], sum[1][v]), add(sum[2][v], sum[3][v])), Rows::kLanes);
  }
  for (int m = 0; m < kBlock && row + m < rows.rows; ++m) end_sum(out, row + m, start_sum(out, row + m) + sums[m]);
}

/// Pixels [first, first + pixels) of a tile.
inline void narrow(int first, int pixels, TileInput* in, TileOutput* out) {
  in->x += first;
  out->y += first;
  if (out->residual != nullptr) out->residual += first;
  out->pixels = pixels;
}

/// As for_run of whole vectors, at most kMaxNr. One alone is rare: it shares the code of one that is cut.
template <int kMaxNr, class Body>
inline void for_whole_run(int vectors, const Body& body) {
  if constexpr (kMaxNr > 1) {
    if (vectors < kMaxNr) return for_whole_run<kMaxNr - 1>(vectors, body);
  }
  body.template run<kMaxNr, kMaxNr == 1>(Vec::kLanes);
}

/// How a tile's columns lie.
enum class Columns : uint8_t {
  kStrided,
  kOffsets,
  kPanels,  ///< strided, and brought together run by run, so that they take few cache lines and pages
};

/// The columns of the run of `pixels` pixels from pixel `first` on, which are copied if `copies`.
inline TileInput panel_of([[maybe_unused]] const TileInput& in, [[maybe_unused]] int first, [[maybe_unused]] int pixels,
                          [[maybe_unused]] int64_t columns, [[maybe_unused]] bool copies) {
#if defined(__x86_64__)
  const int vectors = (pixels + Vec::kLanes - 1) / Vec::kLanes;
  float* panel = in.panels + first * columns;
  float* to = panel;
  for (int64_t c = 0; copies && c < columns; ++c) {
    const float* x = in.x + c * in.column_stride + first;
    for (int v = 0; v < vectors; ++v, to += Vec::kLanes) store(to, load(x + v * Vec::kLanes));
  }
  return {panel, vectors * Vec::kLanes, nullptr};
#else
  return in;
#endif
}

/// A tile in equal runs of at most NR vectors; few pixels behind whole vectors are not worth one. All runs take a
/// row block before the next: its weights come from L1 or L2 then.
template <int kBlock, int MR, int NR, Columns kColumns>
inline void multiply_runs(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  constexpr bool kOffsets = kColumns == Columns::kOffsets;
  const int whole = out.pixels / Vec::kLanes, left = out.pixels % Vec::kLanes;
  const int whole_runs = (whole + NR - 1) / NR;
  const int last_run = whole == 0 ? 0 : whole - whole * (whole_runs - 1) / whole_runs;
  const bool joins = takes_left(last_run, left), single = whole > 0 && !joins && left == 1;
  const bool cut = Vec::kLaneProducts && left > 0 && !single;  // a vector apart: fewer kinds of runs
  const int pixels = joins || single || cut ? out.pixels - left : out.pixels;
  const int vectors = (pixels + Vec::kLanes - 1) / Vec::kLanes;
  const int runs = (vectors + NR - 1) / NR;
  for (int64_t row = 0; row < rows.rows; row += kBlock) {
    for (int run = 0; run < runs; ++run) {
      const int first = vectors * run / runs * Vec::kLanes, end = vectors * (run + 1) / runs * Vec::kLanes;
      const bool with_left = joins && run == runs - 1;
      TileInput run_in = in;
      TileOutput run_out = out;
      narrow(first, (with_left ? out.pixels : end < pixels ? end : pixels) - first, &run_in, &run_out);
      if (kColumns == Columns::kPanels) run_in = panel_of(in, first, run_out.pixels, rows.columns, row == 0);
      const MultiplyBlock<kBlock, MR, kOffsets> block{rows, row, run_in, run_out};
      if (with_left) {
        block.run_with_left(last_run, left);
      } else if constexpr (Vec::kLaneProducts) {
        for_whole_run<NR>(run_out.pixels / Vec::kLanes, block);
      } else {
        for_run<NR>(run_out.pixels, block);
      }
    }
    if constexpr (Vec::kLaneProducts) {
      if (cut) {
        TileInput cut_in = in;
        TileOutput cut_out = out;
        narrow(pixels, left, &cut_in, &cut_out);
        MultiplyBlock<kBlock, MR, kOffsets>{rows, row, cut_in, cut_out}.template run<1, true>(left);
      }
    }
    if (single) {
      TileInput pixel_in = in;
      TileOutput pixel_out = out;
      narrow(pixels, 1, &pixel_in, &pixel_out);
      multiply_pixel<kBlock, kOffsets>(rows, row, pixel_in, pixel_out);
    }
  }
}

template <int kBlock, int MR, int NR>
inline void multiply_tile(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  constexpr bool kLines = is_built(TileKind::kDenseLines);
  constexpr bool kOthers = is_built(TileKind::kDensePlanes) || is_built(TileKind::kDensePixels);
  if (kLines && (!kOthers || in.offsets != nullptr)) {
    return multiply_runs<kBlock, MR, NR, Columns::kOffsets>(rows, in, out);
  }
#if defined(__x86_64__)
  if constexpr (Vec::kLanes == 8) {
    if (in.panels != nullptr) return multiply_runs<kBlock, MR, NR, Columns::kPanels>(rows, in, out);
  }
#endif
  multiply_runs<kBlock, MR, NR, Columns::kStrided>(rows, in, out);
}

/// One pixel: kBlocks row blocks at once, rows along lanes.
template <int kBlock, int kBlocks>
inline void multiply_vector_blocks(const DenseTile& rows, int64_t row, const TileInput& in, const TileOutput& out) {
  constexpr int kVecs = kBlock / Vec::kLanes;
  const float* w = rows.values + row / kBlock * rows.block_stride;
  Vec sum[kBlocks][kVecs];
#pragma GCC unroll 8
  for (int b = 0; b < kBlocks; ++b) {
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) sum[b][v] = zero();
  }
  const float* x = in.x;
  for (int64_t c = 0; c < rows.columns; ++c, x += in.column_stride, w += kBlock) {
    const Vec splatted = splat(*x);
#pragma GCC unroll 8
    for (int b = 0; b < kBlocks; ++b) {
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) {
        sum[b][v] = fma(load(w + b * rows.block_stride + v * Vec::kLanes), splatted, sum[b][v]);
      }
    }
  }
  const int64_t left = rows.rows - row;
  for (int b = 0; b < kBlocks; ++b) {
    float sums[kBlock];
    for (int v = 0; v < kVecs; ++v) store(sums + v * Vec::kLanes, sum[b][v]);
    for (int i = 0; i < kBlock && b * kBlock + i < left; ++i) {
      const int64_t at = row + b * kBlock + i;
      end_sum(out, at, start_sum(out, at) + sums[i]);
    }
  }
}

/// kBlocks is a power of two.
template <int kBlock, int kBlocks>
inline void multiply_vector(const DenseTile& rows, int64_t row, const TileInput& in, const TileOutput& out) {
  for (; row + (kBlocks - 1) * kBlock < rows.rows; row += kBlocks * kBlock) {
    multiply_vector_blocks<kBlock, kBlocks>(rows, row, in, out);
  }
  if constexpr (kBlocks > 1) multiply_vector<kBlock, kBlocks / 2>(rows, row, in, out);
}

/// MR rows of x against one row block of 16, units along lanes.
template <int MR>
inline void multiply_product(const DenseProduct& p, int64_t first, int64_t unit, int64_t column, int64_t columns) {
  constexpr int kBlock = 16;
  constexpr int kVecs = kBlock / Vec::kLanes;
  const int64_t units = p.rows.rows - unit < kBlock ? p.rows.rows - unit : kBlock;
  int lanes[kVecs];
  for (int v = 0; v < kVecs; ++v) {
    const int64_t left = units - v * Vec::kLanes;
    lanes[v] = static_cast<int>(left < 0 ? 0 : left < Vec::kLanes ? left : Vec::kLanes);
  }
  const float* x = p.x + first * p.x_stride + column;
  float* y = p.y + first * p.y_stride + unit;
  Vec sum[MR][kVecs];
#pragma GCC unroll 4
  for (int v = 0; v < kVecs; ++v) {
    const Vec bias = p.bias != nullptr ? load_first(p.bias + unit + v * Vec::kLanes, lanes[v]) : zero();
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) {
      sum[m][v] = column == 0 ? bias : load_first(y + m * p.y_stride + v * Vec::kLanes, lanes[v]);
    }
  }
  const float* weight = p.rows.values + unit / kBlock * p.rows.block_stride + column * kBlock;
  for (int64_t c = 0; c < columns; ++c, weight += kBlock) {
    Vec w[kVecs];
#pragma GCC unroll 4
    for (int v = 0; v < kVecs; ++v) w[v] = load(weight + v * Vec::kLanes);
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) {
      const Vec splatted = splat(x[m * p.x_stride + c]);
#pragma GCC unroll 4
      for (int v = 0; v < kVecs; ++v) sum[m][v] = fma(w[v], splatted, sum[m][v]);
    }
  }
  const bool last = column + columns == p.rows.columns;
  const Vec low = splat(p.low), high = splat(p.high);
#pragma GCC unroll 4
  for (int v = 0; v < kVecs; ++v) {
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) {
      Vec r = sum[m][v];
      const int64_t at = m * p.y_stride + v * Vec::kLanes;
      if (last && p.residual != nullptr) {
        r = add(r, load_first(p.residual + first * p.y_stride + unit + at, lanes[v]));
      }
      if (last && p.clamps) r = clamp(r, low, high);
      store_first(y + at, r, lanes[v]);
    }
  }
}

/// The remaining rows of x, fewer than MR + 1.
template <int MR>
inline void multiply_product_rest(const DenseProduct& p, int64_t first, int64_t unit, int64_t column, int64_t columns) {
  if constexpr (MR > 0) {
    if (p.count - first == MR) {
      multiply_product<MR>(p, first, unit, column, columns);
    } else {
      multiply_product_rest<MR - 1>(p, first, unit, column, columns);
    }
  }
}

/// Columns of a row block that stay in L1 while all rows of x pass: 16 KiB.
constexpr int64_t kProductColumns = 256;

template <int MR>
inline void multiply_products(const DenseProduct& p) {
  for (int64_t unit = 0; unit < p.rows.rows; unit += 16) {
    for (int64_t column = 0; column < p.rows.columns; column += kProductColumns) {
      const int64_t left = p.rows.columns - column;
      const int64_t columns = left < kProductColumns ? left : kProductColumns;
      int64_t first = 0;
      for (; first + MR <= p.count; first += MR) multiply_product<MR>(p, first, unit, column, columns);
      multiply_product_rest<MR - 1>(p, first, unit, column, columns);
    }
  }
}

}  // namespace
}  // namespace lacuna
