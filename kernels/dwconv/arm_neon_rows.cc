// Windows of kRows. A file of its own for its flags: GCC's scheduling in front of the choice of registers loads more
// than they hold (toolchains/modules/IsaFlags.cmake).
#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/dwconv/neon_rows.h"

namespace lacuna {

void dwconv_f32_f32_f32_3x3s1__neon(const DwconvTile& tile) { convolve<3, 1>(tile); }
void dwconv_f32_f32_f32_3x3s2__neon(const DwconvTile& tile) { convolve<3, 2>(tile); }
void dwconv_f32_f32_f32_5x5s1__neon(const DwconvTile& tile) { convolve<5, 1>(tile); }
void dwconv_f32_f32_f32_5x5s2__neon(const DwconvTile& tile) { convolve<5, 2>(tile); }
void dwconv_f32_f32_f32_7x7s1__neon(const DwconvTile& tile) { convolve<7, 1>(tile); }

}  // namespace lacuna
