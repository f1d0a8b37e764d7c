// Nothing but the AVX2 tier's functions; vec_test.cc calls them on machines that have it.
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

#include "kernels/simd/vec_avx2.h"
// The tier's Vec comes first.
#include "tests/kernels/simd/vec_functions_impl.h"

namespace lacuna {

extern const VecFunctions kVecAvx2 = kFunctions;

}  // namespace lacuna

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
