// Depthwise rows for 64-bit Arm. Weights stay lanes of a few vectors, so that none of them is spilled; neighbours come
// from loads that are not aligned, which are cheap there; the last vectors of a row and the last rows of a strip begin
// early enough to be whole ones.
//
// Beside functions of Vec it takes splat_of, load_even_odd, fma_lane, mul_first, keep_whole, first_lanes and keep.
#pragma once

#include <utility>

#include "kernels/dwconv/plane_rows.h"

namespace lacuna {
namespace {

/// A square window with kPad positions in front of each row. A tap reads positions column * kStride + kx - kPad.
template <int kKernel, int kStride, int kPad>
class WholeRows {
 public:
  using Element = Vec::Element;
  using Tile = DwconvTileOf<Element>;
  static constexpr int kLanes = Vec::kLanes;

  /// Rows at once beside 4: many sums of a large window do not wait for one another; what is rare does with fours.
  static constexpr int kOther = kKernel == 3 ? 3 : kKernel == 5 && kStride == 1 ? 7 : 4;
  static constexpr int64_t kLeastRows = kOther < 4 ? kOther : 4;

  static bool suits(const DwconvPlan& plan) {
    return plan.width.pad == kPad && (kNarrow || plan.width.out > kLanes) && whole_rows_suit(plan.width, kLanes);
  }

  /// Rows in kOther and fours, as few as possible; the last ones begin early enough.
  static void run(const Tile& t) {
    const int64_t end = t.first_row + t.rows, fours = t.first_row + count_others(t.rows) * kOther;
    if (t.first_row < fours) filter_rows<kOther>(t, t.first_row, end < fours ? end : fours);
    if (fours < end) filter_rows<4>(t, fours, end);
  }

  /// Fewer rows than kLeastRows, one by one.
  static void run_short(const Tile& t) { filter_rows<1>(t, t.first_row, t.first_row + t.rows); }

 private:
  static constexpr bool kNarrow = kLanes > kNarrowRow || is_built(DepthwiseTrait::kNarrow);
  static constexpr int kTaps = kKernel * kKernel;
  static constexpr bool kPairs = kStride == 1 && kKernel == 3;
  static constexpr int kReads = kKernel - 1 - kPad;         ///< positions behind that of the output
  static constexpr int kReach = kStride == 1 ? kReads : 1;  ///< outputs that those positions are away

  /// Groups of kOther rows, such that fours take the rest.
  static int64_t count_others(int64_t rows) {
    int64_t n = 0;
    while (n * kOther < rows && (rows - n * kOther) % 4 != 0) ++n;
    if (n * kOther <= rows) return n;
    return kOther < 4 ? n : n - 1;
  }

  /// Even and odd positions of a row; at stride 1 all of them.
  struct Parts {
    Vec part[kStride];
  };
  LACUNA_DWCONV_INLINE static Parts load_parts(const Element* x) {
    Parts parts;
    if constexpr (kStride == 1) {
      parts.part[0] = load(x);
    } else {
      load_even_odd(x, parts.part);
    }
    return parts;
  }

  struct Inside {
    Mask part[kStride];
  };

