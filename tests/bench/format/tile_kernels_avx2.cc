#include <immintrin.h>

namespace lacuna::format_bench {
namespace {

struct Vec {
  using Type = __m256;
  static constexpr int kLanes = 8;
  static Type broadcast(float v) { return _mm256_set1_ps(v); }
  static Type load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Type v) { _mm256_storeu_ps(p, v); }
  static Type fma(Type a, Type b, Type c) { return _mm256_fmadd_ps(a, b, c); }
  static Type relu(Type v) { return _mm256_max_ps(v, _mm256_setzero_ps()); }
};

}  // namespace
}  // namespace lacuna::format_bench

#include "tile_kernels_x86.h"

namespace lacuna::format_bench {

KernelSet avx2_kernels() { return {"avx2", Vec::kLanes, kKernels}; }

}  // namespace lacuna::format_bench
