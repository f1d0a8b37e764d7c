#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/eltwise/eltwise_impl.h"

namespace lacuna {

extern const EltwiseKernels eltwise_f32__avx512 = kEltwiseKernels;

}  // namespace lacuna
