// Copies between contiguous and strided tensors.
#pragma once

#include "kernels/tensor_view.h"

namespace lacuna {

/// Elements in row-major order from `source` (contiguous) to where `target` says, and the reverse.
void copy_in(const float* source, const TensorView& target);
void copy_out(const TensorView& source, float* target);

}  // namespace lacuna
