// Depthwise rows for 64-bit Arm. Weights stay lanes of a few vectors, so that none of them is spilled; neighbours come
// from loads that are not aligned, which are cheap there; the last vectors of a row and the last rows of a strip begin
// early enough to be whole ones. Windows whose edges need more than zeros shifted in are left to dwconv_impl.h.
#pragma once

#include "kernels/dwconv/dwconv_impl.h"

#if defined(__aarch64__)

namespace lacuna {
namespace {

/// A square window with kPad positions in front of each row. A tap reads positions column * kStride + kx - kPad.
template <int kKernel, int kStride, int kPad>
class WholeRows {
 public:
  static bool suits(const DwconvPlan& plan) {
    const Window& w = plan.width;
    if (w.pad != kPad || w.out < kLanes) return false;
    const bool as_long = kStride == 1 ? w.in == w.out : w.in == 2 * w.out || (kReads < 3 && w.in == 2 * w.out - 1);
    if (!as_long) return false;
    const bool one_vector = w.out == kLanes;
    const bool left_is_whole = w.out >= kLanes + kReach;
    const bool middle_is_whole = w.out <= 2 * kLanes || w.out >= kLanes + kReach + (kStride == 1 ? kPad : 1);
    return one_vector || (left_is_whole && middle_is_whole);
  }

  WholeRows(const DwconvTile& tile, const Plane& plane) : t_(tile), p_(plane) {
#pragma GCC unroll 16
    for (int i = 0; i < kTaps / kLanes; ++i) weights_[i] = vld1q_f32(plane.weights + i * kLanes);
    weights_[kTaps / kLanes] = vdupq_n_f32(plane.weights[kTaps - 1]);
    const bool odd_ends_inside = t_.plan->width.in == kStride * t_.plan->width.out;
    const uint32x4_t all = vdupq_n_u32(~0u);
    odd_ = odd_ends_inside ? all : vsetq_lane_u32(0, all, kLanes - 1);
  }

  void run() const {
    const int64_t end = t_.first_row + t_.rows;
    int64_t row = t_.first_row;
    if (t_.rows < kRows) {
      for (; row < end; ++row) filter_rows<1>(row);
      return;
    }
    for (; row < end; row += kRows) filter_rows<kRows>(row + kRows <= end ? row : end - kRows);
  }

 private:
  static constexpr int kLanes = Vec::kLanes;
  static constexpr int kRows = 4;
  static constexpr int kTaps = kKernel * kKernel;
  static constexpr int kReads = kKernel - 1 - kPad;         ///< positions behind that of the output
  static constexpr int kReach = kStride == 1 ? kReads : 1;  ///< outputs that those positions are away

  /// Even and odd positions of a row; at stride 1 all of them.
  struct Parts {
    Vec part[kStride];
  };
  LACUNA_DWCONV_INLINE static Parts load_parts(const float* x) {
    if constexpr (kStride == 1) {
      return {{load(x)}};
    } else {
      const float32x4x2_t both = vld2q_f32(x);
      return {{{both.val[0]}, {both.val[1]}}};
    }
  }

  /// What tap kx of a vector of outputs reads; x is the position of the first one. kLeft, kRight: the vector is the
  /// first or the last of its row.
  template <int kx, bool kLeft, bool kRight>
  LACUNA_DWCONV_INLINE static Vec tap(const float* x, const Parts& here) {
    constexpr int kPart = (kx - kPad) & (kStride - 1);
    constexpr int kShift = (kx - kPad - kPart) / kStride;
    if constexpr (kShift == 0) {
      return here.part[kPart];
    } else if constexpr (kShift < 0 && kLeft) {
      return lanes_from<kLanes + kShift>(zero(), here.part[kPart]);
    } else if constexpr (kShift > 0 && kRight) {
      return lanes_from<kShift>(here.part[kPart], zero());
    } else {
      return load_parts(x + kShift * kStride).part[kPart];
    }
  }
  template <bool kLeft, bool kRight, int... kx>
  LACUNA_DWCONV_INLINE static void load_taps(const float* x, uint32x4_t odd, Vec* taps,
                                             std::integer_sequence<int, kx...>) {
    Parts here = load_parts(x);
    if constexpr (kStride == 2 && kRight) {
      Vec& last = here.part[kStride - 1];
      last.v = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(last.v), odd));
    }
    ((taps[kx] = tap<kx, kLeft, kRight>(x, here)), ...);
  }

  /// Where a group of output rows goes, in locals: what the group stores might else change it.
  struct Output {
    float* y;  ///< column 0 of the first row
    const float* residual;
    int64_t width;
    bool clamps, caps;  ///< below and above
    Vec bias, low, high;

