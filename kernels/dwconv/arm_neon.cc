#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/dwconv/dwconv_impl.h"

namespace lacuna {

void dwconv_f32_f32_f32_3x3s1__neon(const DwconvTile& tile) { convolve_rows<3, 1>(tile); }
void dwconv_f32_f32_f32_3x3s2__neon(const DwconvTile& tile) { convolve_rows<3, 2>(tile); }
void dwconv_f32_f32_f32_5x5s1__neon(const DwconvTile& tile) { convolve_rows<5, 1>(tile); }
void dwconv_f32_f32_f32_5x5s2__neon(const DwconvTile& tile) { convolve_rows<5, 2>(tile); }
void dwconv_f32_f32_f32_7x7s1__neon(const DwconvTile& tile) { convolve_rows<7, 1>(tile); }
void dwconv_f32_f32_f32_flat__neon(const DwconvTile& tile) { convolve_flat(tile); }
void dwconv_f32_f32_f32_bordered__neon(const DwconvTile& tile) { convolve_bordered(tile); }

}  // namespace lacuna
