#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/eltwise/eltwise_impl.h"

namespace lacuna {

extern const EltwiseKernels eltwise_f32__neon = kEltwiseKernels;

}  // namespace lacuna
