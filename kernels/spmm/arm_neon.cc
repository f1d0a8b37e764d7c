#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/spmm/spmm_impl.h"

namespace lacuna {

void spmm_f32_f32_f32_tile__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<1, kRegisters / 2>(rows, in, out);
}

void spmm_f32_f32_f32_vector__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector(rows, in, out);
}

void spmm_f32_f32_f32_tile4__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<4, kRegisters / 8>(rows, in, out);
}

void spmm_f32_f32_f32_vector4__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector4(rows, in, out);
}

}  // namespace lacuna
