// Conv.
#include "converter/onnx/window.h"

namespace lacuna::onnx {

void import_conv(NodeContext& node) {
  const Shape x_shape = node.shape(0);
  const Tensor& weight = node.constant(1, "weight");
  const int rank = x_shape.rank;
  if (weight.shape.rank != rank || rank < 3)
    malformed("input and weight need the same number of dimensions, at least 3");
  const std::vector<int64_t> kernel(weight.shape.begin() + 2, weight.shape.end());
  const auto kernel_attr = node.ints_attr("kernel_shape");
  if (kernel_attr.has_value() && *kernel_attr != kernel) malformed("kernel_shape is not that of the weight");
  Window window = read_padded_window(node, kernel, x_shape);
  if (window.dims() == 1) window = window.with_height();
  const int64_t groups = node.int_attr("group", 1);
  if (groups < 1 || count(weight.shape) == 0 || weight.shape[0] % groups != 0 ||
      weight.shape[1] * groups != x_shape[1]) {
    malformed("weight " + to_string(weight.shape) + " in " + std::to_string(groups) + " groups does not fit " +
              std::to_string(x_shape[1]) + " input channels");
  }

  fbs::ConvAttrsT attrs;
  attrs.out_channels = static_cast<uint32_t>(weight.shape[0]);
  attrs.groups = static_cast<uint32_t>(groups);
  set_window(window, &attrs);

  std::vector<ValueId> inputs = {lift_to_planes(node, node.input(0)), lift_to_planes(node, node.input(1))};
  if (node.has_input(2)) {
    const Shape& bias = node.constant(2, "bias").shape;
    if (bias != make_shape({weight.shape[0]})) malformed("bias " + to_string(bias) + " is not one number a channel");
    inputs.push_back(node.input(2));
  }
  node.set_output(lower_from_planes(node, node.emit(make_attrs(std::move(attrs)), std::move(inputs)), rank));
}

}  // namespace lacuna::onnx