  /// What tap kx of a vector of outputs reads; x is the position of the first one. kLeft, kRight: the vector is the
  /// first or the last of its row; both: the row may be shorter than it.
  template <int kx, bool kLeft, bool kRight>
  LACUNA_DWCONV_INLINE static Vec tap(const Element* x, const Parts& here) {
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
  LACUNA_DWCONV_INLINE static void load_taps(const Element* row, int64_t column, const Inside& inside, Vec* taps,
                                             std::integer_sequence<int, kx...>) {
    const Element* x = row + column * kStride;
    __asm__("" : "+r"(x));  // else the compiler loads all rows first, for all kinds of vectors
    Parts here = load_parts(x);
    if constexpr (kRight) {  // of long rows only odd positions may lie outside
      for (int i = kLeft ? 0 : 1; i < kStride; ++i) {
        here.part[i] = keep(inside.part[i], here.part[i]);
      }
    }
    ((taps[kx] = tap<kx, kLeft, kRight>(x, here)), ...);
  }

  /// Where a group of output rows goes, in locals: what the group stores might else change it.
  struct Output {
    Element* y;  ///< column 0 of the first row
    const Element* residual;
    int64_t width;
    bool clamps, caps;  ///< below and above
    Vec bias, low, high;

    /// N vectors of R rows, whose places are y[r].
    template <int R, int N, bool kNarrow>
    LACUNA_DWCONV_INLINE void end(Element* const* at, Vec (*sum)[N]) const {
      if constexpr (!Vec::kBiasFirst) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = add(sum[r][n], bias);
        }
      }
      if (is_built(DepthwiseTrait::kResidual) && residual != nullptr) {
        const auto apart = reinterpret_cast<intptr_t>(residual) - reinterpret_cast<intptr_t>(y);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const auto* from = reinterpret_cast<const Element*>(reinterpret_cast<intptr_t>(at[r]) + apart);
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = add(sum[r][n], load(from + n * kLanes));
        }
      }
      if (clamps) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = max(low, sum[r][n]);
        }
      }
      if (caps) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
          for (int n = 0; n < N; ++n) sum[r][n] = min(high, sum[r][n]);
        }
      }
      if (kNarrow && width < kLanes) {  // a row's vector reaches into the next ones, which come later
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) store_first(at[r], sum[r][0], static_cast<int>((R - r) * width));
        return;
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) store_run<N>(at[r], sum[r]);
    }
    template <int R>
    LACUNA_DWCONV_INLINE void places(int64_t column, Element** at) const {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) at[r] = y + column + r * width;
    }
  };
  static Output output_of(const Tile& t) {
    return {nullptr, nullptr,      t.plan->width.out, t.clamps, t.clamps && t.high != __builtin_inff(),
            zero(),  splat(t.low), splat(t.high)};
  }

  /// sum + tap * weights[i]. The first product of a sum takes the bias, where that comes first.
  LACUNA_DWCONV_INLINE static Vec add_product(bool first, Vec tap, Vec weights, int i, const Output& out, Vec sum) {
    if (!first) return fma_lane(tap, weights, i, sum);
    return Vec::kBiasFirst ? fma_lane(tap, weights, i, out.bias) : mul_first(tap, weights);
  }

  /// A vector of R rows.
  template <int R, bool kLeft, bool kRight>
  LACUNA_DWCONV_INLINE static void filter(const Element* const* x, Vec* weights, const Inside& inside,
                                          const Output& out, int64_t column) {
    constexpr int kInputs = (R - 1) * kStride + kKernel;
    // Else the compiler spreads all lanes over registers in front of the loop, more than there are.
#pragma GCC unroll 16
    for (int i = 0; i <= kTaps / kLanes; ++i) keep_whole(weights[i]);
    Vec sum[R][1];
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
      Vec taps[kKernel];
      load_taps<kLeft, kRight>(x[i], column, inside, taps, std::make_integer_sequence<int, kKernel>());
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const int ky = i - r * kStride;
          if (ky < 0 || ky >= kKernel) continue;
          const int weight = ky * kKernel + kx;
          sum[r][0] = add_product(weight == 0, taps[kx], weights[weight / kLanes], weight % kLanes, out, sum[r][0]);
        }
      }
    }
    Element* at[R];
    out.template places<R>(column, at);
    out.template end<R, 1, kLeft && kRight>(at, sum);
  }

  /// Two vectors, by one instruction that moves x behind them.
  LACUNA_DWCONV_INLINE static void load_pair(const Element*& x, Vec* pair) {
    __asm__("ldp %q0, %q1, [%2], #32" : "=w"(pair[0].v), "=w"(pair[1].v), "+r"(x) : "m"(*x), "m"(x[kLanes]));
  }

  /// Pairs of vectors of R rows at stride 1 from `column` on, as long as all that they read is inside: each tap has a
  /// pointer of its own. Returns the column behind them.
  template <int R>
  LACUNA_DWCONV_INLINE static int64_t filter_pairs(const Element* const* rows, Vec* weights, const Output& out,
                                                   int64_t column) {
    constexpr int kInputs = R - 1 + kKernel, kPair = 2 * kLanes;
    const Element* x[kInputs][kKernel];
    Element* y[R];
    out.template places<R>(column, y);
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) x[i][kx] = rows[i] + column + kx - kPad;
    }
    for (; column + kPair + kReach <= out.width; column += kPair) {
#pragma GCC unroll 16
      for (int i = 0; i <= kTaps / kLanes; ++i) keep_whole(weights[i]);
      Vec sum[R][2];
#pragma GCC unroll 16
      for (int i = 0; i < kInputs; ++i) {
        Vec taps[kKernel][2];
#pragma GCC unroll 8
        for (int kx = 0; kx < kKernel; ++kx) load_pair(x[i][kx], taps[kx]);
#pragma GCC unroll 8
        for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) {
            const int ky = i - r;
            if (ky < 0 || ky >= kKernel) continue;
            const int weight = ky * kKernel + kx;
#pragma GCC unroll 2
            for (int n = 0; n < 2; ++n) {
              sum[r][n] =
                  add_product(weight == 0, taps[kx][n], weights[weight / kLanes], weight % kLanes, out, sum[r][n]);
            }
          }
        }
      }
      out.template end<R, 2, false>(y, sum);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) y[r] += kPair;
    }
    return column;
  }

  /// Which positions the last vector of a row may read.
  static Inside inside_of(const Window& w) {
    const int64_t left = w.out <= kLanes ? w.in : w.in - (w.out - kLanes) * kStride;
    Inside inside;
    for (int i = 0; i < kStride; ++i) {
      inside.part[i] = first_lanes((left - i + kStride - 1) / kStride);
    }
    return inside;
  }

  /// Rows [first, end) of all planes by R. Apart, since kinds of vectors and rows together are too much for the
  /// compiler's choice of registers.
  template <int R>
  [[gnu::noinline]] static void filter_rows(const Tile& tile, int64_t first, int64_t end) {
    const Inside inside = inside_of(tile.plan->width);
    const Output shared = output_of(tile);
    for_each_plane(
        tile, [&](const Tile& t, const PlaneOf<Element>& p) __attribute__((always_inline)) {
          Vec weights[kTaps / kLanes + 1];
#pragma GCC unroll 16
          for (int i = 0; i < kTaps / kLanes; ++i) weights[i] = load(p.weights + i * kLanes);
          weights[kTaps / kLanes] = splat_of(p.weights + kTaps - 1);
          Output out = shared;
          out.bias = splat(p.bias);
          for (int64_t next = first; next < end; next += R) {
            const int64_t row = next + R <= end ? next : end - R, at = (row - t.first_row) * out.width;
            out.y = p.y + at;
            out.residual = p.residual != nullptr ? p.residual + at : nullptr;
            filter_group<R>(
                InputRows<(R - 1) * kStride + kKernel, Element>(t, p, row * kStride - t.plan->height.pad).at, weights,
                inside, out);
          }
        });
  }

  template <int R>
  LACUNA_DWCONV_INLINE static void filter_group(const Element* const* x, Vec* weights, const Inside& inside,
                                                const Output& out) {
    const int64_t last = out.width - kLanes;
    if (kNarrow && last <= 0) return filter<R, true, true>(x, weights, inside, out, 0);
    filter<R, true, false>(x, weights, inside, out, 0);
    int64_t column = kLanes;
    if constexpr (kPairs) {
      if (3 * kLanes + kReach <= out.width) column = filter_pairs<R>(x, weights, out, column);
    }
    for (; column < last; column += kLanes) {
      filter<R, false, false>(x, weights, inside, out, column + kReach <= last ? column : last - kReach);
    }
    filter<R, false, true>(x, weights, inside, out, last);
  }
};

}  // namespace
}  // namespace lacuna
