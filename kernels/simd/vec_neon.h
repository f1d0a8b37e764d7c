// Vec of the NEON tier (Armv8, and Armv7 with VFPv4): 4 lanes. kernels/simd/README.md lists the functions.
// Armv7 flushes denormals whatever the mode, and lacks some instructions: its substitutes round as IEEE 754 demands.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace lacuna {
namespace {

/// Vector registers: what tiles must fit into.
#if defined(__aarch64__)
constexpr int kRegisters = 32;
constexpr bool kIsArm64 = true;
#else
constexpr int kRegisters = 16;
constexpr bool kIsArm64 = false;
#endif

struct Vec {
  using Element = float;
  static constexpr int kLanes = 4;
  static constexpr bool kBiasFirst = true;  // sums do not care
  static constexpr bool kFastLookup = kIsArm64;
  static constexpr bool kLaneProducts = kIsArm64;
  static constexpr bool kCheapShifts = kRegisters > 16;  // they need more of them
  static constexpr bool kCheapMasks = false;
  float32x4_t v;
};
struct Mask {
  uint32x4_t m;
};

inline Vec splat(float x) { return {vdupq_n_f32(x)}; }
inline Vec zero() { return splat(0.0f); }
inline Vec load(const float* p) { return {vld1q_f32(p)}; }
inline void store(float* p, Vec a) { vst1q_f32(p, a.v); }
#if defined(__aarch64__)
template <int N>
inline void load_run(const float* p, Vec* v) {
  if constexpr (N >= 4) {
    const float32x4x4_t four = vld1q_f32_x4(p);
    for (int i = 0; i < 4; ++i) v[i].v = four.val[i];
    load_run<N - 4>(p + 16, v + 4);
  } else if constexpr (N == 3) {
    const float32x4x3_t three = vld1q_f32_x3(p);
    for (int i = 0; i < 3; ++i) v[i].v = three.val[i];
  } else if constexpr (N == 2) {
    const float32x4x2_t two = vld1q_f32_x2(p);
    for (int i = 0; i < 2; ++i) v[i].v = two.val[i];
  } else if constexpr (N == 1) {
    v[0] = load(p);
  }
}
#else
template <int N>
inline void load_run(const float* p, Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) v[i] = load(p + i * Vec::kLanes);
}
#endif
template <int N>
inline void store_run(float* p, const Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) store(p + i * Vec::kLanes, v[i]);  // by pairs, which the compiler sees
}
/// A vector with lane i of a everywhere.
inline Vec lane(Vec a, int i) { return {vdupq_n_f32(a.v[i])}; }
inline Vec load_first(const float* p, int n) {
  if (n >= Vec::kLanes) return load(p);
  const float32x2_t none = vdup_n_f32(0.0f);
  if (n == 3) return {vcombine_f32(vld1_f32(p), vld1_lane_f32(p + 2, none, 0))};
  if (n == 2) return {vcombine_f32(vld1_f32(p), none)};
  return n == 1 ? Vec{vcombine_f32(vld1_lane_f32(p, none, 0), none)} : zero();
}
inline void store_first(float* p, Vec a, int n) {
  if (n >= Vec::kLanes) return store(p, a);
  if (n >= 2) vst1_f32(p, vget_low_f32(a.v));
  if (n == 3) vst1q_lane_f32(p + 2, a.v, 2);
  if (n == 1) vst1q_lane_f32(p, a.v, 0);
}
inline Vec load_four(const float* p0, const float* p1, const float* p2, const float* p3) {
  float32x4_t r = vld1q_dup_f32(p0);
  r = vld1q_lane_f32(p1, r, 1);
  r = vld1q_lane_f32(p2, r, 2);
  return {vld1q_lane_f32(p3, r, 3)};
}
inline Vec load_strided(const float* p, int64_t s) { return load_four(p, p + s, p + 2 * s, p + 3 * s); }
inline Vec even_lanes(Vec a, Vec b) { return {vuzpq_f32(a.v, b.v).val[0]}; }
inline Vec odd_lanes(Vec a, Vec b) { return {vuzpq_f32(a.v, b.v).val[1]}; }
inline Vec even_lanes_unordered(Vec a, Vec b) { return even_lanes(a, b); }
inline Vec odd_lanes_unordered(Vec a, Vec b) { return odd_lanes(a, b); }
inline Vec in_order(Vec a) { return a; }
template <int kFirst>
inline Vec lanes_from(Vec a, Vec b) {
  if constexpr (kFirst == Vec::kLanes) {
    return b;
  } else {
    return {vextq_f32(a.v, b.v, kFirst)};
  }
}
struct LoadMask {
  uint32_t bits;
};
inline LoadMask load_mask(uint32_t bits) { return {bits & 0xf}; }
inline Vec load_masked(const float* p, LoadMask mask) {
  if (mask.bits == 0xf) return load(p);
  if (mask.bits == 0) return zero();
  const float none = 0.0f;
  return load_four((mask.bits & 1) != 0 ? p : &none, (mask.bits & 2) != 0 ? p + 1 : &none,
                   (mask.bits & 4) != 0 ? p + 2 : &none, (mask.bits & 8) != 0 ? p + 3 : &none);
}
inline Vec keep(LoadMask mask, Vec a) {
  const uint32x4_t bit = {1, 2, 4, 8};
  const uint32x4_t kept = vtstq_u32(vdupq_n_u32(mask.bits), bit);
  return {vreinterpretq_f32_u32(vandq_u32(kept, vreinterpretq_u32_f32(a.v)))};
}

