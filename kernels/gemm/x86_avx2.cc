#include "kernels/simd/vec_avx2.h"
// The tier's Vec comes first.
#include "kernels/gemm/gemm_impl.h"

namespace lacuna {

void gemm_f32_f32_f32_4x24__avx2(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<8, 4, 3>(rows, in, out);
}

void gemm_f32_f32_f32_8x1__avx2(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<8, 8>(rows, 0, in, out);
}

void gemm_f32_f32_f32_16x1__avx2(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<16, 4>(rows, 0, in, out);
}

void gemm_f32_f32_f32_6x16__avx2(const DenseProduct& product) { multiply_products<6>(product); }

}  // namespace lacuna
