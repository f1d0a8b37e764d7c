// Batch, layer, instance, group, Lp and mean-variance normalisation, and LRN.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

const Tensor& channel_vector(const NodeContext& node, size_t i, const char* role, int64_t channels) {
  const Tensor& tensor = node.constant(i, role);
  if (tensor.type != ElementType::kF32 || count(tensor.shape) != channels || tensor.shape.rank != 1) {
    malformed(std::string(role) + " has shape " + to_string(tensor.shape) + " for " + std::to_string(channels) +
              " channels");
  }
  return tensor;
}

ValueId affine(NodeContext& node, ValueId x, Tensor scale, Tensor shift) {
  const ValueId scale_id = node.add_constant(std::move(scale), "/scale");
  const ValueId shift_id = node.add_constant(std::move(shift), "/shift");
  return node.emit(make_attrs(fbs::AffineAttrsT()), {x, scale_id, shift_id});
}

ValueId normalize(NodeContext& node, fbs::NormKind kind, int axis, float epsilon, std::vector<ValueId> inputs,
                  const std::string& suffix = "") {
  fbs::NormalizeAttrsT attrs;
  attrs.kind = kind;
  attrs.axis = static_cast<uint32_t>(axis);
  attrs.epsilon = epsilon;
  return node.emit(make_attrs(std::move(attrs)), std::move(inputs), suffix);
}

ValueId centered(NodeContext& node, ValueId x, ValueId mean) {
  return node.binary(fbs::BinaryKind::Sub, x, mean, {}, "/centered");
}

/// Mean over `axes` of (x - mean)^2, dimensions kept.
ValueId variance(NodeContext& node, ValueId x, ValueId mean, const std::vector<uint32_t>& axes) {
  const ValueId squares = node.binary(fbs::BinaryKind::SquaredDifference, x, mean, {}, "/squares");
  return node.reduce(fbs::ReduceKind::Mean, squares, axes, true, "/variance");
}

}  // namespace

void import_batch_normalization(NodeContext& node) {
  if (node.int_attr("training_mode", 0) != 0) unsupported("training mode; export the model for inference");
  if (node.opset() < 9 && node.int_attr("spatial", 1) == 0) unsupported("statistics per element (spatial = 0)");
  const Shape shape = node.shape(0);
  const int64_t channels = shape.rank < 2 ? 1 : shape[1];
  const Tensor& gamma = channel_vector(node, 1, "scale", channels);
  const Tensor& beta = channel_vector(node, 2, "bias", channels);
  const Tensor& mean = channel_vector(node, 3, "mean", channels);
  const Tensor& var = channel_vector(node, 4, "variance", channels);
  const float epsilon = node.float_attr("epsilon", 1e-5f);
  Tensor scale(ElementType::kF32, gamma.shape);
  Tensor shift(ElementType::kF32, gamma.shape);
  for (size_t c = 0; c < scale.f32.size(); ++c) {
    const double factor = static_cast<double>(gamma.f32[c]) / std::sqrt(static_cast<double>(var.f32[c]) + epsilon);
    scale.f32[c] = static_cast<float>(factor);
    shift.f32[c] = static_cast<float>(static_cast<double>(beta.f32[c]) - factor * static_cast<double>(mean.f32[c]));
  }
  ValueId x = node.input(0);
  if (shape.rank < 2) x = node.reshape(x, make_shape({count(shape), 1}), "/lift");
  node.set_output(node.reshape(affine(node, x, std::move(scale), std::move(shift)), shape, "/lower"));
}

