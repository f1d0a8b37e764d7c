// Constant tensors on the desktop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sdk/base/shape.h"

namespace lacuna {

/// Element types inside the converter. Importers widen: fp16, bf16 and fp64 become f32; integers and bools become i64.
enum class ElementType : uint8_t { kF32, kI64 };

/// A dense row-major tensor that owns its elements. Just one of the two vectors is used, the one that `type` names.
struct Tensor {
  ElementType type = ElementType::kF32;
  Shape shape;
  std::vector<float> f32;
  std::vector<int64_t> i64;

  Tensor() = default;
  /// Zeros.
  Tensor(ElementType element_type, const Shape& tensor_shape) : type(element_type), shape(tensor_shape) {
    const auto n = static_cast<size_t>(count(shape));
    if (type == ElementType::kF32) {
      f32.resize(n);
    } else {
      i64.resize(n);
    }
  }
  Tensor(const Shape& tensor_shape, std::vector<float> elements) : shape(tensor_shape), f32(std::move(elements)) {}
  Tensor(const Shape& tensor_shape, std::vector<int64_t> elements)
      : type(ElementType::kI64), shape(tensor_shape), i64(std::move(elements)) {}

  bool empty() const { return f32.empty() && i64.empty(); }
};

/// A shape from a list of dimensions; at most kMaxRank of them.
template <class Int>
Shape make_shape(const std::vector<Int>& dims) {
  Shape shape;
  for (const Int dim : dims) shape.push_back(static_cast<int64_t>(dim));
  return shape;
}
inline Shape make_shape(std::initializer_list<int64_t> dims) { return make_shape(std::vector<int64_t>(dims)); }

/// The dimensions as a vector of another integer type, as attribute tables want them.
template <class Int>
std::vector<Int> dims_of(const Shape& shape) {
  std::vector<Int> dims;
  for (const int64_t dim : shape) dims.push_back(static_cast<Int>(dim));
  return dims;
}

}  // namespace lacuna
