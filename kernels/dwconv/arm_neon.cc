#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/dwconv/dwconv_impl.h"

namespace lacuna {

void dwconv_f32_f32_f32_flat__neon(const DwconvTile& tile) { convolve_flat(tile); }
void dwconv_f32_f32_f32_bordered__neon(const DwconvTile& tile) { convolve_bordered(tile); }

}  // namespace lacuna
