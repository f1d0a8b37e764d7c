#include "kernels/halves/halves.h"

#if defined(__aarch64__)

#include <cstring>
#include <utility>

#include "kernels/halves/half_vec_neon.h"
// The tier's Vec comes first.
#include "kernels/halves/dense_runs.h"

namespace lacuna {
namespace {

constexpr int kLanes = Vec::kLanes;

struct Clamp {
  Vec low, high;
  Clamp(float lowest, float highest) : low(splat(lowest)), high(splat(highest)) {}
  Vec operator()(Vec x) const { return min(high, max(low, x)); }
};

// Sparse rows.

/// Four vectors, in one instruction that also moves x on by `bytes`.
[[gnu::always_inline]] inline float16x8x4_t load_four(const char*& x, int64_t bytes) {
#if defined(__clang__)
  const float16x8x4_t four = vld1q_f16_x4(reinterpret_cast<const float16_t*>(x));
  x += bytes;
#else  // GCC would make an address for each
  float16x8x4_t four;
  __asm__("ld1 {%S0.8h - %V0.8h}, [%1], %2" : "=w"(four), "+r"(x) : "r"(bytes));
#endif
  return four;
}

/// sum[j] += x[j] * weights[kLane], for NR vectors; kStarts: sum[j] is the product.
template <int NR, int kLane, bool kStarts = false>
[[gnu::always_inline]] inline void add_column(const char* x, Vec weights, Vec* sum) {
  constexpr int kFours = NR / 4 * 4;
  constexpr auto kVector = static_cast<int64_t>(sizeof(Vec));
  const auto add_to = [&](int j, Vec v) __attribute__((always_inline)) {
    sum[j] = kStarts ? mul_first(v, weights) : fma_lane<kLane>(v, weights, sum[j]);
  };
#pragma GCC unroll 4
  for (int j = 0; j < kFours; j += 4) {
    const float16x8x4_t four = load_four(x, 4 * kVector);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) add_to(j + i, {four.val[i]});
  }
  const auto* rest = reinterpret_cast<const float16_t*>(x);
  if constexpr (NR - kFours == 3) {
    const float16x8x3_t three = vld1q_f16_x3(rest);
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) add_to(kFours + i, {three.val[i]});
  } else if constexpr (NR - kFours == 2) {
    const float16x8x2_t two = vld1q_f16_x2(rest);
    add_to(kFours, {two.val[0]});
    add_to(kFours + 1, {two.val[1]});
  } else if constexpr (NR - kFours == 1) {
    add_to(kFours, {vld1q_f16(rest)});
  }
}

/// Where a row's next entry is.
struct Entries {
  const char* x;
  const uint8_t* gap;
  const Half* value;
  int64_t stride;  ///< bytes

  [[gnu::always_inline]] const char* next() { return x += *gap++ * stride; }
};

/// Sums of n entries, at least one.
template <int NR>
[[gnu::always_inline]] inline void sum_entries(int n, Entries& e, Vec* sum) {
  add_column<NR, 0, true>(e.next(), splat_of(e.value++), sum);
  for (--n; n >= 4; n -= 4, e.value += 4) {
    const Vec weights = {vcombine_f16(vld1_f16(halves(e.value)), vdup_n_f16(0))};
    add_column<NR, 0>(e.next(), weights, sum);
    add_column<NR, 1>(e.next(), weights, sum);
    add_column<NR, 2>(e.next(), weights, sum);
    add_column<NR, 3>(e.next(), weights, sum);
  }
  for (; n > 0; --n) add_column<NR, 0>(e.next(), splat_of(e.value++), sum);
}

/// Bias, residual and clamp of NR vectors of row `row`.
template <int NR>
[[gnu::always_inline]] inline void end_row(const HalfTile& t, int64_t row, const Clamp& clamp, Vec* sum) {
  const Vec bias = splat(t.bias != nullptr ? t.bias[row] : 0.0f);
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], bias);
  if (t.residual != nullptr) {
    const Half* residual = t.residual + row * t.residual_stride;
#pragma GCC unroll 16
    for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], load(residual + j * kLanes));
  }
  if (!t.clamps) return;
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = clamp(sum[j]);
}

