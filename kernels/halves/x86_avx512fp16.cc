#include "kernels/halves/halves.h"

#if LACUNA_AVX512FP16

#include <cstring>

#include "kernels/halves/half_vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/dwconv/plane_rows.h"
#include "kernels/halves/dense_runs.h"

namespace lacuna {
namespace {

constexpr int kLanes = Vec::kLanes;

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

struct Clamp {
  Vec low, high;
  Clamp(float lowest, float highest) : low(splat(lowest)), high(splat(highest)) {}
  Vec operator()(Vec x) const { return min(high, max(low, x)); }
};

// Products.

/// NR vectors of pixels; the last one has fewer.
template <int NR>
struct Pixels {
  Mask tail;
  explicit Pixels(int64_t pixels) : tail(first_lanes(pixels - (NR - 1) * kLanes)) {}

  void load_to(const Half* x, Vec* v) const {
#pragma GCC unroll 4
    for (int j = 0; j + 1 < NR; ++j) v[j] = load(x + j * kLanes);
    v[NR - 1] = load_masked(tail, x + (NR - 1) * kLanes);
  }
  void store_to(Half* y, const Vec* v) const {
#pragma GCC unroll 4
    for (int j = 0; j + 1 < NR; ++j) store(y + j * kLanes, v[j]);
    store_masked(tail, y + (NR - 1) * kLanes, v[NR - 1]);
  }
  void add_from(const Half* x, Vec* sum) const {
    Vec v[NR];
    load_to(x, v);
#pragma GCC unroll 4
    for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], v[j]);
  }

  /// Adds what the output has so far, bias and residual, clamps and stores: what of it the tile asks for.
  void end_row(const HalfTile& t, int64_t row, const Clamp& clamp, bool starts, bool ends, Vec* sum) const {
    Half* y = t.y + row * t.y_stride;
    if (!starts) add_from(y, sum);
    if (ends) {
      const Vec bias = splat(t.bias != nullptr ? t.bias[row] : 0.0f);
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], bias);
      if (t.residual != nullptr) add_from(t.residual + row * t.residual_stride, sum);
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) sum[j] = t.clamps ? clamp(sum[j]) : sum[j];
    }
    store_to(y, sum);
  }
};

/// Sums of parts of kHalfEntries, whose sum is the row's.
template <int NR>
void multiply_rows(const SparseTile& rows, const HalfTile& t) {
  const Pixels<NR> pixels(t.pixels);
  const Clamp clamp(t.low, t.high);
  const uint8_t* gap = rows.gaps;
  const auto* value = reinterpret_cast<const Half*>(rows.values);
  for (int64_t at = 0; at < rows.rows; ++at) {
    const int64_t row = rows.row(at);
    uint16_t count;
    std::memcpy(&count, rows.counts + at * 2, sizeof(count));
    const Half* x = t.x;
    Vec sum[NR];
#pragma GCC unroll 4
    for (int j = 0; j < NR; ++j) sum[j] = zero();
    for (int left = count; left > 0; left -= kHalfEntries) {
      Vec part[NR];
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) part[j] = zero();
      for (int64_t n = least(left, kHalfEntries); n > 0; --n) {
        x += *gap++ * t.x_stride;
        const Vec weight = splat_of(value++);
        Vec v[NR];
        pixels.load_to(x, v);
#pragma GCC unroll 4
        for (int j = 0; j < NR; ++j) part[j] = fma(v[j], weight, part[j]);
      }
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], part[j]);
    }
    pixels.end_row(t, row, clamp, t.first, t.last, sum);
  }
}

void multiply_sparse(const SparseTile& rows, const HalfTile& t) {
  static_assert(kHalfTilePixels == 4 * kLanes);
  if (t.pixels <= kLanes) return multiply_rows<1>(rows, t);
  if (t.pixels <= 2 * kLanes) return multiply_rows<2>(rows, t);
  if (t.pixels <= 3 * kLanes) return multiply_rows<3>(rows, t);
  multiply_rows<4>(rows, t);
}

/// A block of rows from `row` on, whose weights start at `w`, against NR vectors of pixels; sums of kHalfColumns.
template <int NR>
void multiply_block(const DenseTile& rows, const Half* w, int64_t row, const HalfTile& t) {
  const Pixels<NR> pixels(t.pixels);
  const Clamp clamp(t.low, t.high);
  const int64_t exist = least(rows.rows - row, kBlockRows);
  const Half* x = t.x;
  bool starts = t.first;
  for (int64_t left = rows.columns; left > 0; starts = false) {
    const int64_t n = least(left, kHalfColumns);
    left -= n;
    Vec sum[kBlockRows][NR];
#pragma GCC unroll 8
    for (int m = 0; m < kBlockRows; ++m) {
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) sum[m][j] = zero();
    }
    for (int64_t c = 0; c < n; ++c, x += t.x_stride, w += kBlockRows) {
      Vec v[NR];
      pixels.load_to(x, v);
#pragma GCC unroll 8
      for (int m = 0; m < kBlockRows; ++m) {
        const Vec weight = splat_of(w + m);
#pragma GCC unroll 4
        for (int j = 0; j < NR; ++j) sum[m][j] = fma(v[j], weight, sum[m][j]);
      }
    }
#pragma GCC unroll 8
    for (int m = 0; m < kBlockRows; ++m) {
      if (m < exist) pixels.end_row(t, row + m, clamp, starts, left == 0 && t.last, sum[m]);
    }
  }
}

