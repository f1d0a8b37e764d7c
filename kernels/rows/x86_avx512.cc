#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/rows/rows_impl.h"

namespace lacuna {

extern const RowsKernels rows_f32__avx512 = kRowsKernels;

}  // namespace lacuna
