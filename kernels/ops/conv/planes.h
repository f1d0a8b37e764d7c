// A planar value as convolutions address it.
#pragma once

#include "kernels/tensor_view.h"

namespace lacuna {

struct Planes {
  float* data = nullptr;       ///< null: an omitted operand
  int64_t batch_stride = 0;    ///< floats
  int64_t channel_stride = 0;  ///< floats

  Planes() = default;
  explicit Planes(const TensorView& view)
      : data(view.data), batch_stride(view.strides[0]), channel_stride(view.strides[1]) {}

  float* at(int64_t batch, int64_t channel) const { return data + batch * batch_stride + channel * channel_stride; }
};

}  // namespace lacuna
