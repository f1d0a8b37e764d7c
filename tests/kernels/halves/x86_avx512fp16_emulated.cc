// The kernels of AVX-512-FP16 with arithmetic of the compiler, for CPUs that have AVX-512 alone.
#include "sdk/base/isa.h"

#if LACUNA_AVX512FP16 && !defined(__clang__)
#define halves__avx512fp16 halves__emulated
#include "kernels/halves/x86_avx512fp16.cc"
#endif
