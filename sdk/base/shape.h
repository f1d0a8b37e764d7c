// Shapes and element strides of fixed capacity: no allocation, trivially copyable.
#pragma once

#include <cstdint>

namespace lacuna {

/// Most dimensions that a value may have.
constexpr int kMaxRank = 8;

/// Dimensions (or strides, in elements) of a value, outermost first. A scalar has rank 0.
struct Shape {
  int32_t rank = 0;
  int64_t dims[kMaxRank] = {};

  int64_t& operator[](int i) { return dims[i]; }
  int64_t operator[](int i) const { return dims[i]; }

  void push_back(int64_t dim) { dims[rank++] = dim; }
  const int64_t* begin() const { return dims; }
  const int64_t* end() const { return dims + rank; }
};

inline bool operator==(const Shape& a, const Shape& b) {
  if (a.rank != b.rank) return false;
  for (int i = 0; i < a.rank; ++i) {
    if (a.dims[i] != b.dims[i]) return false;
  }
  return true;
}
inline bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }

/// Product of dims[first, last).
inline int64_t count(const Shape& shape, int first, int last) {
  int64_t n = 1;
  for (int i = first; i < last; ++i) n *= shape.dims[i];
  return n;
}

/// Number of elements.
inline int64_t count(const Shape& shape) { return count(shape, 0, shape.rank); }

/// Strides of the dense row-major layout.
inline Shape contiguous_strides(const Shape& shape) {
  Shape strides;
  strides.rank = shape.rank;
  int64_t step = 1;
  for (int i = shape.rank - 1; i >= 0; --i) {
    strides.dims[i] = step;
    step *= shape.dims[i];
  }
  return strides;
}

}  // namespace lacuna