void import_layer_normalization(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int axis = checked_axis(node.int_attr("axis", -1), shape.rank);
  const float epsilon = node.float_attr("epsilon", 1e-5f);
  Shape normalized;
  for (int i = axis; i < shape.rank; ++i) normalized.push_back(shape[i]);
  std::vector<ValueId> inputs = {node.input(0), node.expand(node.input(1), normalized, "/scale")};
  if (node.has_input(2)) inputs.push_back(node.expand(node.input(2), normalized, "/shift"));
  node.set_output(normalize(node, fbs::NormKind::Layer, axis, epsilon, std::move(inputs)));
  if (!node.has_output(1) && !node.has_output(2)) return;

  std::vector<uint32_t> axes(static_cast<size_t>(shape.rank - axis));
  std::iota(axes.begin(), axes.end(), static_cast<uint32_t>(axis));
  const ValueId mean = node.reduce(fbs::ReduceKind::Mean, node.input(0), axes, true, "/mean");
  node.set_output(mean, 1);
  if (!node.has_output(2)) return;
  const ValueId spread = variance(node, node.input(0), mean, axes);
  const ValueId positive = node.binary(fbs::BinaryKind::Add, spread, node.add_scalar(epsilon, "/epsilon"), {}, "/add");
  node.set_output(node.unary(fbs::UnaryKind::Rsqrt, positive, "/inverse"), 2);
}

void import_instance_normalization(NodeContext& node) {
  if (node.rank(0) < 3) malformed("the input needs 3 dimensions at least");
  const std::vector<ValueId> inputs = {node.input(0), node.input(1), node.input(2)};
  node.set_output(normalize(node, fbs::NormKind::Instance, 0, node.float_attr("epsilon", 1e-5f), inputs));
}

void import_group_normalization(NodeContext& node) {
  const Shape shape = node.shape(0);
  if (shape.rank < 2) malformed("the input needs 2 dimensions at least");
  const int64_t channels = shape[1];
  const int64_t groups = node.int_attr("num_groups");
  if (groups < 1 || channels % groups != 0) malformed("num_groups is " + std::to_string(groups));
  // Scale and bias have one entry a group before opset 21 and one a channel from then on.
  const int64_t entries = node.opset() < 21 ? groups : channels;
  const auto per_channel = [&](const Tensor& tensor) {
    node.budget().take(ElementType::kF32, make_shape({channels}), node.name());
    Tensor result(ElementType::kF32, make_shape({channels}));
    for (int64_t c = 0; c < channels; ++c) {
      result.f32[static_cast<size_t>(c)] = tensor.f32[static_cast<size_t>(c / (channels / entries))];
    }
    return result;
  };
  Tensor scale = per_channel(channel_vector(node, 1, "scale", entries));
  Tensor shift = per_channel(channel_vector(node, 2, "bias", entries));
  const Shape grouped = make_shape({shape[0], groups, count(shape, 1, shape.rank) / groups});
  const ValueId x = node.reshape(node.input(0), grouped, "/groups");
  const float epsilon = node.float_attr("epsilon", 1e-5f);
  const ValueId y = normalize(node, fbs::NormKind::Instance, 0, epsilon, {x}, "/normalize");
  node.set_output(affine(node, node.reshape(y, shape, "/ungroup"), std::move(scale), std::move(shift)));
}

/// x / sqrt(mean of squares + epsilon) * scale over dimensions [axis, rank).
void import_rms_normalization(NodeContext& node) {
  const ValueId x = node.input(0);
  const int rank = node.rank(0);
  std::vector<uint32_t> axes;
  for (int i = checked_axis(node.int_attr("axis", -1), rank); i < rank; ++i) axes.push_back(static_cast<uint32_t>(i));
  const ValueId squares = node.unary(fbs::UnaryKind::Square, x, "/squares");
  const ValueId mean = node.reduce(fbs::ReduceKind::Mean, squares, axes, true, "/mean");
  const ValueId epsilon = node.add_scalar(node.float_attr("epsilon", 1e-5f), "/epsilon");
  const ValueId positive = node.binary(fbs::BinaryKind::Add, mean, epsilon, {}, "/positive");
  const ValueId factor = node.unary(fbs::UnaryKind::Rsqrt, positive, "/factor");
  const ValueId normalized = node.binary(fbs::BinaryKind::Mul, x, factor, {}, "/normalized");
  node.set_output(node.binary(fbs::BinaryKind::Mul, normalized, node.input(1)));
}

