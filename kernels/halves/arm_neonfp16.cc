#include "kernels/halves/halves.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstring>
#include <utility>

namespace lacuna {
namespace {

constexpr int kLanes = 8;
using Vec = float16x8_t;

inline const float16_t* halves(const Half* p) { return reinterpret_cast<const float16_t*>(p); }
inline float16_t* halves(Half* p) { return reinterpret_cast<float16_t*>(p); }
inline Vec load(const Half* p) { return vld1q_f16(halves(p)); }
inline void store(Half* p, Vec v) { vst1q_f16(halves(p), v); }
inline Vec splat(float x) { return vdupq_n_f16(static_cast<float16_t>(x)); }
inline Vec zero() { return vreinterpretq_f16_u16(vdupq_n_u16(0)); }
inline uint16x8_t below(int64_t n) {
  const uint16x8_t lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return vcltq_u16(lane, vdupq_n_u16(static_cast<uint16_t>(n)));
}

/// The first n lanes, 1 to 7.
inline void store_first(Half* p, Vec v, int64_t n) {
  uint64x2_t bits = vreinterpretq_u64_f16(v);
  if ((n & 4) != 0) {
    vst1_u64(reinterpret_cast<uint64_t*>(p), vget_low_u64(bits));
    bits = vextq_u64(bits, bits, 1);
    p += 4;
  }
  uint32x2_t pairs = vreinterpret_u32_u64(vget_low_u64(bits));
  if ((n & 2) != 0) {
    vst1_lane_u32(reinterpret_cast<uint32_t*>(p), pairs, 0);
    pairs = vdup_lane_u32(pairs, 1);
    p += 2;
  }
  if ((n & 1) != 0) vst1_lane_u16(p, vreinterpret_u16_u32(pairs), 0);
}

/// sum + x * weights[kLane], in one instruction: compilers spread lanes over registers in front of loops, more than
/// there are.
template <int kLane>
[[gnu::always_inline]] inline Vec add_product(Vec sum, Vec x, Vec weights) {
  __asm__("fmla %0.8h, %1.8h, %2.h[%3]" : "+w"(sum) : "w"(x), "x"(weights), "i"(kLane));
  return sum;
}

struct Clamp {
  Vec low, high;
  Clamp(float lowest, float highest) : low(splat(lowest)), high(splat(highest)) {}
  Vec operator()(Vec x) const { return vminq_f16(high, vmaxq_f16(low, x)); }
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
  const auto add = [&](int j, Vec v) __attribute__((always_inline)) {
    sum[j] = kStarts ? vmulq_laneq_f16(v, weights, kLane) : add_product<kLane>(sum[j], v, weights);
  };
#pragma GCC unroll 4
  for (int j = 0; j < kFours; j += 4) {
    const float16x8x4_t four = load_four(x, 4 * kVector);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) add(j + i, four.val[i]);
  }
  const auto* rest = reinterpret_cast<const float16_t*>(x);
  if constexpr (NR - kFours == 3) {
    const float16x8x3_t three = vld1q_f16_x3(rest);
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) add(kFours + i, three.val[i]);
  } else if constexpr (NR - kFours == 2) {
    const float16x8x2_t two = vld1q_f16_x2(rest);
    add(kFours, two.val[0]);
    add(kFours + 1, two.val[1]);
  } else if constexpr (NR - kFours == 1) {
    add(kFours, vld1q_f16(rest));
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
  add_column<NR, 0, true>(e.next(), vld1q_dup_f16(halves(e.value++)), sum);
  for (--n; n >= 4; n -= 4, e.value += 4) {
    const Vec weights = vcombine_f16(vld1_f16(halves(e.value)), vdup_n_f16(0));
    add_column<NR, 0>(e.next(), weights, sum);
    add_column<NR, 1>(e.next(), weights, sum);
    add_column<NR, 2>(e.next(), weights, sum);
    add_column<NR, 3>(e.next(), weights, sum);
  }
  for (; n > 0; --n) add_column<NR, 0>(e.next(), vld1q_dup_f16(halves(e.value++)), sum);
}

/// Bias, residual and clamp of NR vectors of row `row`.
template <int NR>
[[gnu::always_inline]] inline void end_row(const HalfTile& t, int64_t row, const Clamp& clamp, Vec* sum) {
  const Vec bias = splat(t.bias != nullptr ? t.bias[row] : 0.0f);
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = vaddq_f16(sum[j], bias);
  if (t.residual != nullptr) {
    const Half* residual = t.residual + row * t.residual_stride;
#pragma GCC unroll 16
    for (int j = 0; j < NR; ++j) sum[j] = vaddq_f16(sum[j], load(residual + j * kLanes));
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
    store_first(y + (NR - 1) * kLanes, sum[NR - 1], tail);
  } else {
    store(y + (NR - 1) * kLanes, sum[NR - 1]);
  }
}

template <int NR>
[[gnu::always_inline]] inline void add_stored(const Half* y, Vec* sum) {
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = vaddq_f16(sum[j], load(y + j * kLanes));
}

/// The sum of a row: parts of kHalfEntries, in registers where there are enough of them, else in the output.
template <int NR, bool kMasked>
void multiply_rows(const SparseTile& rows, const HalfTile& t) {
  constexpr bool kInRegisters = NR <= 8;
  const int64_t tail = t.pixels - (NR - 1) * kLanes;
  const Clamp clamp(t.low, t.high);
  Entries entries = {nullptr, rows.gaps, reinterpret_cast<const Half*>(rows.values),
                     t.x_stride * static_cast<int64_t>(sizeof(Half))};
  for (int64_t row = 0; row < rows.rows; ++row) {
    uint16_t count;
    std::memcpy(&count, rows.counts + row * 2, sizeof(count));
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
        for (int j = 0; j < NR; ++j) sum[j] = vaddq_f16(sum[j], next[j]);
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

constexpr int kBlockRows = 8;

template <int NR, int... kRow>
[[gnu::always_inline]] inline void add_dense_column(const Half* x, const Half* w, Vec (*sum)[NR],
                                                    std::integer_sequence<int, kRow...>) {
  const Vec weights = load(w);
  Vec v[NR];
#pragma GCC unroll 4
  for (int j = 0; j < NR; ++j) v[j] = load(x + j * kLanes);
#pragma GCC unroll 4
  for (int j = 0; j < NR; ++j) ((sum[kRow][j] = add_product<kRow>(sum[kRow][j], v[j], weights)), ...);
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

void multiply_dense(const DenseTile& rows, const HalfTile& tile) {
  constexpr int kRun = 3 * kLanes;
  const auto* values = reinterpret_cast<const Half*>(rows.values);
  for (int64_t row = 0; row < rows.rows; row += kBlockRows, values += rows.block_stride) {
    HalfTile t = tile;
    for (int left = tile.pixels; left > 0; left -= kRun) {
      t.pixels = left < kRun ? left : kRun;
      if (t.pixels == kRun) {
        multiply_block<3, false>(rows, values, row, t);
      } else if (t.pixels > 2 * kLanes) {
        multiply_block<3, true>(rows, values, row, t);
      } else if (t.pixels > kLanes) {
        t.pixels == 2 * kLanes ? multiply_block<2, false>(rows, values, row, t)
                               : multiply_block<2, true>(rows, values, row, t);
      } else {
        t.pixels == kLanes ? multiply_block<1, false>(rows, values, row, t)
                           : multiply_block<1, true>(rows, values, row, t);
      }
      t.x += kRun;
      t.y += kRun;
      if (t.residual != nullptr) t.residual += kRun;
    }
  }
}

// Depthwise.

/// Filters strips from a copy with borders. A row of it has for each phase of the stride the positions q * stride +
/// phase
/// - pad, for q = 0, 1, ...; what lies outside of the planes stays zero from plane to plane.
template <int kKernel, int kStride>
class Strips {
 public:
  explicit Strips(const HalfStrips& strips)
      : t_(strips),
        pitch_(half_row_pitch(strips.width)),
        rows_((strips.rows - 1) * kStride + kKernel),
        first_(strips.first_row * kStride - strips.height.pad),
        clamp_(t_.low, t_.high) {}

  void run() const {
    const int64_t halves = (rows_ * kStride + 1) * pitch_;
    for (int64_t at = 0; at < halves; at += kLanes) store(t_.scratch + at, zero());
    for (int64_t plane = 0; plane < t_.planes; ++plane) {
      copy(t_.x + plane * t_.x_stride);
      filter_plane(plane);
    }
  }

 private:
  static constexpr int kTaps = kKernel * kKernel;

  /// What a plane's outputs need, in locals: what is stored might else change it.
  struct Plane {
    Vec weights[kTaps / kLanes + 1];
    Vec bias;
    Half* y;
    const Half* residual;
    int64_t width, end;
  };

  Half* row_of(int64_t row) const { return t_.scratch + row * kStride * pitch_; }

  void copy(const Half* x) const {
    switch ((t_.width.in + kBlock - 1) / kBlock) {
      case 1:
        return copy_rows<1>(x);
      case 2:
        return copy_rows<2>(x);
      case 4:
        return copy_rows<4>(x);
      case 7:
        return copy_rows<7>(x);
      default:
        return copy_rows<0>(x);
    }
  }

  /// Rows of kBlocks blocks of input; 0: of any number.
  template <int kBlocks>
  void copy_rows(const Half* x) const {
    const int64_t in = t_.width.in, pad = t_.width.pad;
    const int64_t begin = first_ < 0 ? -first_ : 0, inside = t_.height.in - first_,
                  end = inside < rows_ ? inside : rows_;
    const int64_t whole = kBlocks > 0 ? kBlocks - 1 : (in - 1) / kBlock, left = in - whole * kBlock;
    const Tail tail = {below((left + kStride - 1) / kStride), below(left / kStride)};
    const bool odd = (pad & 1) != 0;
    // Position p of a row is number p + pad of the bordered one.
    const int64_t even_at = kStride == 1 ? pad : (odd ? pitch_ : 0) + pad / 2;
    const int64_t odd_at = (odd ? 0 : pitch_) + (pad + 1) / 2;
    Half* to = row_of(begin);
    const Half* from = x + (first_ + begin) * in;
    for (int64_t row = begin; row < end; ++row, to += kStride * pitch_, from += in) {
#pragma GCC unroll 8
      for (int64_t i = 0; i < whole; ++i) {
        const Block block = load_block(from + i * kBlock);
        store(to + even_at + i * kLanes, block.even);
        if (kStride == 2) store(to + odd_at + i * kLanes, block.odd);
      }
      const Block block = load_block(from + whole * kBlock);
      store(to + even_at + whole * kLanes, keep(block.even, tail.even));
      if (kStride == 2) store(to + odd_at + whole * kLanes, keep(block.odd, tail.odd));
    }
  }

  static constexpr int64_t kBlock = kStride * kLanes;
  struct Block {
    Vec even, odd;  ///< stride 1: all, none
  };
  struct Tail {
    uint16x8_t even, odd;
  };
  static Block load_block(const Half* x) {
    if constexpr (kStride == 1) return {load(x), zero()};
    const float16x8x2_t pair = vld2q_f16(halves(x));
    return {pair.val[0], pair.val[1]};
  }
  static Vec keep(Vec v, uint16x8_t lanes) { return vreinterpretq_f16_u16(vandq_u16(vreinterpretq_u16_f16(v), lanes)); }

  void filter_plane(int64_t index) const {
    Plane plane;
    const Half* weights = t_.weights + index * kTaps;
#pragma GCC unroll 4
    for (int i = 0; i < kTaps / kLanes; ++i) plane.weights[i] = load(weights + i * kLanes);
    plane.weights[kTaps / kLanes] = vdupq_n_f16(halves(weights)[kTaps - 1]);
    plane.bias = splat(t_.bias != nullptr ? t_.bias[index] : 0.0f);
    plane.y = t_.y + index * t_.y_stride;
    plane.residual = t_.residual != nullptr ? t_.residual + index * t_.residual_stride : nullptr;
    plane.width = t_.width.out;
    plane.end = t_.rows * plane.width;
    // Groups of rows; the last one starts early enough to be whole.
    const int64_t sevens = (t_.rows + 6) / 7 * 7, fours = (t_.rows + 3) / 4 * 4;
    if (t_.rows < 4) {
      filter_rows<1>(plane);
    } else if (t_.rows >= 7 && sevens <= fours) {
      filter_rows<7>(plane);
    } else {
      filter_rows<4>(plane);
    }
  }

  template <int R>
  [[gnu::noinline]] void filter_rows(const Plane& plane) const {
    const int64_t last = plane.width > kLanes ? plane.width - kLanes : 0;
    for (int64_t row = 0; row < t_.rows; row += R) {
      const int64_t first = row + R <= t_.rows ? row : t_.rows - R;
      for (int64_t column = 0; column < last; column += kLanes) filter<R>(plane, first, column);
      filter<R>(plane, first, last);
    }
  }

  /// A vector of R rows.
  template <int R>
  [[gnu::always_inline]] void filter(const Plane& plane, int64_t row, int64_t column) const {
    constexpr int kReads = (R - 1) * kStride + kKernel;
    const Half* x = row_of(row * kStride) + column;
    const Half* second = x + pitch_;  // phase 1
    const int64_t step = kStride * pitch_;
    Vec sum[R];
#pragma GCC unroll 16
    for (int i = 0; i < kReads; ++i, x += step, second += step) {
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) {
        const Vec tap = load((kx % kStride == 0 ? x : second) + kx / kStride);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const int ky = i - r * kStride, weight = ky * kKernel + kx;
          if (ky < 0 || ky >= kKernel) continue;
          sum[r] = weight == 0 ? vmulq_laneq_f16(tap, plane.weights[0], 0)
                               : add_product_of(sum[r], tap, plane.weights[weight / kLanes], weight % kLanes);
        }
      }
    }
    end<R>(plane, row * plane.width + column, sum);
  }
  [[gnu::always_inline]] static Vec add_product_of(Vec sum, Vec tap, Vec weights, int lane) {
    switch (lane) {
      case 0:
        return add_product<0>(sum, tap, weights);
      case 1:
        return add_product<1>(sum, tap, weights);
      case 2:
        return add_product<2>(sum, tap, weights);
      case 3:
        return add_product<3>(sum, tap, weights);
      case 4:
        return add_product<4>(sum, tap, weights);
      case 5:
        return add_product<5>(sum, tap, weights);
      case 6:
        return add_product<6>(sum, tap, weights);
      default:
        return add_product<7>(sum, tap, weights);
    }
  }

  /// In rows shorter than a vector, lanes behind a row are written over by the next one, of those in the strip.
  template <int R>
  [[gnu::always_inline]] void end(const Plane& plane, int64_t at, Vec* sum) const {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r] = vaddq_f16(sum[r], plane.bias);
    if (plane.residual != nullptr) {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) sum[r] = vaddq_f16(sum[r], load(plane.residual + at + r * plane.width));
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r] = clamp_(sum[r]);
    Half* y = plane.y + at;
#pragma GCC unroll 8
    for (int r = 0; r + 1 < R; ++r, y += plane.width) store(y, sum[r]);
    const int64_t left = plane.y + plane.end - y;
    if (left >= kLanes) {
      store(y, sum[R - 1]);
    } else {
      store_first(y, sum[R - 1], left);
    }
  }

