#include <immintrin.h>

#include "kernels/resize/resize_rows.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = 8;

inline __m256 gather(const float* x, const int32_t* starts) {
  const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(starts));
  return _mm256_i32gather_ps(x, at, sizeof(float));
}

/// The elements that are left over at the end of a row, by the same operations as the vectors.
inline float interpolate_one(const float* from, const float* weights, int64_t taps, int64_t n) {
  if (taps == 1) return *from;
  float sum = weights[0] * from[0];
  for (int64_t k = 1; k < taps; ++k) sum = __builtin_fmaf(weights[k * n], from[k], sum);
  return sum;
}

}  // namespace

void interpolate_row__avx2(const float* x, const int32_t* starts, const float* weights, int64_t taps, int64_t n,
                           float* y) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    __m256 sum = gather(x, starts + i);
    if (taps > 1) sum = _mm256_mul_ps(_mm256_loadu_ps(weights + i), sum);
    for (int64_t k = 1; k < taps; ++k) {
      sum = _mm256_fmadd_ps(_mm256_loadu_ps(weights + k * n + i), gather(x + k, starts + i), sum);
    }
    _mm256_storeu_ps(y + i, sum);
  }
  for (; i < n; ++i) y[i] = interpolate_one(x + starts[i], weights + i, taps, n);
}

void blend_rows__avx2(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y) {
  const __m256 wa = _mm256_set1_ps(weight_a);
  const __m256 wb = _mm256_set1_ps(weight_b);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const __m256 scaled = _mm256_mul_ps(wa, _mm256_loadu_ps(a + i));
    _mm256_storeu_ps(y + i, _mm256_fmadd_ps(wb, _mm256_loadu_ps(b + i), scaled));
  }
  for (; i < n; ++i) y[i] = __builtin_fmaf(weight_b, b[i], weight_a * a[i]);
}

}  // namespace lacuna
