#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/dwconv/dwconv_impl.h"
#include "kernels/dwconv/neon_rows.h"

namespace lacuna {
namespace {

template <int kKernel, int kStride>
inline void convolve(const DwconvTile& tile) {
#if defined(__aarch64__)
  if (convolve_whole_rows<kKernel, kStride>(tile)) return;
#endif
  convolve_rows<kKernel, kStride>(tile);
}

}  // namespace

void dwconv_f32_f32_f32_3x3s1__neon(const DwconvTile& tile) { convolve<3, 1>(tile); }
void dwconv_f32_f32_f32_3x3s2__neon(const DwconvTile& tile) { convolve<3, 2>(tile); }
void dwconv_f32_f32_f32_5x5s1__neon(const DwconvTile& tile) { convolve<5, 1>(tile); }
void dwconv_f32_f32_f32_5x5s2__neon(const DwconvTile& tile) { convolve<5, 2>(tile); }
void dwconv_f32_f32_f32_7x7s1__neon(const DwconvTile& tile) { convolve<7, 1>(tile); }
void dwconv_f32_f32_f32_flat__neon(const DwconvTile& tile) { convolve_flat(tile); }
void dwconv_f32_f32_f32_bordered__neon(const DwconvTile& tile) { convolve_bordered(tile); }

}  // namespace lacuna
