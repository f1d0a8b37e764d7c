#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/unfold/unfold_impl.h"

namespace lacuna {

void unfold_f32__avx512(const UnfoldTile& tile, float* out) { unfold_tile(tile, out); }

}  // namespace lacuna