void multiply_dense(const DenseTile& rows, const HalfTile& tile) {
  for_each_run(rows, tile, [&](int64_t row, const Half* w, const HalfTile& t) {
    if (t.pixels <= kLanes) return multiply_block<1>(rows, w, row, t);
    if (t.pixels <= 2 * kLanes) return multiply_block<2>(rows, w, row, t);
    multiply_block<3>(rows, w, row, t);
  });
}

// Depthwise windows.

/// `at` counts from the tile's first output.
void end_window(const HalfDwconvTile& t, const PlaneOf<Half>& p, const Clamp& clamp, Mask mask, int64_t at, Vec sum) {
  sum = add(sum, splat(p.bias));
  if (p.residual != nullptr) sum = add(sum, load_masked(mask, p.residual + at));
  if (t.clamps) sum = clamp(sum);
  store_masked(mask, p.y + at, sum);
}

/// What the taps of 32 outputs in a row may read, of a plane whose rows are as long in as out. The outputs go on from
/// row to row, and so does what a tap reads: the same distance away for all of them.
template <int kKernel>
struct FlatMasks {
  Mask taps[kKernel][kKernel];

  FlatMasks(const Window& height, const Window& width, int64_t first, Mask outputs) {
    for (int ky = 0; ky < kKernel; ++ky) {
      const int64_t from = first + (ky - height.pad) * width.in;
      const Mask rows = outputs & lanes_between(-from, height.in * width.in - from);
      for (int kx = 0; kx < kKernel; ++kx) taps[ky][kx] = rows & columns(width, first, kx);
    }
  }

 private:
  static Mask columns(const Window& width, int64_t first, int kx) {
    const int64_t shift = kx - width.pad;
    Mask mask = 0;
    for (int64_t row = -(first % width.out); row < kLanes; row += width.out) {
      mask |= lanes_between(row - least(0, shift), row + least(width.out, width.out - shift));
    }
    return mask;
  }
};

/// Stride 1.
template <int kKernel>
void filter_flat(const HalfDwconvTile& t) {
  const Window &height = t.plan->height, &width = t.plan->width;
  const Clamp clamp(t.low, t.high);
  const int64_t begin = t.first_row * width.out, end = begin + t.rows * width.out;
  for (int64_t first = begin; first < end; first += kLanes) {
    const Mask outputs = first_lanes(end - first);
    const FlatMasks<kKernel> masks(height, width, first, outputs);
    for_each_plane(t, [&](const HalfDwconvTile&, const PlaneOf<Half>& p) {
      Vec sum = zero();
#pragma GCC unroll 8
      for (int ky = 0; ky < kKernel; ++ky) {
        const int64_t from = first + (ky - height.pad) * width.in - width.pad;
#pragma GCC unroll 8
        for (int kx = 0; kx < kKernel; ++kx) {
          sum = fma(load_masked(masks.taps[ky][kx], p.x + (from + kx)), splat_of(p.weights + ky * kKernel + kx), sum);
        }
      }
      end_window(t, p, clamp, outputs, first - begin, sum);
    });
  }
}

/// Positions `from`, from + 1, ... of a row of n, zeros outside: the even ones of 64, and the odd ones.
void load_row_parts(const Half* row, int64_t n, int64_t from, Vec* parts) {
  const Vec low = load_masked(lanes_between(-from, n - from), row + from);
  from += kLanes;
  const Vec high = load_masked(lanes_between(-from, n - from), row + from);
  parts[0] = even_lanes(low, high);
  parts[1] = odd_lanes(low, high);
}

/// Stride 2: 32 outputs of a row at a time.
template <int kKernel>
void filter_halving(const HalfDwconvTile& t) {
  const Window &height = t.plan->height, &width = t.plan->width;
  const Clamp clamp(t.low, t.high);
  for_each_plane(t, [&](const HalfDwconvTile&, const PlaneOf<Half>& p) {
    for (int64_t row = 0; row < t.rows; ++row) {
      for (int64_t column = 0; column < width.out; column += kLanes) {
        Vec sum = zero();
#pragma GCC unroll 8
        for (int ky = 0; ky < kKernel; ++ky) {
          const int64_t from = 2 * (t.first_row + row) + ky - height.pad;
          if (from < 0 || from >= height.in) continue;
          Vec taps[kKernel + 1];
#pragma GCC unroll 8
          for (int kx = 0; kx < kKernel; kx += 2) {
            load_row_parts(p.x + from * width.in, width.in, 2 * column + kx - width.pad, taps + kx);
          }
#pragma GCC unroll 8
          for (int kx = 0; kx < kKernel; ++kx) sum = fma(taps[kx], splat_of(p.weights + ky * kKernel + kx), sum);
        }
        end_window(t, p, clamp, first_lanes(width.out - column), row * width.out + column, sum);
      }
    }
  });
}

