#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/spmm/spmm_impl.h"

namespace lacuna {

void spmm_f32_f32_f32_1x128__avx512(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<1, 8>(rows, in, out);
}

void spmm_f32_f32_f32_4x64__avx512(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<4, 4>(rows, in, out);
}

}  // namespace lacuna
