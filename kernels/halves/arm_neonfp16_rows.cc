// Depthwise rows, apart for their flags, as kernels/dwconv/arm_neon_rows.cc.
#include "kernels/halves/halves.h"

#if defined(__aarch64__)

#include "kernels/halves/half_vec_neon.h"
// The tier's Vec comes first.
#include "kernels/dwconv/whole_rows.h"

namespace lacuna {
namespace {

template <class Rows>
void filter_rows(const HalfDwconvTile& tile) {
  tile.rows < Rows::kLeastRows ? Rows::run_short(tile) : Rows::run(tile);
}

template <int kKernel, int kStride>
void filter(const HalfDwconvTile& tile) {
  constexpr int kCentre = kKernel / 2;
  if (kStride == 1 || tile.plan->width.pad == kCentre) {
    filter_rows<WholeRows<kKernel, kStride, kCentre>>(tile);
  } else {
    filter_rows<WholeRows<kKernel, kStride, kCentre - 1>>(tile);
  }
}

}  // namespace

void dwconv_f16_f16_f16_3x3s1__neonfp16(const HalfDwconvTile& tile) { filter<3, 1>(tile); }
void dwconv_f16_f16_f16_3x3s2__neonfp16(const HalfDwconvTile& tile) { filter<3, 2>(tile); }
void dwconv_f16_f16_f16_5x5s1__neonfp16(const HalfDwconvTile& tile) { filter<5, 1>(tile); }
void dwconv_f16_f16_f16_5x5s2__neonfp16(const HalfDwconvTile& tile) { filter<5, 2>(tile); }

}  // namespace lacuna

#endif
