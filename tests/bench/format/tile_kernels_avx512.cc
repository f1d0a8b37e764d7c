#include <immintrin.h>

namespace lacuna::format_bench {
namespace {

struct Vec {
  using Type = __m512;
  static constexpr int kLanes = 16;
  static Type broadcast(float v) { return _mm512_set1_ps(v); }
  static Type load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Type v) { _mm512_storeu_ps(p, v); }
  static Type fma(Type a, Type b, Type c) { return _mm512_fmadd_ps(a, b, c); }
  static Type relu(Type v) { return _mm512_max_ps(v, _mm512_setzero_ps()); }
};

}  // namespace
}  // namespace lacuna::format_bench

#include "tile_kernels_x86.h"

namespace lacuna::format_bench {

KernelSet avx512_kernels() { return {"avx512", Vec::kLanes, kKernels}; }

}  // namespace lacuna::format_bench
