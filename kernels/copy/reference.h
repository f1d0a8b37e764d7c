// What references of data movers share: walking indices, and working on elements of either type.
#pragma once

#include <vector>

#include "kernels/op_host.h"

namespace lacuna {

/// Calls visit(index, i) for every index of `shape` in row-major order; i counts them.
template <class Visit>
void for_each_index(const Shape& shape, Visit visit) {
  const int64_t n = count(shape);
  Shape index;
  index.rank = shape.rank;
  for (int64_t i = 0; i < n; ++i) {
    visit(index, i);
    for (int d = shape.rank - 1; d >= 0 && ++index[d] == shape[d]; --d) index[d] = 0;
  }
}

/// Where the element at `index` lies in a contiguous tensor.
inline int64_t offset_of(const Shape& shape, const Shape& index) {
  int64_t offset = 0;
  for (int d = 0; d < shape.rank; ++d) offset = offset * shape[d] + index[d];
  return offset;
}

/// Sets each element of the output to the element of `input` at source(output index).
template <class Source>
void move_elements(const Tensor& input, Tensor* output, Source source) {
  const auto move = [&](const auto& from, auto& to) {
    for_each_index(output->shape, [&](const Shape& index, int64_t i) {
      to[static_cast<size_t>(i)] = from[static_cast<size_t>(offset_of(input.shape, source(index)))];
    });
  };
  if (input.type == ElementType::kF32) {
    move(input.f32, output->f32);
  } else {
    move(input.i64, output->i64);
  }
}

}  // namespace lacuna
