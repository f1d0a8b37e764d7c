#include "converter/tflite/node_context.h"

#include <algorithm>

namespace lacuna::tflite {

using tflite_fbs::ActivationFunctionType;
using tflite_fbs::Padding;

namespace {

/// Some of which may add nothing to the network, but take time to look at.
constexpr int64_t kMostTurns = int64_t{1} << 16;

}  // namespace

ValueId NodeContext::input(size_t i) const {
  if (!has_input(i)) malformed("input " + std::to_string(i) + " is missing");
  return inputs_[i];
}

bool NodeContext::all_constant() const {
  return std::all_of(inputs_.begin(), inputs_.end(),
                     [this](ValueId id) { return id == kNoValue || graph().is_constant(id); });
}

const Tensor& NodeContext::constant(size_t i, const char* role) const {
  if (!is_constant(i)) {
    unsupported(std::string("the ") + role + " must be constant, but is computed by the network");
  }
  return graph().constant(input(i));
}

std::vector<int64_t> NodeContext::ints(size_t i, const char* role) const {
  const Tensor& tensor = constant(i, role);
  if (tensor.type != ElementType::kI64) malformed(std::string("the ") + role + " must be integers");
  return tensor.i64;
}

int64_t NodeContext::scalar_int(size_t i, const char* role) const {
  const std::vector<int64_t> list = ints(i, role);
  if (list.size() != 1) malformed(std::string("the ") + role + " must be one integer");
  return list.front();
}

void NodeContext::count_turn() {
  check_turn();
  if (++state_.turns > kMostTurns) unsupported("loops take more than " + std::to_string(kMostTurns) + " turns");
}

void NodeContext::set_output(ValueId id, size_t i) {
  if (i >= outputs_.size()) malformed("output " + std::to_string(i) + " is missing");
  outputs_[i] = id;
}

ValueId NodeContext::emit_channel_first(Attrs attrs, std::vector<ValueId> inputs, const fbs::Activation& activation) {
  inputs.front() = to_channel_first(inputs.front());
  return to_channel_last(activate(activation, emit(std::move(attrs), std::move(inputs))));
}

ValueId NodeContext::to_channel_first(ValueId x) {
  const auto found = state_.channel_first.find(x);
  if (found != state_.channel_first.end()) return found->second;
  const auto rank = static_cast<uint32_t>(shape_of(x).rank);
  std::vector<uint32_t> perm = {0, rank - 1};
  for (uint32_t i = 1; i + 1 < rank; ++i) perm.push_back(i);
  const ValueId y = transpose(x, perm, "/channel_first");
  state_.channel_first[x] = y;
  return y;
}

ValueId NodeContext::to_channel_last(ValueId x) {
  const auto rank = static_cast<uint32_t>(shape_of(x).rank);
  std::vector<uint32_t> perm = {0};
  for (uint32_t i = 2; i < rank; ++i) perm.push_back(i);
  perm.push_back(1);
  const ValueId y = transpose(x, perm, "/channel_last");
  state_.channel_first[y] = x;
  return y;
}

ValueId NodeContext::activate(const fbs::Activation& activation, ValueId x) {
  return activation.kind() == fbs::UnaryKind::Identity ? x : unary(activation, x, "/activation");
}

fbs::Activation activation_of(ActivationFunctionType type) {
  switch (type) {
    case ActivationFunctionType::NONE:
      return {};
    case ActivationFunctionType::RELU:
      return {fbs::UnaryKind::Clamp, 0, kInfinity};
    case ActivationFunctionType::RELU_N1_TO_1:
      return {fbs::UnaryKind::Clamp, -1, 1};
    case ActivationFunctionType::RELU6:
      return {fbs::UnaryKind::Clamp, 0, 6};
    case ActivationFunctionType::TANH:
      return {fbs::UnaryKind::Tanh, 0, 0};
    case ActivationFunctionType::SIGN_BIT:
      unsupported("the fused activation SIGN_BIT is not supported; use another activation");
  }
  malformed("unknown fused activation " + std::to_string(static_cast<int>(type)));
}

Window resolve_window(Padding padding, int64_t input, int64_t kernel, int64_t stride, int64_t dilation) {
  if (kernel < 1 || stride < 1 || dilation < 1) {
    malformed("kernel " + std::to_string(kernel) + ", stride " + std::to_string(stride) + " and dilation " +
              std::to_string(dilation) + " must be at least 1");
  }
  if (padding == Padding::VALID) return {kernel, stride, dilation, 0, 0};
  if (padding != Padding::SAME) malformed("unknown padding " + std::to_string(static_cast<int>(padding)));
  const int64_t output = (input + stride - 1) / stride;
  const int64_t total = std::max<int64_t>(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - input);
  if (total > std::numeric_limits<int32_t>::max()) malformed("the padding is " + std::to_string(total));
  return {kernel, stride, dilation, total / 2, total - total / 2};
}

void check_rank(const NodeContext& node, size_t i, int rank) {
  const Shape shape = node.shape(i);
  if (shape.rank == rank) return;
  malformed("input " + std::to_string(i) + " " + to_string(shape) + " must have " + std::to_string(rank) +
            " dimensions");
}

}  // namespace lacuna::tflite
