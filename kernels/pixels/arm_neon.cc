#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/pixels/pixels_impl.h"

namespace lacuna {

extern const PixelKernels pixels_u8_f32__neon = kPixelKernels;

}  // namespace lacuna
