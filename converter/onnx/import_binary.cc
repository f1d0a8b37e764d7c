// Functions of two and more broadcast operands.
#include <map>

#include "converter/ir/truths.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

struct Function {
  fbs::BinaryKind device;
  HostBinary host;
};

Function function_of(const std::string& op_type) {
  static const std::map<std::string, Function> functions = {
      {"Add", {fbs::BinaryKind::Add, HostBinary::kAdd}},  {"Sum", {fbs::BinaryKind::Add, HostBinary::kAdd}},
      {"Mean", {fbs::BinaryKind::Add, HostBinary::kAdd}}, {"Sub", {fbs::BinaryKind::Sub, HostBinary::kSub}},
      {"Mul", {fbs::BinaryKind::Mul, HostBinary::kMul}},  {"Div", {fbs::BinaryKind::Div, HostBinary::kDiv}},
      {"Min", {fbs::BinaryKind::Min, HostBinary::kMin}},  {"Max", {fbs::BinaryKind::Max, HostBinary::kMax}},
  };
  return functions.at(op_type);
}

HostBinary comparison_of(const std::string& op_type) {
  static const std::map<std::string, HostBinary> comparisons = {
      {"Equal", HostBinary::kEqual},     {"Less", HostBinary::kLess},
      {"Greater", HostBinary::kGreater}, {"LessOrEqual", HostBinary::kLessOrEqual},
      {"And", HostBinary::kAnd},         {"GreaterOrEqual", HostBinary::kGreaterOrEqual},
      {"Or", HostBinary::kOr},           {"Xor", HostBinary::kXor},
  };
  return comparisons.at(op_type);
}

ValueId fold(NodeContext& node, HostBinary function, ValueId a, ValueId b) {
  if (!node.graph().is_constant(a) || !node.graph().is_constant(b)) malformed("operands have different element types");
  const Tensor& left = node.graph().constant(a);
  const Tensor& right = node.graph().constant(b);
  return node.add_folded(left.type, broadcast_shape(left.shape, right.shape),
                         [&] { return host_binary(function, left, right); });
}

/// For what fp32 does differently.
void refuse_integers(const NodeContext& node, ValueId x) {
  if (node.is_whole(x)) unsupported("integers that the network computes are not divided; do this in the application");
}

ValueId apply(NodeContext& node, Function function, ValueId a, ValueId b) {
  if (node.is_integer(a) && !node.is_whole(b)) return fold(node, function.host, a, b);
  if (function.host == HostBinary::kDiv) refuse_integers(node, a);
  return node.binary(function.device, a, b);
}

ValueId to_float(NodeContext& node, ValueId x) {
  if (!node.is_integer(x)) return x;
  const Tensor& tensor = node.graph().constant(x);
  return node.add_folded(ElementType::kF32, tensor.shape, [&] { return host_cast(tensor, ElementType::kF32); });
}

/// The one element of a constant that does not add dimensions to a partner of `rank` dimensions, or null.
const float* scalar(const Graph& graph, ValueId id, int rank) {
  if (!graph.is_constant(id) || graph.constant(id).f32.size() != 1 || graph.shape(id).rank > rank) return nullptr;
  return graph.constant(id).f32.data();
}

ValueId clamp(NodeContext& node, float low, float high) {
  return node.unary(fbs::Activation(fbs::UnaryKind::Clamp, low, high), node.input(0));
}

}  // namespace

void import_binary(NodeContext& node) {
  node.set_output(apply(node, function_of(node.op_type()), node.input(0), node.input(1)));
}

/// Sum, Mean, Min, Max of any number of operands.
void import_variadic(NodeContext& node) {
  const Function function = function_of(node.op_type());
  ValueId y = node.input(0);
  for (size_t i = 1; i < node.input_count(); ++i) y = apply(node, function, y, node.input(i));
  if (node.op_type() == "Mean" && node.input_count() > 1) {
    y = node.binary(fbs::BinaryKind::Mul, y, node.add_scalar(1.0f / static_cast<float>(node.input_count()), "/factor"));
  }
  node.set_output(y);
}

void import_comparison(NodeContext& node) {
  node.set_output(compare(node, comparison_of(node.op_type()), node.input(0), node.input(1)));
}

