// Sizes of a convolution, from its attributes and operands.
#pragma once

#include "kernels/op.h"
#include "kernels/window.h"

namespace lacuna {

/// A 2-D convolution has depth 1 and an identity window there.
struct ConvGeometry {
  int64_t batch;
  int64_t groups;
  int64_t channels;  ///< in, of one group
  int64_t rows;      ///< channels out, of one group
  int spatial;       ///< 2 or 3
  Window depth;
  Window height;
  Window width;

  int64_t taps() const { return depth.kernel * height.kernel * width.kernel; }  ///< of one channel
  int64_t columns() const { return channels * taps(); }
  bool is_pointwise() const { return depth.is_identity() && height.is_identity() && width.is_identity(); }
  bool is_depthwise() const { return channels == 1 && spatial == 2; }
};

/// Reads and checks attributes against the shape of x. Errors: MEANING.
lacuna_status conv_geometry(const fbs::ConvAttrs& attrs, const Shape& x, ConvGeometry* geometry, lacuna_error* error);

/// The same for a step whose shapes have been checked.
ConvGeometry conv_geometry(const OpStep& step);

}  // namespace lacuna
