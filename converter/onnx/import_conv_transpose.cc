// ConvTranspose.
#include <algorithm>

#include "converter/ir/lower_conv_transpose.h"
#include "converter/onnx/window.h"

namespace lacuna::onnx {

namespace {

std::vector<int64_t> spatial_ints(const NodeContext& node, const char* name, size_t dims) {
  std::vector<int64_t> list = node.ints_attr(name).value_or(std::vector<int64_t>(dims, 0));
  if (list.size() == dims + 2) list.erase(list.begin(), list.begin() + 2);  // some exporters include N and C
  if (list.size() != dims) malformed("'" + std::string(name) + "' has " + std::to_string(list.size()) + " entries");
  return list;
}

/// Resolves output_shape and auto_pad: sizes of the output and what is cropped in front.
ConvTransposeGeometry read_geometry(const NodeContext& node, const Window& window, const Shape& x) {
  ConvTransposeGeometry geometry{node.int_attr("group", 1), window.stride, window.dilation, window.pads_begin, {}};
  const std::vector<int64_t> output_padding = spatial_ints(node, "output_padding", window.dims());
  const std::vector<int64_t> output_shape = spatial_ints(node, "output_shape", window.dims());
  const bool has_output_shape = node.has_attr("output_shape");
  const std::string auto_pad = node.string_attr("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  for (size_t i = 0; i < window.dims(); ++i) {
    const int64_t size = x[static_cast<int>(i) + 2];
    if (output_padding[i] < 0 || output_padding[i] > std::max(window.stride[i], window.dilation[i])) {
      malformed("output_padding is " + std::to_string(output_padding[i]));
    }
    const int64_t whole = (size - 1) * window.stride[i] + window.extent(i) + output_padding[i];
    if (has_output_shape || same) {
      const int64_t output = has_output_shape ? output_shape[i] : size * window.stride[i];
      const int64_t total = std::max<int64_t>(0, whole - output);
      int64_t end = 0;
      split_padding(total, auto_pad == "SAME_UPPER", &geometry.pads_begin[i], &end);
      geometry.output.push_back(output);
    } else if (auto_pad == "VALID") {
      geometry.pads_begin[i] = 0;
      geometry.output.push_back(whole);
    } else {
      geometry.output.push_back(whole - window.pads_begin[i] - window.pads_end[i]);
    }
    if (geometry.output[i] < 1 || geometry.output[i] > whole + window.stride[i]) {
      malformed("the output would have size " + std::to_string(geometry.output[i]));
    }
  }
  return geometry;
}

}  // namespace

void import_conv_transpose(NodeContext& node) {
  const Shape x = node.shape(0);
  Tensor weight = node.constant(1, "weight");
  if (weight.shape.rank != x.rank || x.rank < 3)
    malformed("input and weight need the same number of dimensions, at least 3");
  Window window = read_window(node, {weight.shape.begin() + 2, weight.shape.end()});
  ConvTransposeGeometry geometry = read_geometry(node, window, x);
  if (x.rank == 3) {
    weight.shape = make_shape({weight.shape[0], weight.shape[1], 1, weight.shape[2]});
    window = window.with_height();
    geometry.stride = window.stride;
    geometry.dilation = window.dilation;
    geometry.pads_begin.insert(geometry.pads_begin.begin(), 0);
    geometry.output.insert(geometry.output.begin(), 1);
  }
  const Tensor* bias = node.has_input(2) ? &node.constant(2, "bias") : nullptr;
  const ValueId planes = lift_to_planes(node, node.input(0));
  const ValueId y = lower_conv_transpose(node, planes, weight, bias, geometry);
  node.set_output(lower_from_planes(node, y, x.rank));
}

}  // namespace lacuna::onnx
