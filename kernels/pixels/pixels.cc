#include "kernels/pixels/pixels.h"

#include "kernels/select.h"

namespace lacuna {
namespace {

constexpr PixelsEntry kEntries[] = {
#define LACUNA_PIXELS_KERNELS(isa, kernels) {isa, #kernels, if_built(&kernels, isa)},
#include "kernels/pixels/kernels.inc"
#undef LACUNA_PIXELS_KERNELS
};

}  // namespace

const PixelsEntry& select_pixels(IsaMask isas) { return select_kernel(kEntries, isas); }

}  // namespace lacuna