  const HalfStrips& t_;
  const int64_t pitch_;
  const int64_t rows_;   ///< of input that the strip reads
  const int64_t first_;  ///< of them
  const Clamp clamp_;
};

template <int kKernel, int kStride>
void filter_strips(const HalfStrips& strips) {
  Strips<kKernel, kStride>(strips).run();
}

// Resize.

/// Three quarters of `near` and a quarter of `far`.
inline Vec blend(Vec near, Vec far) { return vfmaq_n_f16(vmulq_n_f16(near, 0.75f), far, 0.25f); }

/// A row of output from a row of input with a copy of its ends on either side. `room` halves may be written at y.
inline void double_row(const Half* x, int64_t width, Half* y, int64_t room) {
  for (int64_t at = 0; at < width; at += kLanes) {
    const Vec here = vmulq_n_f16(load(x + at), 0.75f);
    const float16x8x2_t pair = {
        {vfmaq_n_f16(here, load(x + at - 1), 0.25f), vfmaq_n_f16(here, load(x + at + 1), 0.25f)}};
    if (2 * (at + kLanes) <= room) {
      vst2q_f16(halves(y + 2 * at), pair);
    } else {
      Half last[2 * kLanes];
      vst2q_f16(halves(last), pair);
      std::memcpy(y + 2 * at, last, static_cast<size_t>(room - 2 * at) * sizeof(Half));
    }
  }
}

