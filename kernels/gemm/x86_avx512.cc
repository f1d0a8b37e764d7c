#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/gemm/gemm_impl.h"

namespace lacuna {

void gemm_f32_f32_f32_8x48__avx512(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<8, 8, 3>(rows, in, out);
}

void gemm_f32_f32_f32_16x1__avx512(const DenseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector<16, 8>(rows, 0, in, out);
}

void gemm_f32_f32_f32_12x16__avx512(const DenseProduct& product) { multiply_products<12>(product); }

}  // namespace lacuna
