#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "kernels/matmul/matmul_impl.h"

namespace lacuna {

void matmul_f32_f32_f32_4x8__scalar(const MatMulBlock& block, float* scratch) { multiply<4, 2>(block, scratch); }

}  // namespace lacuna
