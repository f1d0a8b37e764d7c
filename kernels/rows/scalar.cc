#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "kernels/rows/rows_impl.h"

namespace lacuna {

extern const RowsKernels rows_f32__scalar = kRowsKernels;

}  // namespace lacuna
