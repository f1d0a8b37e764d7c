// Vec of the AVX2 tier (with FMA): 8 lanes. kernels/simd/README.md lists the functions.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace lacuna {
namespace {

struct Vec {
  static constexpr int kLanes = 8;
  static constexpr bool kFastLookup = true;
  static constexpr bool kLaneProducts = false;
  static constexpr bool kCheapShifts = false;
  static constexpr bool kCheapMasks = false;
  __m256 v;
};
struct Mask {
  __m256 m;
};

inline Vec splat(float x) { return {_mm256_set1_ps(x)}; }
inline Vec zero() { return {_mm256_setzero_ps()}; }
inline Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline void store(float* p, Vec a) { _mm256_storeu_ps(p, a.v); }
inline __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
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
inline Vec load_first(const float* p, int n) { return {_mm256_maskload_ps(p, first_lanes(n))}; }
inline void store_first(float* p, Vec a, int n) { _mm256_maskstore_ps(p, first_lanes(n), a.v); }
inline Vec load_strided(const float* p, int64_t s) {
  return {_mm256_setr_ps(p[0], p[s], p[2 * s], p[3 * s], p[4 * s], p[5 * s], p[6 * s], p[7 * s])};
}
inline Vec even_lanes_unordered(Vec a, Vec b) { return {_mm256_shuffle_ps(a.v, b.v, 0x88)}; }
inline Vec odd_lanes_unordered(Vec a, Vec b) { return {_mm256_shuffle_ps(a.v, b.v, 0xdd)}; }
inline Vec in_order(Vec a) { return {_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(a.v), 0xd8))}; }
inline Vec even_lanes(Vec a, Vec b) { return in_order(even_lanes_unordered(a, b)); }
inline Vec odd_lanes(Vec a, Vec b) { return in_order(odd_lanes_unordered(a, b)); }
template <int kFirst>
inline Vec lanes_from(Vec a, Vec b) {
  const __m256i low = _mm256_castps_si256(a.v), high = _mm256_castps_si256(b.v);
  const __m256i middle = _mm256_permute2x128_si256(low, high, 0x21);
  if constexpr (kFirst < 4) {
    return {_mm256_castsi256_ps(_mm256_alignr_epi8(middle, low, kFirst * 4))};
  } else {
    return {_mm256_castsi256_ps(_mm256_alignr_epi8(high, middle, (kFirst - 4) * 4))};
  }
}
struct LoadMask {
  __m256i m;
};
inline LoadMask load_mask(uint32_t bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return {_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), bit), bit)};
}
inline Vec load_masked(const float* p, LoadMask mask) { return {_mm256_maskload_ps(p, mask.m)}; }
inline Vec keep(LoadMask mask, Vec a) { return {_mm256_and_ps(_mm256_castsi256_ps(mask.m), a.v)}; }

struct Index {
  __m256i i;
};
inline Index load_index(const int32_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
inline Index next(Index at) { return {_mm256_add_epi32(at.i, _mm256_set1_epi32(1))}; }
inline Vec lookup(Vec table, Index at) { return {_mm256_permutevar8x32_ps(table.v, at.i)}; }
inline Vec lookup(Vec low, Vec high, Index at) {
  const __m256 in_high = _mm256_castsi256_ps(_mm256_slli_epi32(at.i, 28));  // bit 3 becomes the sign
  return {_mm256_blendv_ps(lookup(low, at).v, lookup(high, at).v, in_high)};
}
inline Vec gather(const float* p, Index at) { return {_mm256_i32gather_ps(p, at.i, sizeof(float))}; }

inline Vec add(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Vec sub(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Vec mul(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Vec div(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline Vec neg(Vec a) { return {_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))}; }

inline Mask less(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask less_equal(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)}; }
inline Mask equal(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)}; }
inline Vec select(Mask m, Vec a, Vec b) { return {_mm256_blendv_ps(b.v, a.v, m.m)}; }
inline Vec select_first(int n, Vec a, Vec b) {
  return {_mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(first_lanes(n)))};
}
inline Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Vec abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
inline Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
inline Vec round(Vec a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
inline Vec floor(Vec a) { return {_mm256_floor_ps(a.v)}; }
inline Vec exp2_whole(Vec n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(biased, 23))};
}
inline Vec split_exponent(Vec a, Vec* e) {
  const __m256i bits = _mm256_castps_si256(a.v);
  e->v = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(127)));
  const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff));
  return {_mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(127 << 23)))};
}
inline float sum(Vec a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float max_lane(Vec a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
inline float min_lane(Vec a) { return -max_lane(neg(a)); }

}  // namespace
}  // namespace lacuna
