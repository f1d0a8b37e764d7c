// What the cases of operators with weights share. Desktop only.
#pragma once

#include <limits>

#include "kernels/eltwise/cases.h"

namespace lacuna {

/// Each weight is kept with probability `density`, uniform in [-1, 1]; the others are zero.
inline Tensor random_weight(std::mt19937& rng, const Shape& shape, double density) {
  Tensor weight = random_tensor(rng, shape);
  std::bernoulli_distribution kept(density);
  for (float& w : weight.f32) {
    if (!kept(rng)) w = 0.0f;
  }
  return weight;
}

/// Sets every weight of output row `row` to zero.
inline void clear_row(Tensor& weight, int64_t row) {
  const int64_t n = count(weight.shape, 1, weight.shape.rank);
  std::fill_n(weight.f32.begin() + row * n, n, 0.0f);
}

inline fbs::Activation relu() { return {fbs::UnaryKind::Clamp, 0.0f, std::numeric_limits<float>::infinity()}; }
inline fbs::Activation hard_swish() { return {fbs::UnaryKind::HardSwish, 0.0f, 0.0f}; }

}  // namespace lacuna
