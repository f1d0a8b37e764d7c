// Where a value lies: data, shape and strides.
#pragma once

#include "kernels/built.h"
#include "lacuna_generated.h"
#include "sdk/base/shape.h"

namespace lacuna {

/// Bytes of an element.
inline int64_t bytes_of(fbs::Dtype dtype) { return is_built(fbs::Dtype::F16) && dtype == fbs::Dtype::F16 ? 2 : 4; }

/// A value in memory that somebody else owns. `data` is null until a session binds it.
struct TensorView {
  float* data = nullptr;  ///< of elements of `dtype`: F32 but for OpRun::computes_halves
  fbs::Dtype dtype = fbs::Dtype::F32;
  Shape shape;
  Shape strides;         ///< elements, one a dimension
  bool present = false;  ///< false for an omitted optional operand
};

/// Dense row-major: the layout that NumPy calls C-contiguous. Strides of dimensions of size 1 do not matter.
inline bool is_contiguous(const TensorView& view, int first_dim = 0) {
  int64_t step = 1;
  for (int i = view.shape.rank - 1; i >= first_dim; --i) {
    if (view.shape[i] != 1 && view.strides[i] != step) return false;
    step *= view.shape[i];
  }
  return true;
}

/// Planar: rank 3 at least, dimensions [2, rank) dense row-major; batch and channel strides are free.
inline bool is_planar(const TensorView& view) { return view.shape.rank >= 3 && is_contiguous(view, 2); }

/// Elements of one plane of a planar value.
inline int64_t plane_size(const TensorView& view) { return count(view.shape, 2, view.shape.rank); }

/// Elements that the value spans, gaps between planes included: index of the last element plus one.
inline int64_t extent(const TensorView& view) {
  int64_t last = 0;
  for (int i = 0; i < view.shape.rank; ++i) last += (view.shape[i] - 1) * view.strides[i];
  return last + 1;
}

}  // namespace lacuna