/// NR vectors; of the last one `tail` lanes.
template <int NR, bool kMasked>
[[gnu::always_inline]] inline void store_row(Half* y, int64_t tail, const Vec* sum) {
#pragma GCC unroll 16
  for (int j = 0; j + 1 < NR; ++j) store(y + j * kLanes, sum[j]);
  if constexpr (kMasked) {
    store_first(y + (NR - 1) * kLanes, sum[NR - 1], static_cast<int>(tail));
  } else {
    store(y + (NR - 1) * kLanes, sum[NR - 1]);
  }
}

template <int NR>
[[gnu::always_inline]] inline void add_stored(const Half* y, Vec* sum) {
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], load(y + j * kLanes));
}

/// The sum of a row: parts of kHalfEntries, in registers where there are enough of them, else in the output.
template <int NR, bool kMasked>
void multiply_rows(const SparseTile& rows, const HalfTile& t) {
  constexpr bool kInRegisters = NR <= 8;
  const int64_t tail = t.pixels - (NR - 1) * kLanes;
  const Clamp clamp(t.low, t.high);
  Entries entries = {nullptr, rows.gaps, reinterpret_cast<const Half*>(rows.values),
                     t.x_stride * static_cast<int64_t>(sizeof(Half))};
  for (int64_t at = 0; at < rows.rows; ++at) {
    const int64_t row = rows.row(at);
    uint16_t count;
    std::memcpy(&count, rows.counts + at * 2, sizeof(count));
    Half* y = t.y + row * t.y_stride;
    entries.x = reinterpret_cast<const char*>(t.x);
    Vec sum[NR];
    int left = count, part = left < kHalfEntries ? left : kHalfEntries;
    if (left == 0) {
#pragma GCC unroll 16
      for (int j = 0; j < NR; ++j) sum[j] = zero();
    } else {
      sum_entries<NR>(part, entries, sum);
    }
    if (!t.first) add_stored<NR>(y, sum);
    for (left -= part; left > 0; left -= part) {
      part = left < kHalfEntries ? left : kHalfEntries;
      if constexpr (kInRegisters) {
        Vec next[NR];
        sum_entries<NR>(part, entries, next);
#pragma GCC unroll 16
        for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], next[j]);
      } else {
        store_row<NR, kMasked>(y, tail, sum);
        sum_entries<NR>(part, entries, sum);
        add_stored<NR>(y, sum);
      }
    }
    if (t.last) end_row<NR>(t, row, clamp, sum);
    store_row<NR, kMasked>(y, tail, sum);
  }
}

template <int NR>
void multiply(const SparseTile& rows, const HalfTile& t) {
  if constexpr (NR > 1) {
    if (t.pixels <= (NR - 1) * kLanes) return multiply<NR - 1>(rows, t);
  }
  t.pixels == NR* kLanes ? multiply_rows<NR, false>(rows, t) : multiply_rows<NR, true>(rows, t);
}

void multiply_sparse(const SparseTile& rows, const HalfTile& t) { multiply<kHalfTilePixels / kLanes>(rows, t); }

// Dense rows.

template <int NR, int... kRow>
[[gnu::always_inline]] inline void add_dense_column(const Half* x, const Half* w, Vec (*sum)[NR],
                                                    std::integer_sequence<int, kRow...>) {
  const Vec weights = load(w);
  Vec v[NR];
#pragma GCC unroll 4
  for (int j = 0; j < NR; ++j) v[j] = load(x + j * kLanes);
#pragma GCC unroll 4
  for (int j = 0; j < NR; ++j) ((sum[kRow][j] = fma_lane<kRow>(v[j], weights, sum[kRow][j])), ...);
}

/// A block of rows from `row` on, whose weights start at `w`, against NR vectors of pixels.
template <int NR, bool kMasked>
void multiply_block(const DenseTile& rows, const Half* w, int64_t row, const HalfTile& t) {
  const Clamp clamp(t.low, t.high);
  const int64_t exist = rows.rows - row < kBlockRows ? rows.rows - row : kBlockRows;
  const Half* x = t.x;
  bool starts = t.first;
  for (int64_t left = rows.columns; left > 0;) {
    const int64_t n = left < kHalfColumns ? left : kHalfColumns;
    left -= n;
    Vec sum[kBlockRows][NR];
#pragma GCC unroll 8
    for (int m = 0; m < kBlockRows; ++m) {
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) sum[m][j] = zero();
    }
#pragma GCC unroll 2
    for (int64_t c = 0; c < n; ++c, x += t.x_stride, w += kBlockRows) {
      add_dense_column<NR>(x, w, sum, std::make_integer_sequence<int, kBlockRows>());
    }
#pragma GCC unroll 8
    for (int m = 0; m < kBlockRows; ++m) {
      if (m >= exist) continue;
      Half* y = t.y + (row + m) * t.y_stride;
      if (!starts) add_stored<NR>(y, sum[m]);
      if (left == 0 && t.last) end_row<NR>(t, row + m, clamp, sum[m]);
      store_row<NR, kMasked>(y, t.pixels - (NR - 1) * kLanes, sum[m]);
    }
    starts = false;
  }
}

