// What the cases of data movers share.
#pragma once

#include <random>
#include <string>
#include <utility>

#include "converter/ir/graph.h"

namespace lacuna {

/// Elements uniform in [-1, 1].
inline Tensor random_tensor(std::mt19937& rng, const Shape& shape) {
  Tensor tensor(ElementType::kF32, shape);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  for (float& element : tensor.f32) element = uniform(rng);
  return tensor;
}

/// A whole number in [low, high].
inline int64_t random_int(std::mt19937& rng, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(rng);
}

inline Shape random_shape(std::mt19937& rng, int rank, int64_t largest_dim) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(random_int(rng, 1, largest_dim));
  return shape;
}

/// Data movers are exact.
template <class AttrsT>
OpCase mover_case(std::string name, AttrsT attrs, std::vector<Tensor> inputs) {
  OpCase op_case;
  op_case.name = std::move(name);
  op_case.attrs = make_attrs(std::move(attrs));
  op_case.constant.assign(inputs.size(), false);
  op_case.inputs = std::move(inputs);
  op_case.tolerance = 0;
  return op_case;
}

}  // namespace lacuna
