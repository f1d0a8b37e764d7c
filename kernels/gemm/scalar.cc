#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "kernels/gemm/gemm_impl.h"

namespace lacuna {

void gemm_f32_f32_f32_4x12__scalar(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<8, 4, 3>(rows, in, out);
}

void gemm_f32_f32_f32_8x1__scalar(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<8, 4>(rows, 0, in, out);
}

void gemm_f32_f32_f32_16x1__scalar(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<16, 2>(rows, 0, in, out);
}

void gemm_f32_f32_f32_3x16__scalar(const DenseProduct& product) { multiply_products<3>(product); }

}  // namespace lacuna
