// Convolutions. TFLite's weights are [M, kh, kw, C]; those of depthwise ones [1, kh, kw, C * multiplier].
#include <algorithm>
#include <cstring>

#include "converter/ir/lower_conv_transpose.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

using tflite_fbs::ActivationFunctionType;
using tflite_fbs::BuiltinOperator;
using tflite_fbs::Padding;

namespace {

/// What the three kinds of convolution have in common. Lists have one entry a spatial dimension.
struct Convolution {
  ValueId weight = kNoValue;  ///< [M, C/groups, kernel...]
  Padding padding = Padding::SAME;
  std::vector<int64_t> stride;
  std::vector<int64_t> dilation;
  ActivationFunctionType activation = ActivationFunctionType::NONE;
};

ValueId weight_of(NodeContext& node, size_t i, const std::vector<uint32_t>& perm) {
  check_rank(node, i, static_cast<int>(perm.size()));
  node.constant(i, "weight");
  return node.transpose(node.input(i), perm, "/weight");
}

Convolution read_conv_2d(NodeContext& node) {
  const auto options = node.options<tflite_fbs::Conv2DOptions>();
  return {weight_of(node, 1, {0, 3, 1, 2}),
          options.padding,
          {options.stride_h, options.stride_w},
          {options.dilation_h_factor, options.dilation_w_factor},
          options.fused_activation_function};
}

Convolution read_depthwise(NodeContext& node) {
  const auto options = node.options<tflite_fbs::DepthwiseConv2DOptions>();
  return {weight_of(node, 1, {3, 0, 1, 2}),
          options.padding,
          {options.stride_h, options.stride_w},
          {options.dilation_h_factor, options.dilation_w_factor},
          options.fused_activation_function};
}

Convolution read_conv_3d(NodeContext& node) {
  const auto options = node.options<tflite_fbs::Conv3DOptions>();
  return {weight_of(node, 1, {4, 3, 0, 1, 2}),
          options.padding,
          {options.stride_d, options.stride_h, options.stride_w},
          {options.dilation_d_factor, options.dilation_h_factor, options.dilation_w_factor},
          options.fused_activation_function};
}

Convolution read_convolution(NodeContext& node) {
  switch (node.builtin()) {
    case BuiltinOperator::DEPTHWISE_CONV_2D:
      return read_depthwise(node);
    case BuiltinOperator::CONV_3D:
      return read_conv_3d(node);
    default:
      return read_conv_2d(node);
  }
}

/// How many groups of input channels the weight implies.
int64_t groups_of(int64_t channels, const Shape& weight) {
  if (channels < weight[1] || channels % weight[1] != 0 || weight[0] % (channels / weight[1]) != 0) {
    malformed("a weight of " + std::to_string(weight[0]) + " x " + std::to_string(weight[1]) +
              " channels does not fit " + std::to_string(channels) + " input channels");
  }
  return channels / weight[1];
}

std::vector<Window> windows_of(const NodeContext& node, const Convolution& conv, const Shape& weight) {
  const Shape x = node.shape(0);
  std::vector<Window> windows;
  for (size_t i = 0; i < conv.stride.size(); ++i) {
    const auto d = static_cast<int>(i);
    Window window = resolve_window(conv.padding, x[d + 1], weight[d + 2], conv.stride[i], conv.dilation[i]);
    if (node.folded_dilation.has_value()) {
      window.dilation = node.folded_dilation->dilation[i];
      window.pad_begin = node.folded_dilation->pads_begin[i];
      window.pad_end = node.folded_dilation->pads_end[i];
    }
    windows.push_back(window);
  }
  return windows;
}

/// Cuts what BATCH_TO_SPACE_ND cuts off from [N, H, W, C].
ValueId crop(NodeContext& node, const FoldedDilation& folded, ValueId y) {
  Shape sizes = node.shape_of(y);
  std::vector<int64_t> start(4, 0);
  for (size_t i = 0; i < 2; ++i) {
    start[i + 1] = folded.crops_begin[i];
    sizes[static_cast<int>(i) + 1] -= folded.crops_begin[i] + folded.crops_end[i];
  }
  return node.slice(y, start, std::vector<int64_t>(4, 1), sizes, "/crop");
}

ValueId bias_of(NodeContext& node, size_t i, int64_t channels) {
  if (!node.has_input(i)) return kNoValue;
  node.constant(i, "bias");
  return node.reshape(node.input(i), make_shape({channels}), "/bias");
}

/// Sizes of a transposed convolution of x [N, H, W, C] for the requested output [N, H, W, M].
ConvTransposeGeometry transposed_geometry(const Shape& x, const Shape& kernel, const std::vector<int64_t>& stride,
                                          Padding padding, const Shape& output) {
  ConvTransposeGeometry geometry;
  geometry.stride = stride;
  geometry.dilation = {1, 1};
  for (int i = 0; i < 2; ++i) {
    const auto d = static_cast<size_t>(i);
    // The padding is that of the forward convolution, from the output to x.
    const Window window = resolve_window(padding, output[i + 1], kernel[i], stride[d], 1);
    const int64_t whole = (x[i + 1] - 1) * stride[d] + kernel[i];
    if (output[i + 1] < 1 || output[i + 1] > whole + stride[d]) {
      malformed("an output of " + to_string(output) + " does not fit an input of " + to_string(x));
    }
    geometry.pads_begin.push_back(window.pad_begin);
    geometry.output.push_back(output[i + 1]);
  }
  return geometry;
}

/// The weight is input 1, [M, kh, kw, C].
ValueId emit_transposed(NodeContext& node, ValueId x, ValueId bias, const ConvTransposeGeometry& geometry) {
  const ValueId weight = weight_of(node, 1, {3, 0, 1, 2});
  const Tensor* bias_tensor = bias == kNoValue ? nullptr : &node.graph().constant(bias);
  return lower_conv_transpose(node, node.to_channel_first(x), node.graph().constant(weight), bias_tensor, geometry);
}

}  // namespace

