#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/matmul/matmul_impl.h"

namespace lacuna {

void matmul_f32_f32_f32_tile__neon(const MatMulBlock& block, float* scratch) {
  multiply<kRegisters / 4, 3>(block, scratch);
}

}  // namespace lacuna