struct Index {
  int32x4_t i;
};
inline Index load_index(const int32_t* p) { return {vld1q_s32(p)}; }
inline Index next(Index at) { return {vaddq_s32(at.i, vdupq_n_s32(1))}; }
/// The bytes of lanes.
inline uint8x16_t bytes_of(Index at) {
  return vreinterpretq_u8_s32(vaddq_s32(vmulq_n_s32(at.i, 0x04040404), vdupq_n_s32(0x03020100)));
}
inline uint8x16_t bytes_of(Vec a) { return vreinterpretq_u8_f32(a.v); }
#if defined(__aarch64__)
inline Vec lookup(Vec table, Index at) { return {vreinterpretq_f32_u8(vqtbl1q_u8(bytes_of(table), bytes_of(at)))}; }
inline Vec lookup(Vec low, Vec high, Index at) {
  return {vreinterpretq_f32_u8(vqtbl2q_u8({{bytes_of(low), bytes_of(high)}}, bytes_of(at)))};
}
#else
inline Vec lookup(Vec low, Vec high, Index at) {
  const uint8x8x4_t table = {{vget_low_u8(bytes_of(low)), vget_high_u8(bytes_of(low)), vget_low_u8(bytes_of(high)),
                              vget_high_u8(bytes_of(high))}};
  const uint8x16_t bytes = bytes_of(at);
  return {vreinterpretq_f32_u8(vcombine_u8(vtbl4_u8(table, vget_low_u8(bytes)), vtbl4_u8(table, vget_high_u8(bytes))))};
}
inline Vec lookup(Vec table, Index at) { return lookup(table, table, at); }
#endif
inline Vec gather(const float* p, Index at) {
  return load_four(p + vgetq_lane_s32(at.i, 0), p + vgetq_lane_s32(at.i, 1), p + vgetq_lane_s32(at.i, 2),
                   p + vgetq_lane_s32(at.i, 3));
}

inline Vec add(Vec a, Vec b) { return {vaddq_f32(a.v, b.v)}; }
inline Vec sub(Vec a, Vec b) { return {vsubq_f32(a.v, b.v)}; }
inline Vec mul(Vec a, Vec b) { return {vmulq_f32(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
inline Vec neg(Vec a) { return {vnegq_f32(a.v)}; }

inline Mask less(Vec a, Vec b) { return {vcltq_f32(a.v, b.v)}; }
inline Mask less_equal(Vec a, Vec b) { return {vcleq_f32(a.v, b.v)}; }
inline Mask equal(Vec a, Vec b) { return {vceqq_f32(a.v, b.v)}; }
inline Vec select(Mask m, Vec a, Vec b) { return {vbslq_f32(m.m, a.v, b.v)}; }
inline Vec select_first(int n, Vec a, Vec b) {
  const int32x4_t lane = {0, 1, 2, 3};
  return {vbslq_f32(vcltq_s32(lane, vdupq_n_s32(n)), a.v, b.v)};
}
inline Vec min(Vec a, Vec b) { return {vminq_f32(a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {vmaxq_f32(a.v, b.v)}; }
inline Vec abs(Vec a) { return {vabsq_f32(a.v)}; }
#if defined(__aarch64__)
inline Vec div(Vec a, Vec b) { return {vdivq_f32(a.v, b.v)}; }
inline Vec sqrt(Vec a) { return {vsqrtq_f32(a.v)}; }
inline Vec round(Vec a) { return {vrndnq_f32(a.v)}; }
inline Vec floor(Vec a) { return {vrndmq_f32(a.v)}; }
#else
inline Vec div(Vec a, Vec b) {
  for (int i = 0; i < Vec::kLanes; ++i) a.v[i] /= b.v[i];
  return a;
}
inline Vec sqrt(Vec a) {
  for (int i = 0; i < Vec::kLanes; ++i) a.v[i] = __builtin_sqrtf(a.v[i]);
  return a;
}
/// Adding 2^23 leaves no place for a fraction; from there on floats are whole.
inline Vec round(Vec a) {
  const Vec whole = splat(8388608.0f), size = abs(a);
  const Vec rounded = sub(add(size, whole), whole);
  const Vec with_sign = {vbslq_f32(vdupq_n_u32(0x80000000u), a.v, rounded.v)};
  return select(less(size, whole), with_sign, a);
}
inline Vec floor(Vec a) {
  const Vec rounded = round(a);
  return sub(rounded, select(less(a, rounded), splat(1.0f), zero()));
}
#endif
inline Vec exp2_whole(Vec n) {
  const int32x4_t biased = vaddq_s32(vcvtq_s32_f32(n.v), vdupq_n_s32(127));
  return {vreinterpretq_f32_s32(vshlq_n_s32(biased, 23))};
}
inline Vec split_exponent(Vec a, Vec* e) {
  const int32x4_t bits = vreinterpretq_s32_f32(a.v);
  e->v = vcvtq_f32_s32(vsubq_s32(vshrq_n_s32(bits, 23), vdupq_n_s32(127)));
  const int32x4_t fraction = vandq_s32(bits, vdupq_n_s32(0x7fffff));
  return {vreinterpretq_f32_s32(vorrq_s32(fraction, vdupq_n_s32(127 << 23)))};
}
#if defined(__aarch64__)
inline float sum(Vec a) { return vaddvq_f32(a.v); }
inline float max_lane(Vec a) { return vmaxvq_f32(a.v); }
#else
inline float sum(Vec a) {
  const float32x2_t pair = vadd_f32(vget_low_f32(a.v), vget_high_f32(a.v));
  return vget_lane_f32(vpadd_f32(pair, pair), 0);
}
inline float max_lane(Vec a) {
  const float32x2_t pair = vmax_f32(vget_low_f32(a.v), vget_high_f32(a.v));
  return vget_lane_f32(vpmax_f32(pair, pair), 0);
}
#endif
inline float min_lane(Vec a) { return -max_lane(neg(a)); }

}  // namespace
}  // namespace lacuna
