#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "kernels/eltwise/eltwise_impl.h"

namespace lacuna {

extern const EltwiseKernels eltwise_f32__scalar = kEltwiseKernels;

}  // namespace lacuna
