#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/unfold/unfold_impl.h"

namespace lacuna {

void unfold_pixels_f32__neon(const UnfoldPixels& tile, float* out) { unfold_pixels(tile, out); }
void unfold_lines_f32__neon(const UnfoldLines& tile, float* out) { unfold_lines(tile, out); }
void fold_lines_f32__neon(const FoldLines& tile) { fold_lines(tile); }

}  // namespace lacuna
