// Kernel, strides, dilations and padding: what convolutions and pools have in common.
#pragma once

#include <vector>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

/// One entry a spatial dimension.
struct Window {
  std::vector<int64_t> kernel;
  std::vector<int64_t> stride;
  std::vector<int64_t> dilation;
  std::vector<int64_t> pads_begin;
  std::vector<int64_t> pads_end;

  size_t dims() const { return kernel.size(); }
  int64_t extent(size_t i) const { return (kernel[i] - 1) * dilation[i] + 1; }
  /// The same window over [1, W] when it is over [W].
  Window with_height() const;
};

/// Writes the window into the attributes of a convolution or pool.
template <class Attrs>
void set_window(const Window& window, Attrs* attrs) {
  attrs->kernel = {window.kernel.begin(), window.kernel.end()};
  attrs->stride = {window.stride.begin(), window.stride.end()};
  attrs->dilation = {window.dilation.begin(), window.dilation.end()};
  attrs->pads_begin = {window.pads_begin.begin(), window.pads_begin.end()};
  attrs->pads_end = {window.pads_end.begin(), window.pads_end.end()};
}

/// Strides, dilations and explicit pads of the node. Throws kMalformed for lists of the wrong length or values out of
/// range.
Window read_window(const NodeContext& node, std::vector<int64_t> kernel);

/// The same with auto_pad resolved for input x [N, C, spatial...].
Window read_padded_window(const NodeContext& node, std::vector<int64_t> kernel, const Shape& x);

/// Splits `total` (at least 0) as auto_pad says: an odd element goes behind for SAME_UPPER, in front for SAME_LOWER.
void split_padding(int64_t total, bool upper, int64_t* begin, int64_t* end);

/// [N, C, W] as [N, C, 1, W]; other ranks as they are. Throws kUnsupported unless x has 1 to 3 spatial dimensions.
ValueId lift_to_planes(NodeContext& node, ValueId x);
/// Undoes it: [N, M, 1, W] as [N, M, W] when `rank` is 3.
ValueId lower_from_planes(NodeContext& node, ValueId y, int rank);

}  // namespace lacuna::onnx