template <int NR>
void multiply_run(const DenseTile& rows, const Half* w, int64_t row, const HalfTile& t) {
  t.pixels == NR* kLanes ? multiply_block<NR, false>(rows, w, row, t) : multiply_block<NR, true>(rows, w, row, t);
}

void multiply_dense(const DenseTile& rows, const HalfTile& tile) {
  for_each_run(rows, tile, [&](int64_t row, const Half* w, const HalfTile& t) {
    if (t.pixels <= kLanes) return multiply_run<1>(rows, w, row, t);
    if (t.pixels <= 2 * kLanes) return multiply_run<2>(rows, w, row, t);
    multiply_run<3>(rows, w, row, t);
  });
}

// Elementwise, and what moves pixels.

/// Calls body(at) for each vector of n halves; the last one begins early. n is at least a vector.
template <class Body>
inline void for_each_vector(int64_t n, const Body& body) {
  for (int64_t at = 0; at < n - kLanes; at += kLanes) body(at);
  body(n - kLanes);
}

void add_halves(const Half* a, const Half* b, Half* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, add(load(a + i), load(b + i)));
  if (i < n) store_first(y + i, add(load(a + i), load(b + i)), static_cast<int>(n - i));
}

/// A row of input with twice the pixels; writes whole vectors.
inline void double_row(const Half* x, int64_t width, Half* y) {
  const Vec near = splat(0.75f), far = splat(0.25f);
  for (int64_t at = 0; at < width; at += kLanes) {
    const Vec here = load(x + at), most = mul(here, near);
    const Vec left = at == 0 ? lanes_from<kLanes - 1>(zero(), here) : load(x + at - 1);
    const float16x8x2_t pair = {{fma(left, far, most).v, fma(load(x + at + 1), far, most).v}};
    vst2q_f16(halves(y + 2 * at), pair);
  }
  y[0] = x[0];
  y[2 * width - 1] = x[width - 1];
}

/// The two rows of n pixels between rows a and b of input; null: none.
inline void blend_rows(const Half* a, const Half* b, int64_t n, Half* near_a, Half* near_b) {
  const Vec near = splat(0.75f), far = splat(0.25f);
  for_each_vector(n, [&](int64_t at) {
    const Vec first = load(a + at), second = load(b + at);
    store(near_a + at, fma(second, far, mul(first, near)));
    store(near_b + at, fma(first, far, mul(second, near)));
  });
}

/// Planes of rows of up to a vector, which stay in registers. What a row writes behind its end, the next one writes
/// over.
class NarrowPlane {
 public:
  NarrowPlane(const Half* x, int64_t width)
      : x_(x), width_(width), first_(first_lanes(1)), before_last_(first_lanes(width - 1)) {}

  void double_to(int64_t height, Half* y) const {
    const int64_t row = 2 * width_;
    Row above = load_row(0);
    store_row(y, above);
    y += row;
    for (int64_t i = 1; i < height; ++i, y += 2 * row) {
      const Row below = load_row(i);
      const Row near_above = blend(above, below);
      store_row(y, near_above);
      const Row near_below = blend(below, above);
      store_row(y + row, near_below);
      above = below;
    }
    store(y, above.low);
    store_first(y + kLanes, above.high, static_cast<int>(row - kLanes));
  }

 private:
  struct Row {
    Vec low, high;
  };

