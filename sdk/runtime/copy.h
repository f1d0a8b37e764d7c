// Copies between contiguous and strided tensors.
#pragma once

#include "kernels/halves/halves.h"
#include "kernels/tensor_view.h"

namespace lacuna {

/// Elements in row-major order from `source` (contiguous) to where `target` says, and the reverse.
void copy_in(const float* source, const TensorView& target);
void copy_out(const TensorView& source, float* target);

/// A value in both types, with the same strides in elements.
struct WideValue {
  TensorView halves;
  TensorView floats;
};
void widen(const HalfKernels& kernels, const WideValue& value);
void narrow(const HalfKernels& kernels, const WideValue& value);

}  // namespace lacuna
