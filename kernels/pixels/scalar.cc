#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "kernels/pixels/pixels_impl.h"

namespace lacuna {

extern const PixelKernels pixels_u8_f32__scalar = kPixelKernels;

}  // namespace lacuna
