// Vec of halves, of AVX-512-FP16: 32 lanes. Without the flag of the tier its arithmetic goes by way of floats, rounded
// alike, so that CPUs with AVX-512 alone can test what is built on it.
#pragma once

#include <immintrin.h>

#include <utility>

#include "sdk/base/half.h"

namespace lacuna {
namespace {

struct Vec {
  using Element = Half;
  using Lanes = _Float16 __attribute__((vector_size(64)));
  static constexpr int kLanes = 32;
  Lanes v;
};
/// Bit i: lane i.
using Mask = __mmask32;

inline Vec of_bits(__m512i bits) { return {reinterpret_cast<Vec::Lanes>(bits)}; }
inline __m512i bits_of(Vec a) { return reinterpret_cast<__m512i>(a.v); }

inline Vec zero() { return of_bits(_mm512_setzero_si512()); }
inline Vec splat_of(const Half* p) { return of_bits(_mm512_set1_epi16(static_cast<short>(*p))); }
inline Vec splat(float x) {
  const auto half = static_cast<_Float16>(x);
  return of_bits(_mm512_set1_epi16(__builtin_bit_cast(short, half)));
}

/// Lanes [begin, end) of those that there are.
inline Mask lanes_between(int64_t begin, int64_t end) {
  const auto below = [](int64_t n) {
    return n <= 0 ? uint64_t{0} : n >= Vec::kLanes ? uint64_t{0xffffffff} : (uint64_t{1} << n) - 1;
  };
  return static_cast<Mask>(below(end) & ~below(begin));
}
inline Mask first_lanes(int64_t n) { return lanes_between(0, n); }

inline Vec load(const Half* p) { return of_bits(_mm512_loadu_si512(p)); }
/// Zeros, and no access, where the mask has none.
inline Vec load_masked(Mask mask, const Half* p) { return of_bits(_mm512_maskz_loadu_epi16(mask, p)); }
inline void store(Half* p, Vec a) { _mm512_storeu_si512(p, bits_of(a)); }
inline void store_masked(Mask mask, Half* p, Vec a) { _mm512_mask_storeu_epi16(p, mask, bits_of(a)); }

inline Vec add(Vec a, Vec b) { return {a.v + b.v}; }
/// a * b + c, rounded once.
#if defined(__AVX512FP16__)
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ph(a.v, b.v, c.v)}; }
#else
template <int kHalf>
inline __m512 floats(Vec a) {
  return _mm512_cvtph_ps(_mm512_extracti64x4_epi64(bits_of(a), kHalf));
}
template <int kHalf>
inline __m256i fma_half(Vec a, Vec b, Vec c) {
  return _mm512_cvtps_ph(_mm512_fmadd_ps(floats<kHalf>(a), floats<kHalf>(b), floats<kHalf>(c)),
                         _MM_FROUND_CUR_DIRECTION);
}
inline Vec fma(Vec a, Vec b, Vec c) {
  return of_bits(_mm512_inserti64x4(_mm512_castsi256_si512(fma_half<0>(a, b, c)), fma_half<1>(a, b, c), 1));
}
#endif
/// The second one where they do not compare.
inline Vec min(Vec a, Vec b) { return {a.v < b.v ? a.v : b.v}; }
inline Vec max(Vec a, Vec b) { return {a.v > b.v ? a.v : b.v}; }

template <int... kLane>
inline Vec every_second(Vec a, Vec b, int odd, std::integer_sequence<int, kLane...>) {
  return {odd != 0 ? __builtin_shufflevector(a.v, b.v, 2 * kLane + 1 ...)
                   : __builtin_shufflevector(a.v, b.v, 2 * kLane...)};
}
/// Lanes 0, 2, ... of both, or lanes 1, 3, ....
inline Vec even_lanes(Vec a, Vec b) { return every_second(a, b, 0, std::make_integer_sequence<int, Vec::kLanes>()); }
inline Vec odd_lanes(Vec a, Vec b) { return every_second(a, b, 1, std::make_integer_sequence<int, Vec::kLanes>()); }

template <int kFirst, int... kLane>
inline Vec interleave(Vec a, Vec b, std::integer_sequence<int, kLane...>) {
  return {__builtin_shufflevector(a.v, b.v, (kFirst + kLane / 2 + kLane % 2 * Vec::kLanes)...)};
}
/// Lanes of both in turn: the first half of each, or the second.
inline Vec interleave_low(Vec a, Vec b) { return interleave<0>(a, b, std::make_integer_sequence<int, Vec::kLanes>()); }
inline Vec interleave_high(Vec a, Vec b) {
  return interleave<Vec::kLanes / 2>(a, b, std::make_integer_sequence<int, Vec::kLanes>());
}

}  // namespace
}  // namespace lacuna