void import_conv(NodeContext& node) {
  const Convolution conv = read_convolution(node);
  const Shape weight = node.shape_of(conv.weight);
  check_rank(node, 0, weight.rank);
  const Shape x = node.shape(0);
  fbs::ConvAttrsT attrs;
  attrs.out_channels = static_cast<uint32_t>(weight[0]);
  attrs.groups = static_cast<uint32_t>(groups_of(x[x.rank - 1], weight));
  attrs.activation = activation_of(conv.activation);
  set_windows(attrs, windows_of(node, conv, weight));
  const ValueId bias = bias_of(node, 2, weight[0]);
  ValueId y = node.emit_channel_first(make_attrs(std::move(attrs)), {node.input(0), conv.weight, bias});
  if (node.folded_dilation.has_value()) y = crop(node, *node.folded_dilation, y);
  node.set_output(y);
}

// Inputs: sizes of the output, weight, x, bias.
void import_transpose_conv(NodeContext& node) {
  const auto options = node.options<tflite_fbs::TransposeConvOptions>();
  check_rank(node, 1, 4);
  check_rank(node, 2, 4);
  const std::vector<int64_t> sizes = node.ints(0, "output shape");
  const Shape x = node.shape(2);
  const Shape weight = node.shape(1);
  if (sizes.size() != 4 || sizes[0] != x[0] || sizes[3] != weight[0]) malformed("the output shape does not fit");
  const ConvTransposeGeometry geometry = transposed_geometry(
      x, make_shape({weight[1], weight[2]}), {options.stride_h, options.stride_w}, options.padding, make_shape(sizes));
  const ValueId y = emit_transposed(node, node.input(2), bias_of(node, 3, weight[0]), geometry);
  const fbs::Activation activation = activation_of(options.fused_activation_function);
  node.set_output(node.to_channel_last(node.activate(activation, y)));
}

// Inputs: x, weight, bias. Options: the bytes of three int32: padding (1 same, 2 valid), stride_width, stride_height.
void import_transpose_conv_bias(NodeContext& node) {
  constexpr int32_t kSame = 1;
  int32_t options[3];
  const auto* bytes = node.custom_options();
  if (bytes == nullptr || bytes->size() < sizeof(options)) malformed("its options are cut short");
  std::memcpy(options, bytes->data(), sizeof(options));
  check_rank(node, 0, 4);
  check_rank(node, 1, 4);
  const Shape x = node.shape(0);
  const Shape weight = node.shape(1);
  ConvTransposeGeometry geometry;
  geometry.stride = {options[2], options[1]};
  geometry.dilation = {1, 1};
  for (int i = 0; i < 2; ++i) {
    const int64_t stride = geometry.stride[static_cast<size_t>(i)];
    const int64_t kernel = weight[i + 1];
    const int64_t input = x[i + 1];
    if (stride < 1) malformed("stride " + std::to_string(stride) + " must be at least 1");
    const int64_t cropped = options[0] == kSame ? std::max<int64_t>(0, kernel - (input - 1) % stride - 1) : 0;
    geometry.pads_begin.push_back(cropped / 2);
    geometry.output.push_back(stride * (input - 1) + kernel - cropped);
  }
  node.set_output(node.to_channel_last(emit_transposed(node, node.input(0), bias_of(node, 2, weight[0]), geometry)));
}

}  // namespace lacuna::tflite