/// Rows are written in their order: what one writes behind its end, the next one writes over.
void double_plane(const Half* x, int64_t height, int64_t width, Half* y) {
  Half row[kHalfDoubleWidth + 3 * kLanes];
  Half* blended = row + kLanes;
  const int64_t pixels = 4 * height * width;
  for (int64_t i = 0; i < 2 * height; ++i) {
    const int64_t near = i / 2, side = near + (i % 2 == 0 ? -1 : 1);
    const Half* here = x + near * width;
    const Half* there = x + (side < 0 ? 0 : side == height ? height - 1 : side) * width;
    for (int64_t at = 0; at < width; at += kLanes) store(blended + at, blend(load(here + at), load(there + at)));
    blended[-1] = blended[0];
    blended[width] = blended[width - 1];
    double_row(blended, width, y + i * 2 * width, pixels - i * 2 * width);
  }
}

// Conversions.

void widen(const Half* x, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = load(x + i);
    vst1q_f32(y + i, vcvt_f32_f16(vget_low_f16(v)));
    vst1q_f32(y + i + 4, vcvt_high_f32_f16(v));
  }
  for (; i < n; ++i) y[i] = static_cast<float>(halves(x)[i]);
}

void narrow(const float* x, Half* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(y + i, vcvt_high_f16_f32(vcvt_f16_f32(vld1q_f32(x + i)), vld1q_f32(x + i + 4)));
  }
  for (; i < n; ++i) halves(y)[i] = static_cast<float16_t>(x[i]);
}

}  // namespace

extern const HalfKernels halves__neonfp16 = {
    multiply_sparse,
    multiply_dense,
    {filter_strips<3, 1>, filter_strips<3, 2>},
    {filter_strips<5, 1>, filter_strips<5, 2>},
    double_plane,
    widen,
    narrow,
};

}  // namespace lacuna

#endif
