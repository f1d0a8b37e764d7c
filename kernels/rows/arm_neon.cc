#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/rows/rows_impl.h"

namespace lacuna {

extern const RowsKernels rows_f32__neon = kRowsKernels;

}  // namespace lacuna
