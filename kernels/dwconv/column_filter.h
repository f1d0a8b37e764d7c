// Depthwise convolution down columns of vectors, over the tier's Vec.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/dwconv/plane_rows.h"
#include "kernels/tile_impl.h"

namespace lacuna {
namespace {

using Plane = PlaneOf<float>;

/// A square window where masked moves cost no more than others: a vector of outputs at a time, from the first row to
/// the last, so that an input row is loaded once for all output rows that read it. kCentre: the tap that reads, of the
/// input positions under a vector of outputs, those of its lanes.
template <int kKernel, int kStride, int kCentre>
struct ColumnFilter {
  static constexpr int kLanes = Vec::kLanes;
  /// Output rows that an input row takes part in, at most.
  static constexpr int kSums = (kKernel + kStride - 1) / kStride;

  /// At stride 2 taps are the even or the odd positions under a vector of outputs, or these and one beside them.
  static constexpr int part_of(int kx) { return (kx - kCentre) & 1; }
  static constexpr int shift_of(int kx) { return (kx - kCentre - part_of(kx)) / 2; }
  static_assert(kStride == 1 || (shift_of(0) >= -1 && shift_of(kKernel - 1) <= 1), "of the vectors beside, one lane");
  /// Which of the loads below brings the position beside them.
  static constexpr int beside(int kx) {
    int load = 2;
    for (int i = 0; i < kx; ++i) load += shift_of(i) != 0 ? 1 : 0;
    return load;
  }
  /// From the position of tap 0 of lane 0 to that of load i. There are as many as taps.
  static constexpr int load_at(int i) {
    if (kStride == 1) return i;
    if (i < 2) return kCentre + i * kLanes;
    int kx = 0;
    while (shift_of(kx) == 0 || beside(kx) != i) ++kx;
    return kCentre + (shift_of(kx) > 0 ? 2 * kLanes + part_of(kx) : -kLanes - 1 + part_of(kx));
  }

  /// A vector of outputs.
  struct Column {
    int64_t column;
    int64_t first;             ///< position of tap 0 of lane 0
    int lanes;                 ///< outputs
    LoadMask inside[kKernel];  ///< what each load may read
    bool masked;               ///< whether that is not all
  };
  static Column column_at(const DwconvPlan& plan, int64_t column) {
    Column c;
    c.column = column;
    c.first = column * kStride - plan.width.pad;
    c.lanes = static_cast<int>(std::min<int64_t>(plan.width.out - column, kLanes));
    uint32_t all = ~0u;
    for (int i = 0; i < kKernel; ++i) {
      const uint32_t bits = inside_bits(plan.inside, c.first + load_at(i));
      c.inside[i] = load_mask(bits);
      all &= bits;
    }
    c.masked = static_cast<uint16_t>(~all) != 0;
    return c;
  }

  template <int kx>
  LACUNA_DWCONV_INLINE static Vec tap(const Vec* loads, const Vec* parts) {
    if constexpr (kStride == 1) {
      return loads[kx];
    } else if constexpr (shift_of(kx) < 0) {
      return lanes_from<kLanes - 1>(loads[beside(kx)], parts[part_of(kx)]);
    } else if constexpr (shift_of(kx) > 0) {
      return lanes_from<1>(parts[part_of(kx)], loads[beside(kx)]);
    } else {
      return parts[part_of(kx)];
    }
  }
  /// kx counts up from 0.
  template <bool kMasked, int... kx>
  LACUNA_DWCONV_INLINE static void load_taps(const float* x, const LoadMask* inside, Vec* taps,
                                             std::integer_sequence<int, kx...>) {
    const Vec loads[] = {kMasked ? load_masked(x + load_at(kx), inside[kx]) : load(x + load_at(kx))...};
    Vec parts[2];
    if constexpr (kStride == 2) {
      parts[0] = even_lanes(loads[0], loads[1]);
      parts[1] = odd_lanes(loads[0], loads[1]);
    }
    ((taps[kx] = tap<kx>(loads, parts)), ...);
  }

  template <bool kMasked>
  [[gnu::noinline]] static void filter(const DwconvTile& t, const Plane& p, const Column& c) {
    Vec weights[kKernel * kKernel];
#pragma GCC unroll 49
    for (int i = 0; i < kKernel * kKernel; ++i) weights[i] = splat(p.weights[i]);
    const DwconvPlan& plan = *t.plan;
    LoadMask inside[kKernel];
#pragma GCC unroll 8
    for (int i = 0; i < kKernel; ++i) inside[i] = c.inside[i];
    const int64_t in = plan.width.in, out = plan.width.out;
    const float* const x = p.x + c.first;
    const float* const zeros = plan.zeros + c.first;
    const auto pixels = static_cast<uint64_t>(plan.height.in * in);
    int64_t pixel = (t.first_row * kStride - plan.height.pad) * in;
    const Vec bias = splat(p.bias), low = splat(t.low), high = splat(t.high);
    const bool clamps = t.clamps;
    const int lanes = c.lanes;
    float* y = p.y + c.column;
    const float* residual = p.residual != nullptr ? p.residual + c.column : nullptr;

    Vec sum[kSums];  // of the next output rows
    // The input row that is row ky of the window of the next output row.
    const auto add_row = [&](int ky) __attribute__((always_inline)) {
      Vec taps[kKernel];
      load_taps<kMasked>(static_cast<uint64_t>(pixel) < pixels ? x + pixel : zeros, inside, taps,
                         std::make_integer_sequence<int, kKernel>());
      pixel += in;
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 8
        for (int r = 0; r < kSums; ++r) {
          const int row = ky - r * kStride;
          if (row >= 0) sum[r] = fma(taps[kx], weights[row * kKernel + kx], row == 0 && kx == 0 ? bias : sum[r]);
        }
      }
    };
#pragma GCC unroll 8
    for (int ky = 0; ky < kKernel - kStride; ++ky) add_row(ky);
    for (int64_t rows = t.rows; rows > 0; --rows) {
#pragma GCC unroll 2
      for (int ky = kKernel - kStride; ky < kKernel; ++ky) add_row(ky);
      if (is_built(DepthwiseTrait::kResidual) && residual != nullptr) {
        sum[0] = add(sum[0], load_first(residual, lanes));
        residual += out;
      }
      if (clamps) sum[0] = clamp(sum[0], low, high);
      store_first(y, sum[0], lanes);
      y += out;
#pragma GCC unroll 8
      for (int r = 1; r < kSums; ++r) sum[r - 1] = sum[r];
    }
  }
  static void filter(const DwconvTile& t, const Plane& p, const Column& c) {
    c.masked ? filter<true>(t, p, c) : filter<false>(t, p, c);
  }

  static void run(const DwconvTile& tile) {
    if (tile.plan->width.out <= kLanes) {
      const Column c = column_at(*tile.plan, 0);
      for_each_plane(tile, [&](const DwconvTile& t, const Plane& p) { filter(t, p, c); });
      return;
    }
    for_each_plane(tile, [](const DwconvTile& t, const Plane& p) {
      for (int64_t column = 0; column < t.plan->width.out; column += kLanes) filter(t, p, column_at(*t.plan, column));
    });
  }
};

}  // namespace
}  // namespace lacuna
