#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "kernels/spmm/spmm_impl.h"

namespace lacuna {

void spmm_f32_f32_f32_1x64__scalar(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<1, kMostLine / Vec::kLanes>(rows, in, out);
}

void spmm_f32_f32_f32_1x1__scalar(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector(rows, in, out);
}

void spmm_f32_f32_f32_4x12__scalar(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<4, 3>(rows, in, out);
}

void spmm_f32_f32_f32_4x1__scalar(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector4(rows, in, out);
}

}  // namespace lacuna
