// Nothing but the AVX-512 tier's functions; vec_test.cc calls them on machines that have it.
#if defined(__x86_64__)
#if defined(__clang__) && __clang_major__ >= 18  // which does not count vectors of 512 bits among AVX-512
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,evex512"))), \
                             apply_to = function)
#elif defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")
// GCC 12 takes the undefined operands inside its own intrinsics for our mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "tests/kernels/simd/vec_functions_impl.h"

namespace lacuna {

extern const VecFunctions kVecAvx512 = kFunctions;

}  // namespace lacuna

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
