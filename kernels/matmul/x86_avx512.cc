#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/matmul/matmul_impl.h"

namespace lacuna {

void matmul_f32_f32_f32_8x48__avx512(const MatMulBlock& block, float* scratch) { multiply<8, 3>(block, scratch); }

}  // namespace lacuna