void import_lp_normalization(NodeContext& node) {
  const int axis = checked_axis(node.int_attr("axis", -1), node.rank(0));
  const int64_t p = node.int_attr("p", 2);
  if (p != 1 && p != 2) malformed("p is " + std::to_string(p));
  // Below any square of a normal number that matters: it only keeps zeros from being divided by zero.
  constexpr float kTiny = 1e-30f;
  if (p == 2) return node.set_output(normalize(node, fbs::NormKind::L2, axis, kTiny, {node.input(0)}));
  const ValueId sum = node.reduce(fbs::ReduceKind::L1, node.input(0), {static_cast<uint32_t>(axis)}, true, "/sum");
  const ValueId positive = node.unary(fbs::Activation(fbs::UnaryKind::Clamp, kTiny, kInfinity), sum, "/positive");
  node.set_output(node.binary(fbs::BinaryKind::Div, node.input(0), positive));
}

void import_mean_variance_normalization(NodeContext& node) {
  const std::vector<uint32_t> axes =
      checked_axes(node.ints_attr("axes").value_or(std::vector<int64_t>{0, 2, 3}), node.rank(0));
  const ValueId mean = node.reduce(fbs::ReduceKind::Mean, node.input(0), axes, true, "/mean");
  const ValueId spread = node.unary(fbs::UnaryKind::Sqrt, variance(node, node.input(0), mean, axes), "/spread");
  const ValueId positive = node.binary(fbs::BinaryKind::Add, spread, node.add_scalar(1e-9f, "/epsilon"), {}, "/add");
  node.set_output(node.binary(fbs::BinaryKind::Div, centered(node, node.input(0), mean), positive));
}

/// x / (bias + alpha / size * sum of squares over a window of channels)^beta. The sum is a 1x1 convolution with a band
/// of weights.
void import_lrn(NodeContext& node) {
  const Shape shape = node.shape(0);
  if (shape.rank < 3) malformed("the input needs 3 dimensions at least");
  const int64_t size = node.int_attr("size");
  if (size < 1) malformed("size is " + std::to_string(size));
  const int64_t channels = shape[1];
  const float share = node.float_attr("alpha", 1e-4f) / static_cast<float>(size);
  constexpr int64_t kMaxChannels = 1 << 14;
  if (channels > kMaxChannels) unsupported("LRN over " + std::to_string(channels) + " channels");
  const Shape square = make_shape({channels, channels, 1, 1});
  node.budget().take(ElementType::kF32, square, node.name());
  Tensor band(ElementType::kF32, square);
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t first = std::max<int64_t>(0, c - (size - 1) / 2);
    const int64_t last = std::min(channels - 1, c + size / 2);
    for (int64_t k = first; k <= last; ++k) band.f32[static_cast<size_t>(c * channels + k)] = share;
  }
  Tensor bias(ElementType::kF32, make_shape({channels}));
  std::fill(bias.f32.begin(), bias.f32.end(), node.float_attr("bias", 1));

  fbs::ConvAttrsT attrs;
  attrs.out_channels = static_cast<uint32_t>(channels);
  attrs.kernel = attrs.stride = attrs.dilation = {1, 1};
  attrs.pads_begin = attrs.pads_end = {0, 0};
  const Shape planes = make_shape({shape[0], channels, 1, count(shape, 2, shape.rank)});
  const ValueId x = node.reshape(node.input(0), planes, "/planes");
  const ValueId squares = node.unary(fbs::UnaryKind::Square, x, "/squares");
  const std::vector<ValueId> inputs = {squares, node.add_constant(std::move(band), "/band"),
                                       node.add_constant(std::move(bias), "/bias")};
  const ValueId sums = node.emit(make_attrs(std::move(attrs)), inputs, "/sums");
  const ValueId beta = node.add_scalar(node.float_attr("beta", 0.75f), "/beta");
  const ValueId divisor = node.binary(fbs::BinaryKind::Pow, sums, beta, {}, "/divisor");
  node.set_output(node.reshape(node.binary(fbs::BinaryKind::Div, x, divisor), shape, "/unplanes"));
}

}  // namespace lacuna::onnx