void import_is_nan(NodeContext& node) {
  const ValueId is_number = compare(node, HostBinary::kEqual, node.input(0), node.input(0), "/is_number");
  node.set_output(logical_not(node, is_number));
}

void import_is_inf(NodeContext& node) {
  const bool negative = node.int_attr("detect_negative", 1) != 0;
  const bool positive = node.int_attr("detect_positive", 1) != 0;
  ValueId x = node.input(0);
  if (!negative && !positive) {
    const Shape shape = node.shape(0);
    return node.set_output(node.add_folded(ElementType::kI64, shape, [&] { return Tensor(ElementType::kI64, shape); }));
  }
  if (negative && positive) x = node.unary(fbs::UnaryKind::Abs, x, "/abs");
  node.set_output(compare(node, HostBinary::kEqual, x, node.add_scalar(positive ? kInfinity : -kInfinity, "/inf")));
}

void import_pow(NodeContext& node) {
  const ValueId base = node.input(0);
  if (node.is_integer(base)) {
    if (!node.is_integer(node.input(1))) unsupported("an integer to a fractional power");
    return node.set_output(fold(node, HostBinary::kPow, base, node.input(1)));
  }
  const ValueId exponent = to_float(node, node.input(1));
  const float* power = scalar(node.graph(), exponent, node.rank(0));
  if (power != nullptr && *power == 2) return node.set_output(node.unary(fbs::UnaryKind::Square, base));
  if (power != nullptr && *power == 0.5f) return node.set_output(node.unary(fbs::UnaryKind::Sqrt, base));
  node.set_output(node.binary(fbs::BinaryKind::Pow, base, exponent));
}

void import_mod(NodeContext& node) {
  const bool fmod = node.int_attr("fmod", 0) != 0;
  if (node.is_integer(node.input(0))) {
    return node.set_output(fold(node, fmod ? HostBinary::kFmod : HostBinary::kMod, node.input(0), node.input(1)));
  }
  const ValueId a = node.input(0), b = node.input(1);
  refuse_integers(node, a);
  if (fmod) return node.set_output(node.binary(fbs::BinaryKind::Mod, a, b));
  if (node.opset() < 28) malformed("Mod of floats needs fmod = 1");
  const ValueId quotient = node.binary(fbs::BinaryKind::Div, a, b, {}, "/quotient");
  const ValueId whole = node.unary(fbs::UnaryKind::Floor, quotient, "/whole");
  node.set_output(node.binary(fbs::BinaryKind::Sub, a, node.binary(fbs::BinaryKind::Mul, whole, b, {}, "/multiple")));
}

void import_prelu(NodeContext& node) {
  node.set_output(node.binary(fbs::BinaryKind::Prelu, node.input(0), node.input(1)));
}

/// min(max(x, low), high); the bounds are attributes before opset 11.
void import_clip(NodeContext& node) {
  ValueId y = node.input(0);
  if (node.opset() < 11) {
    constexpr float kLargest = std::numeric_limits<float>::max();
    const float low = node.float_attr("min", -kLargest);
    const float high = node.float_attr("max", kLargest);
    return node.set_output(clamp(node, low == -kLargest ? -kInfinity : low, high == kLargest ? kInfinity : high));
  }
  const ValueId low = node.optional_input(1);
  const ValueId high = node.optional_input(2);
  const auto known = [&node](ValueId id) {
    return id == kNoValue || scalar(node.graph(), id, node.rank(0)) != nullptr;
  };
  if (!node.is_integer(y) && known(low) && known(high)) {
    const float low_value = low == kNoValue ? -kInfinity : node.graph().constant(low).f32[0];
    const float high_value = high == kNoValue ? kInfinity : node.graph().constant(high).f32[0];
    return node.set_output(clamp(node, low_value, high_value));
  }
  if (low != kNoValue) y = apply(node, {fbs::BinaryKind::Max, HostBinary::kMax}, y, low);
  if (high != kNoValue) y = apply(node, {fbs::BinaryKind::Min, HostBinary::kMin}, y, high);
  node.set_output(y);
}

}  // namespace lacuna::onnx