    /// N vectors of R rows, whose places are y[r].
    template <int R, int N>
    LACUNA_DWCONV_INLINE void end(float* const* at, Vec (*sum)[N]) const {
      if (residual != nullptr) {
        const auto apart = reinterpret_cast<intptr_t>(residual) - reinterpret_cast<intptr_t>(y);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const auto* from = reinterpret_cast<const float*>(reinterpret_cast<intptr_t>(at[r]) + apart);
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = add(sum[r][n], load(from + n * kLanes));
        }
      }
      if (clamps) {
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = max(low, sum[r][n]);
        }
      }
      if (caps) {
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = min(high, sum[r][n]);
        }
      }
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) store_run<N>(at[r], sum[r]);
    }
    template <int R>
    LACUNA_DWCONV_INLINE void places(int64_t column, float** at) const {
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) at[r] = y + column + r * width;
    }
  };
  Output output_of(int64_t row) const {
    const int64_t width = t_.plan->width.out, at = (row - t_.first_row) * width;
    return {p_.y + at,
            p_.residual != nullptr ? p_.residual + at : nullptr,
            width,
            t_.clamps,
            t_.clamps && t_.high != __builtin_inff(),
            splat(p_.bias),
            splat(t_.low),
            splat(t_.high)};
  }

  /// A vector of R rows.
  template <int R, bool kLeft, bool kRight>
  LACUNA_DWCONV_INLINE static void filter(const float* const* x, float32x4_t* weights, uint32x4_t odd,
                                          const Output& out, int64_t column) {
    constexpr int kInputs = (R - 1) * kStride + kKernel;
    // Else the compiler spreads all lanes over registers in front of the loop, more than there are.
#pragma GCC unroll 16
    for (int i = 0; i <= kTaps / kLanes; ++i) __asm__("" : "+w"(weights[i]));
    Vec sum[R][1];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r][0] = out.bias;
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
      Vec taps[kKernel];
      load_taps<kLeft, kRight>(x[i] + column * kStride, odd, taps, std::make_integer_sequence<int, kKernel>());
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const int ky = i - r * kStride;
          if (ky < 0 || ky >= kKernel) continue;
          const int weight = ky * kKernel + kx;
          sum[r][0] = fma(taps[kx], lane({weights[weight / kLanes]}, weight % kLanes), sum[r][0]);
        }
      }
    }
    float* at[R];
    out.template places<R>(column, at);
    out.template end<R, 1>(at, sum);
  }

  /// Two vectors, by one instruction that moves x behind them.
  LACUNA_DWCONV_INLINE static void load_pair(const float*& x, Vec* pair) {
    __asm__("ldp %q0, %q1, [%2], #32" : "=w"(pair[0].v), "=w"(pair[1].v), "+r"(x) : "m"(*x), "m"(x[kLanes]));
  }

  /// Pairs of vectors of R rows at stride 1 from `column` on, as long as all that they read is inside: each tap has a
  /// pointer of its own. Returns the column behind them.
  template <int R>
  LACUNA_DWCONV_INLINE static int64_t filter_pairs(const float* const* rows, float32x4_t* weights, const Output& out,
                                                   int64_t column) {
    constexpr int kInputs = R - 1 + kKernel, kPair = 2 * kLanes;
    const float* x[kInputs][kKernel];
    float* y[R];
    out.template places<R>(column, y);
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) x[i][kx] = rows[i] + column + kx - kPad;
    }
    for (; column + kPair + kReach <= out.width; column += kPair) {
#pragma GCC unroll 16
      for (int i = 0; i <= kTaps / kLanes; ++i) __asm__("" : "+w"(weights[i]));
      Vec sum[R][2];
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sum[r][0] = sum[r][1] = out.bias;
#pragma GCC unroll 16
      for (int i = 0; i < kInputs; ++i) {
        Vec taps[kKernel][2];
#pragma GCC unroll 8
        for (int kx = 0; kx < kKernel; ++kx) load_pair(x[i][kx], taps[kx]);
#pragma GCC unroll 8
        for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            const int ky = i - r;
            if (ky < 0 || ky >= kKernel) continue;
            const Vec weight = lane({weights[(ky * kKernel + kx) / kLanes]}, (ky * kKernel + kx) % kLanes);
            sum[r][0] = fma(taps[kx][0], weight, sum[r][0]);
            sum[r][1] = fma(taps[kx][1], weight, sum[r][1]);
          }
        }
      }
      out.template end<R, 2>(y, sum);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) y[r] += kPair;
    }
    return column;
  }

  template <int R>
  void filter_rows(int64_t row) const {
    const InputRows<(R - 1) * kStride + kKernel> rows(t_, p_, row * kStride - t_.plan->height.pad);
    const Output out = output_of(row);
    const int64_t last = out.width - kLanes;
    const uint32x4_t odd = odd_;
    float32x4_t weights[kTaps / kLanes + 1];
#pragma GCC unroll 16
    for (int i = 0; i <= kTaps / kLanes; ++i) weights[i] = weights_[i];
    if (last == 0) return filter<R, true, true>(rows.at, weights, odd, out, 0);
    filter<R, true, false>(rows.at, weights, odd, out, 0);
    int64_t column = kLanes;
    if constexpr (kStride == 1 && kKernel == 3) column = filter_pairs<R>(rows.at, weights, out, column);
    for (; column + kReach <= last; column += kLanes) filter<R, false, false>(rows.at, weights, odd, out, column);
    if (column < last) filter<R, false, false>(rows.at, weights, odd, out, last - kReach);
    filter<R, false, true>(rows.at, weights, odd, out, last);
  }

  const DwconvTile& t_;
  const Plane p_;
  float32x4_t weights_[kTaps / kLanes + 1];
  uint32x4_t odd_;
};

template <int kKernel, int kStride, int kPad>
inline void filter_whole_rows(const DwconvTile& tile) {
  for_each_plane(tile, [](const DwconvTile& t, const Plane& p) { WholeRows<kKernel, kStride, kPad>(t, p).run(); });
}

/// False: nothing was done.
template <int kKernel, int kStride>
inline bool convolve_whole_rows(const DwconvTile& tile) {
  constexpr int kCentre = kKernel / 2;
  if (WholeRows<kKernel, kStride, kCentre>::suits(*tile.plan)) {
    filter_whole_rows<kKernel, kStride, kCentre>(tile);
    return true;
  }
  if constexpr (kStride == 2) {  // where the window has an even number of positions around its rows, one more is behind
    if (WholeRows<kKernel, kStride, kCentre - 1>::suits(*tile.plan)) {
      filter_whole_rows<kKernel, kStride, kCentre - 1>(tile);
      return true;
    }
  }
  return false;
}

}  // namespace
}  // namespace lacuna

#endif
