// A planar value as kernels of planes address it.
#pragma once

#include "kernels/tensor_view.h"

namespace lacuna {

/// T: float or Half.
template <class T>
struct PlanesOf {
  T* data = nullptr;           ///< null: an omitted operand
  int64_t batch_stride = 0;    ///< elements
  int64_t channel_stride = 0;  ///< elements

  PlanesOf() = default;
  explicit PlanesOf(const TensorView& view)
      : data(reinterpret_cast<T*>(view.data)), batch_stride(view.strides[0]), channel_stride(view.strides[1]) {}

  T* at(int64_t batch, int64_t channel) const { return data + batch * batch_stride + channel * channel_stride; }
};
using Planes = PlanesOf<float>;

}  // namespace lacuna
