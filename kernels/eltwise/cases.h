// What the cases of arithmetic operators share.
#pragma once

#include <string>
#include <utility>

#include "kernels/copy/cases.h"

namespace lacuna {

inline Tensor uniform_tensor(std::mt19937& rng, const Shape& shape, float low, float high) {
  Tensor tensor(ElementType::kF32, shape);
  std::uniform_real_distribution<float> uniform(low, high);
  for (float& element : tensor.f32) element = uniform(rng);
  return tensor;
}

/// A case with variable inputs only.
template <class AttrsT>
OpCase arithmetic_case(std::string name, AttrsT attrs, std::vector<Tensor> inputs, double tolerance = 1e-6) {
  OpCase op_case = mover_case(std::move(name), std::move(attrs), std::move(inputs));
  op_case.tolerance = tolerance;
  return op_case;
}

inline fbs::Activation relu6() { return {fbs::UnaryKind::Clamp, 0.0f, 6.0f}; }

}  // namespace lacuna