  Row load_row(int64_t i) const {
    const Half* x = x_ + i * width_;
    const Vec here = load(x), most = mul(here, near_);
    const Vec left = select(first_, here, lanes_from<kLanes - 1>(here, here));
    const Vec right = select(before_last_, load(x + 1), here);
    const Vec even = fma(left, far_, most), odd = fma(right, far_, most);
    return {{vzip1q_f16(even.v, odd.v)}, {vzip2q_f16(even.v, odd.v)}};
  }
  Row blend(const Row& near, const Row& far) const {
    return {fma(far.low, far_, mul(near.low, near_)), fma(far.high, far_, mul(near.high, near_))};
  }
  static void store_row(Half* y, const Row& row) {
    store(y, row.low);
    store(y + kLanes, row.high);
  }

  const Half* x_;
  int64_t width_;
  Mask first_, before_last_;
  Vec near_ = splat(0.75f), far_ = splat(0.25f);
};

void double_plane(const Half* x, int64_t height, int64_t width, Half* y) {
  if (width <= kLanes) return NarrowPlane(x, width).double_to(height, y);
  Half rows[2][2 * kHalfMostWidth + 2 * kLanes];
  const int64_t row = 2 * width;
  const auto copy = [&](const Half* from, Half* to) {
    for_each_vector(row, [&](int64_t at) { store(to + at, load(from + at)); });
  };
  double_row(x, width, rows[0]);
  copy(rows[0], y);
  y += row;
  for (int64_t i = 1; i < height; ++i, y += 2 * row) {
    double_row(x + i * width, width, rows[i & 1]);
    blend_rows(rows[(i & 1) ^ 1], rows[i & 1], row, y, y + row);
  }
  copy(rows[(height & 1) ^ 1], y);
}

/// Row by row: what one writes behind its end, the next one writes over.
void interleave_planes(const Half* const* x, int64_t height, int64_t width, Half* y) {
  for (int64_t row = 0; row < height; ++row) {
    for (int dy = 0; dy < 2; ++dy, y += 2 * width) {
      const Half *even = x[2 * dy] + row * width, *odd = x[2 * dy + 1] + row * width;
      const bool is_last = row == height - 1 && dy == 1;
      for (int64_t at = 0; at < width; at += kLanes) {
        const float16x8x2_t pair = {{load(even + at).v, load(odd + at).v}};
        if (!is_last || at + kLanes <= width) {
          vst2q_f16(halves(y + 2 * at), pair);
          continue;
        }
        Half last[2 * kLanes];
        vst2q_f16(halves(last), pair);
        std::memcpy(y + 2 * at, last, static_cast<size_t>(2 * (width - at)) * sizeof(Half));
      }
    }
  }
}

// Conversions.

void widen(const Half* x, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = load(x + i);
    vst1q_f32(y + i, vcvt_f32_f16(vget_low_f16(v.v)));
    vst1q_f32(y + i + 4, vcvt_high_f32_f16(v.v));
  }
  for (; i < n; ++i) y[i] = static_cast<float>(halves(x)[i]);
}

void narrow(const float* x, Half* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(y + i, {vcvt_high_f16_f32(vcvt_f16_f32(vld1q_f32(x + i)), vld1q_f32(x + i + 4))});
  }
  for (; i < n; ++i) halves(y)[i] = static_cast<float16_t>(x[i]);
}

}  // namespace

extern const HalfKernels halves__neonfp16 = {
    {multiply_sparse, "spmm_f16_f16_f16_tile__neonfp16"},
    {multiply_dense, "gemm_f16_f16_f16_tile__neonfp16"},
    {{dwconv_f16_f16_f16_3x3s1__neonfp16, "dwconv_f16_f16_f16_3x3s1__neonfp16"},
     {dwconv_f16_f16_f16_3x3s2__neonfp16, "dwconv_f16_f16_f16_3x3s2__neonfp16"}},
    {{dwconv_f16_f16_f16_5x5s1__neonfp16, "dwconv_f16_f16_f16_5x5s1__neonfp16"},
     {dwconv_f16_f16_f16_5x5s2__neonfp16, "dwconv_f16_f16_f16_5x5s2__neonfp16"}},
    {add_halves, "add_f16__neonfp16"},
    {double_plane, "double_plane_f16__neonfp16"},
    {interleave_planes, "interleave_planes_f16__neonfp16"},
    {widen, "widen_f16__neonfp16"},
    {narrow, "narrow_f16__neonfp16"},
};

}  // namespace lacuna

#endif
