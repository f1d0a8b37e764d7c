// Transposed convolution in terms of Conv: each output phase (position modulo stride) is an ordinary convolution.
#pragma once

#include <vector>

#include "converter/ir/graph_builder.h"

namespace lacuna {

/// One entry a spatial dimension, of which there are 2 or 3.
struct ConvTransposeGeometry {
  int64_t groups = 1;
  std::vector<int64_t> stride;
  std::vector<int64_t> dilation;
  std::vector<int64_t> pads_begin;  ///< elements cropped in front; negative: more zeros
  std::vector<int64_t> output;      ///< output sizes, which imply what is cropped behind
};

/// Appends nodes for y = transposed convolution of x [N, C, spatial...] with weight [C, M/groups, kernel...] and bias
/// [M] or null, and returns y [N, M, output...]. Stride-phase decomposition: a Conv with M*stride... channels over the
/// input grid, phases moved into space, the border cut off.
/// Throws Error: kMalformed when shapes do not fit, kUnsupported for strides beyond 64, kResourceLimit.
ValueId lower_conv_transpose(GraphBuilder& builder, ValueId x, const Tensor& weight, const Tensor* bias,
                             const ConvTransposeGeometry& geometry);

}  // namespace lacuna