// Elementwise, and what moves pixels.

/// Calls body(at, mask) for each vector of n halves.
template <class Body>
inline void for_each_vector(int64_t n, const Body& body) {
  for (int64_t at = 0; at < n; at += kLanes) body(at, first_lanes(n - at));
}

void add_halves(const Half* a, const Half* b, Half* y, int64_t n) {
  for_each_vector(n, [&](int64_t at, Mask mask) {
    store_masked(mask, y + at, add(load_masked(mask, a + at), load_masked(mask, b + at)));
  });
}

/// a0 b0 a1 b1 ..., n of each.
inline void store_interleaved(Vec a, Vec b, int64_t n, Half* y) {
  store_masked(first_lanes(2 * n), y, interleave_low(a, b));
  store_masked(first_lanes(2 * n - kLanes), y + kLanes, interleave_high(a, b));
}

/// 0.75 near + 0.25 far. (Clang 18 crashes at products of masked loads with constants.)
inline Vec blend(Vec near, Vec far) { return fma(far, splat(0.25f), fma(near, splat(-0.25f), near)); }

/// A row of input with twice the pixels.
inline void double_row(const Half* x, int64_t width, Half* y) {
  Half padded[1 + kHalfMostWidth + 1];
  padded[0] = x[0];
  std::memcpy(padded + 1, x, static_cast<size_t>(width) * sizeof(Half));
  padded[1 + width] = x[width - 1];
  for_each_vector(width, [&](int64_t at, Mask mask) {
    const Vec here = load_masked(mask, x + at);
    store_interleaved(blend(here, load_masked(mask, padded + at)), blend(here, load_masked(mask, padded + at + 2)),
                      width - at, y + 2 * at);
  });
}

void double_plane(const Half* x, int64_t height, int64_t width, Half* y) {
  const int64_t row = 2 * width;
  Half rows[2][2 * kHalfMostWidth];
  double_row(x, width, rows[0]);
  std::memcpy(y, rows[0], static_cast<size_t>(row) * sizeof(Half));
  y += row;
  for (int64_t i = 1; i < height; ++i, y += 2 * row) {
    const Half *above = rows[(i & 1) ^ 1], *below = rows[i & 1];
    double_row(x + i * width, width, rows[i & 1]);
    for_each_vector(row, [&](int64_t at, Mask mask) {
      const Vec a = load_masked(mask, above + at), b = load_masked(mask, below + at);
      store_masked(mask, y + at, blend(a, b));
      store_masked(mask, y + row + at, blend(b, a));
    });
  }
  std::memcpy(y, rows[(height & 1) ^ 1], static_cast<size_t>(row) * sizeof(Half));
}

void interleave_planes(const Half* const* x, int64_t height, int64_t width, Half* y) {
  for (int64_t row = 0; row < height; ++row) {
    for (int dy = 0; dy < 2; ++dy, y += 2 * width) {
      const Half *even = x[2 * dy] + row * width, *odd = x[2 * dy + 1] + row * width;
      for_each_vector(width, [&](int64_t at, Mask mask) {
        store_interleaved(load_masked(mask, even + at), load_masked(mask, odd + at), width - at, y + 2 * at);
      });
    }
  }
}

// Conversions.

constexpr int64_t kFloats = 16;

void widen(const Half* x, float* y, int64_t n) {
  for (int64_t at = 0; at < n; at += kFloats) {
    const auto mask = static_cast<__mmask16>(first_lanes(least(n - at, kFloats)));
    _mm512_mask_storeu_ps(y + at, mask, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, x + at)));
  }
}

void narrow(const float* x, Half* y, int64_t n) {
  for (int64_t at = 0; at < n; at += kFloats) {
    const auto mask = static_cast<__mmask16>(first_lanes(least(n - at, kFloats)));
    _mm256_mask_storeu_epi16(y + at, mask,
                             _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, x + at), _MM_FROUND_CUR_DIRECTION));
  }
}

}  // namespace

extern const HalfKernels halves__avx512fp16 = {
    {multiply_sparse, "spmm_f16_f16_f16_tile__avx512fp16"},
    {multiply_dense, "gemm_f16_f16_f16_tile__avx512fp16"},
    {{filter_flat<3>, "dwconv_f16_f16_f16_3x3s1__avx512fp16"},
     {filter_halving<3>, "dwconv_f16_f16_f16_3x3s2__avx512fp16"}},
    {{filter_flat<5>, "dwconv_f16_f16_f16_5x5s1__avx512fp16"},
     {filter_halving<5>, "dwconv_f16_f16_f16_5x5s2__avx512fp16"}},
    {add_halves, "add_f16__avx512fp16"},
    {double_plane, "double_plane_f16__avx512fp16"},
    {interleave_planes, "interleave_planes_f16__avx512fp16"},
    {widen, "widen_f16__avx512fp16"},
    {narrow, "narrow_f16__avx512fp16"},
};

}  // namespace lacuna

#endif
