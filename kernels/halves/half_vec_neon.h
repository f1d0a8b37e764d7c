// Vec of halves, of Armv8.2: 8 lanes. What kernels of halves take of the functions that kernels/simd/README.md lists,
// and what kernels/dwconv/whole_rows.h does.
#pragma once

#include <arm_neon.h>

#include <utility>

#include "sdk/base/half.h"

namespace lacuna {
namespace {

struct Vec {
  using Element = Half;
  static constexpr int kLanes = 8;
  static constexpr bool kBiasFirst = false;  // a sum that starts from a large bias rounds at its magnitude
  float16x8_t v;
};
struct Mask {
  uint16x8_t m;
};

inline const float16_t* halves(const Half* p) { return reinterpret_cast<const float16_t*>(p); }
inline float16_t* halves(Half* p) { return reinterpret_cast<float16_t*>(p); }

inline Vec splat(float x) { return {vdupq_n_f16(static_cast<float16_t>(x))}; }
inline Vec splat_of(const Half* p) { return {vld1q_dup_f16(halves(p))}; }
inline Vec zero() { return {vreinterpretq_f16_u16(vdupq_n_u16(0))}; }
inline Vec load(const Half* p) { return {vld1q_f16(halves(p))}; }
inline void store(Half* p, Vec a) { vst1q_f16(halves(p), a.v); }
template <int N>
inline void store_run(Half* p, const Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) store(p + i * Vec::kLanes, v[i]);
}
inline void store_first(Half* p, Vec a, int n) {
  if (n >= Vec::kLanes) return store(p, a);
  uint64x2_t bits = vreinterpretq_u64_f16(a.v);
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
inline void load_even_odd(const Half* p, Vec* parts) {
  const float16x8x2_t both = vld2q_f16(halves(p));
  parts[0].v = both.val[0];
  parts[1].v = both.val[1];
}
template <int kFirst>
inline Vec lanes_from(Vec a, Vec b) {
  return {vextq_f16(a.v, b.v, kFirst)};
}
inline Mask first_lanes(int64_t n) {
  const uint16x8_t lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return {vcltq_u16(lane, vdupq_n_u16(static_cast<uint16_t>(n)))};
}
inline Vec keep(Mask mask, Vec a) { return {vreinterpretq_f16_u16(vandq_u16(vreinterpretq_u16_f16(a.v), mask.m))}; }

inline Vec select(Mask mask, Vec a, Vec b) { return {vbslq_f16(mask.m, a.v, b.v)}; }

inline Vec add(Vec a, Vec b) { return {vaddq_f16(a.v, b.v)}; }
inline Vec mul(Vec a, Vec b) { return {vmulq_f16(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f16(c.v, a.v, b.v)}; }
inline Vec min(Vec a, Vec b) { return {vminq_f16(a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {vmaxq_f16(a.v, b.v)}; }

/// c + x * weights[kLane], in one instruction, which takes the weights from the lower registers.
template <int kLane>
[[gnu::always_inline]] inline Vec fma_lane(Vec x, Vec weights, Vec c) {
  __asm__("fmla %0.8h, %1.8h, %2.h[%3]" : "+w"(c.v) : "w"(x.v), "x"(weights.v), "i"(kLane));
  return c;
}
template <int... kLane>
[[gnu::always_inline]] inline Vec fma_lane(Vec x, Vec weights, int i, Vec c, std::integer_sequence<int, kLane...>) {
  ((i == kLane ? static_cast<void>(c = fma_lane<kLane>(x, weights, c)) : static_cast<void>(0)), ...);
  return c;
}
/// The same for an i that is constant once loops are unrolled.
[[gnu::always_inline]] inline Vec fma_lane(Vec x, Vec weights, int i, Vec c) {
  return fma_lane(x, weights, i, c, std::make_integer_sequence<int, Vec::kLanes>());
}
inline Vec mul_first(Vec x, Vec weights) { return {vmulq_laneq_f16(x.v, weights.v, 0)}; }
/// Else the compiler spreads all lanes over registers in front of loops, more than there are.
inline void keep_whole(Vec& v) { __asm__("" : "+x"(v.v)); }

}  // namespace
}  // namespace lacuna
