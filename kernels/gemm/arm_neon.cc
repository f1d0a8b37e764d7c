#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/gemm/gemm_impl.h"

namespace lacuna {

void gemm_f32_f32_f32_tile__neon(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<8, kRegisters / 4, 3>(rows, in, out);
}

void gemm_f32_f32_f32_8x1__neon(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<8, kRegisters / 4>(rows, 0, in, out);
}

void gemm_f32_f32_f32_16x1__neon(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<16, kRegisters / 8>(rows, 0, in, out);
}

void gemm_f32_f32_f32_product__neon(const DenseProduct& product) { multiply_products<kRegisters / 5>(product); }

}  // namespace lacuna
