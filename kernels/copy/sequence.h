// Copies between two layouts of the same elements in row-major order, whatever their shapes are.
#pragma once

#include "kernels/tensor_view.h"

namespace lacuna {

/// A strided value as a sequence: dimensions of size 1 dropped, neighbours merged where strides allow. Equal sequences
/// are the same elements in the same places.
struct Sequence {
  float* data = nullptr;
  Shape dims;     ///< innermost first, unlike TensorView
  Shape strides;  ///< elements
};

Sequence make_sequence(const TensorView& view);

bool operator==(const Sequence& a, const Sequence& b);

/// Copies elements [begin, end), counted in row-major order, from `source` to `target`. Both have as many elements and
/// do not overlap.
void copy_sequence(const Sequence& source, const Sequence& target, int64_t begin, int64_t end);

}  // namespace lacuna
