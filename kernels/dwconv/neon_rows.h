// Depthwise rows of floats for NEON.
#pragma once

#include "kernels/dwconv/dwconv_impl.h"

#if defined(__aarch64__)

namespace lacuna {
namespace {

inline Vec splat_of(const float* p) { return splat(*p); }
/// Even and odd positions.
inline void load_even_odd(const float* p, Vec* parts) {
  const float32x4x2_t both = vld2q_f32(p);
  parts[0].v = both.val[0];
  parts[1].v = both.val[1];
}
/// c + x * weights[i].
inline Vec fma_lane(Vec x, Vec weights, int i, Vec c) { return fma(x, lane(weights, i), c); }
/// x * weights[0].
inline Vec mul_first(Vec x, Vec weights) { return mul(x, lane(weights, 0)); }
/// Else the compiler spreads all lanes over registers in front of loops, more than there are.
inline void keep_whole(Vec& v) { __asm__("" : "+w"(v.v)); }
inline Mask first_lanes(int64_t n) {
  const uint32x4_t lane = {0, 1, 2, 3};
  return {vcltq_u32(lane, vdupq_n_u32(static_cast<uint32_t>(n)))};
}
inline Vec keep(Mask mask, Vec a) { return {vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a.v), mask.m))}; }

}  // namespace
}  // namespace lacuna

#include "kernels/dwconv/whole_rows.h"

namespace lacuna {
namespace {

/// Any window, a vector of outputs at a time and tap by tap: little code for what is rare.
inline void filter_any_rows(const DwconvTile& t, const Plane& p) {
  const Window &height = t.plan->height, &width = t.plan->width;
  for (int64_t row = 0; row < t.rows; ++row) {
    for (int64_t column = 0; column < width.out; column += Vec::kLanes) {
      Vec sum = splat(p.bias);
      for (int64_t ky = 0; ky < height.kernel; ++ky) {
        const int64_t from = height.position(t.first_row + row, ky);
        if (from < 0 || from >= height.in) continue;
        for (int64_t kx = 0; kx < width.kernel; ++kx) {
          const int64_t position = width.position(column, kx);
          const float* x = p.x + from * width.in + position;
          const uint32_t bits = inside_bits(t.plan->inside, position);
          Vec tap = load_masked(x, load_mask(bits));
          if (width.stride == 2) {
            tap = even_lanes(tap, load_masked(x + Vec::kLanes, load_mask(bits >> Vec::kLanes)));
          }
          sum = fma(tap, splat(p.weights[ky * width.kernel + kx]), sum);
        }
      }
      end_vector(t, p, row * width.out + column, width.out - column, sum);
    }
  }
}

[[gnu::noinline]] inline void convolve_any_rows(const DwconvTile& tile) { for_each_plane(tile, filter_any_rows); }

/// False: nothing was done.
template <int kKernel, int kStride>
inline bool convolve_whole_rows(const DwconvTile& tile) {
  constexpr int kCentre = kKernel / 2;
  if (tile.rows < WholeRows<kKernel, kStride, kCentre>::kLeastRows) return false;
  if constexpr (is_built(BuiltWindow{kKernel, kStride, kCentre})) {
    if (WholeRows<kKernel, kStride, kCentre>::suits(*tile.plan)) {
      WholeRows<kKernel, kStride, kCentre>::run(tile);
      return true;
    }
  }
  if constexpr (kStride == 2 &&
                is_built(BuiltWindow{
                    kKernel, kStride,
                    kCentre -
                        1})) {  // where the window has an even number of positions around its rows, one more is behind
    if (WholeRows<kKernel, kStride, kCentre - 1>::suits(*tile.plan)) {
      WholeRows<kKernel, kStride, kCentre - 1>::run(tile);
      return true;
    }
  }
  return false;
}

}  // namespace
}  // namespace lacuna

#endif

namespace lacuna {
namespace {

template <int kKernel, int kStride>
inline void convolve(const DwconvTile& tile) {
#if defined(__aarch64__)
  if (!convolve_whole_rows<kKernel, kStride>(tile)) convolve_any_rows(tile);
#else
  convolve_rows<kKernel, kStride>(tile);
#endif
}

}  // namespace
}  // namespace lacuna
