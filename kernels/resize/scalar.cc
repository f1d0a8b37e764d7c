#include "kernels/resize/resize_rows.h"

namespace lacuna {

void interpolate_row__scalar(const float* x, const int32_t* starts, const float* weights, int64_t taps, int64_t n,
                             float* y) {
  for (int64_t i = 0; i < n; ++i) {
    const float* from = x + starts[i];
    if (taps == 1) {
      y[i] = *from;
      continue;
    }
    float sum = weights[i] * from[0];
    for (int64_t k = 1; k < taps; ++k) sum += weights[k * n + i] * from[k];
    y[i] = sum;
  }
}

void blend_rows__scalar(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = weight_a * a[i] + weight_b * b[i];
}

}  // namespace lacuna
