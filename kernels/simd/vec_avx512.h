// Vec of the AVX-512 tier (F, BW, DQ, VL): 16 lanes. kernels/simd/README.md lists the functions.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace lacuna {
namespace {

struct Vec {
  static constexpr int kLanes = 16;
  static constexpr bool kFastLookup = true;
  static constexpr bool kLaneProducts = false;
  static constexpr bool kCheapShifts = true;
  static constexpr bool kCheapMasks = true;
  __m512 v;
};
struct Mask {
  __mmask16 m;
};

inline Vec splat(float x) { return {_mm512_set1_ps(x)}; }
inline Vec zero() { return {_mm512_setzero_ps()}; }
inline Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
inline __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
template <int N>
inline void load_run(const float* p, Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) v[i] = load(p + i * Vec::kLanes);
}
template <int N>
inline void store_run(float* p, const Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) store(p + i * Vec::kLanes, v[i]);
}
inline Vec load_first(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
inline void store_first(float* p, Vec a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.v); }
inline Vec load_strided(const float* p, int64_t s) {
  return {_mm512_setr_ps(p[0], p[s], p[2 * s], p[3 * s], p[4 * s], p[5 * s], p[6 * s], p[7 * s], p[8 * s], p[9 * s],
                         p[10 * s], p[11 * s], p[12 * s], p[13 * s], p[14 * s], p[15 * s])};
}
inline Vec even_lanes(Vec a, Vec b) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {_mm512_permutex2var_ps(a.v, even, b.v)};
}
inline Vec odd_lanes(Vec a, Vec b) {
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return {_mm512_permutex2var_ps(a.v, odd, b.v)};
}
inline Vec even_lanes_unordered(Vec a, Vec b) { return even_lanes(a, b); }
inline Vec odd_lanes_unordered(Vec a, Vec b) { return odd_lanes(a, b); }
inline Vec in_order(Vec a) { return a; }
template <int kFirst>
inline Vec lanes_from(Vec a, Vec b) {
  if constexpr (kFirst == Vec::kLanes) return b;
  return {_mm512_castsi512_ps(
      _mm512_alignr_epi32(_mm512_castps_si512(b.v), _mm512_castps_si512(a.v), kFirst % Vec::kLanes))};
}
struct LoadMask {
  __mmask16 m;
};
inline LoadMask load_mask(uint32_t bits) { return {static_cast<__mmask16>(bits)}; }
inline Vec load_masked(const float* p, LoadMask mask) { return {_mm512_maskz_loadu_ps(mask.m, p)}; }
inline Vec keep(LoadMask mask, Vec a) { return {_mm512_maskz_mov_ps(mask.m, a.v)}; }

struct Index {
  __m512i i;
};
inline Index load_index(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline Index next(Index at) { return {_mm512_add_epi32(at.i, _mm512_set1_epi32(1))}; }
inline Vec lookup(Vec table, Index at) { return {_mm512_permutexvar_ps(at.i, table.v)}; }
inline Vec lookup(Vec low, Vec high, Index at) { return {_mm512_permutex2var_ps(low.v, at.i, high.v)}; }
inline Vec gather(const float* p, Index at) { return {_mm512_i32gather_ps(at.i, p, sizeof(float))}; }

inline Vec add(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec sub(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec mul(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vec div(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Vec neg(Vec a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }

inline Mask less(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask less_equal(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
inline Mask equal(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
inline Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_ps(m.m, b.v, a.v)}; }
inline Vec select_first(int n, Vec a, Vec b) { return {_mm512_mask_blend_ps(first_lanes(n), b.v, a.v)}; }
inline Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Vec abs(Vec a) { return {_mm512_abs_ps(a.v)}; }
inline Vec sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
inline Vec round(Vec a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
inline Vec floor(Vec a) { return {_mm512_floor_ps(a.v)}; }
inline Vec exp2_whole(Vec n) {
  const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(biased, 23))};
}
inline Vec split_exponent(Vec a, Vec* e) {
  *e = {_mm512_getexp_ps(a.v)};
  return {_mm512_getmant_ps(a.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src)};
}
inline float sum(Vec a) {
  const __m256 x = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}
inline float max_lane(Vec a) { return _mm512_reduce_max_ps(a.v); }
inline float min_lane(Vec a) { return _mm512_reduce_min_ps(a.v); }

}  // namespace
}  // namespace lacuna
