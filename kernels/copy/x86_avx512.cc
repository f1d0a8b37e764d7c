#include "kernels/simd/vec_avx512.h"
// The tier's Vec comes first.
#include "kernels/copy/interleave_impl.h"

namespace lacuna {

void transpose_f32_narrow__avx512(const Transposition& shape, const float* source, float* target) {
  transpose_narrow(shape, source, target);
}

}  // namespace lacuna
