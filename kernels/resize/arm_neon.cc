#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/resize/resize_rows_impl.h"

namespace lacuna {

void interpolate_rows__neon(const Interpolation& plan, const float* x, int64_t begin, int64_t end, float* held,
                            float* y) {
  interpolate_rows(plan, x, begin, end, held, y);
}

void blend_rows__neon(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y) {
  blend_rows(a, weight_a, b, weight_b, n, y);
}

}  // namespace lacuna
