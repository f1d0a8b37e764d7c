#include "kernels/simd/vec_avx2.h"
// The tier's Vec comes first.
#include "kernels/matmul/matmul_impl.h"

namespace lacuna {

void matmul_f32_f32_f32_6x16__avx2(const MatMulBlock& block, float* scratch) { multiply<6, 2>(block, scratch); }

}  // namespace lacuna
