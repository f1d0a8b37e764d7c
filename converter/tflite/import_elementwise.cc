// Functions of elements.
#include <algorithm>

#include "converter/ir/truths.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

using tflite_fbs::BuiltinOperator;

namespace {

fbs::Activation unary_function(BuiltinOperator op) {
  using fbs::UnaryKind;
  switch (op) {
    case BuiltinOperator::ABS:
      return {UnaryKind::Abs, 0, 0};
    case BuiltinOperator::CEIL:
      return {UnaryKind::Ceil, 0, 0};
    case BuiltinOperator::COS:
      return {UnaryKind::Cos, 0, 0};
    case BuiltinOperator::ELU:
      return {UnaryKind::Elu, 1, 0};
    case BuiltinOperator::EXP:
      return {UnaryKind::Exp, 0, 0};
    case BuiltinOperator::FLOOR:
      return {UnaryKind::Floor, 0, 0};
    case BuiltinOperator::HARD_SWISH:
      return {UnaryKind::HardSwish, 0, 0};
    case BuiltinOperator::LOG:
      return {UnaryKind::Log, 0, 0};
    case BuiltinOperator::LOGISTIC:
      return {UnaryKind::Sigmoid, 0, 0};
    case BuiltinOperator::NEG:
      return {UnaryKind::Neg, 0, 0};
    case BuiltinOperator::RELU:
      return {UnaryKind::Clamp, 0, kInfinity};
    case BuiltinOperator::RELU6:
      return {UnaryKind::Clamp, 0, 6};
    case BuiltinOperator::RELU_0_TO_1:
      return {UnaryKind::Clamp, 0, 1};
    case BuiltinOperator::RELU_N1_TO_1:
      return {UnaryKind::Clamp, -1, 1};
    case BuiltinOperator::ROUND:
      return {UnaryKind::Round, 0, 0};
    case BuiltinOperator::RSQRT:
      return {UnaryKind::Rsqrt, 0, 0};
    case BuiltinOperator::SIGN:
      return {UnaryKind::Sign, 0, 0};
    case BuiltinOperator::SIN:
      return {UnaryKind::Sin, 0, 0};
    case BuiltinOperator::SQRT:
      return {UnaryKind::Sqrt, 0, 0};
    case BuiltinOperator::SQUARE:
      return {UnaryKind::Square, 0, 0};
    case BuiltinOperator::TANH:
      return {UnaryKind::Tanh, 0, 0};
    default:
      throw Error(ExitCode::kInternal, "no unary function for this operator");
  }
}

struct BinaryFunction {
  fbs::BinaryKind kind;
  HostBinary host;  ///< of integers; SquaredDifference is the square of it
};

BinaryFunction binary_function(BuiltinOperator op) {
  using fbs::BinaryKind;
  switch (op) {
    case BuiltinOperator::ADD:
      return {BinaryKind::Add, HostBinary::kAdd};
    case BuiltinOperator::SUB:
      return {BinaryKind::Sub, HostBinary::kSub};
    case BuiltinOperator::MUL:
      return {BinaryKind::Mul, HostBinary::kMul};
    case BuiltinOperator::DIV:
      return {BinaryKind::Div, HostBinary::kDiv};
    case BuiltinOperator::MINIMUM:
      return {BinaryKind::Min, HostBinary::kMin};
    case BuiltinOperator::MAXIMUM:
      return {BinaryKind::Max, HostBinary::kMax};
    case BuiltinOperator::POW:
      return {BinaryKind::Pow, HostBinary::kPow};
    case BuiltinOperator::PRELU:
      return {BinaryKind::Prelu, HostBinary::kMul};
    case BuiltinOperator::SQUARED_DIFFERENCE:
      return {BinaryKind::SquaredDifference, HostBinary::kSub};
    default:
      throw Error(ExitCode::kInternal, "no binary function for this operator");
  }
}

fbs::Activation binary_activation(const NodeContext& node) {
  switch (node.builtin()) {
    case BuiltinOperator::ADD:
      return activation_of(node.options<tflite_fbs::AddOptions>().fused_activation_function);
    case BuiltinOperator::SUB:
      return activation_of(node.options<tflite_fbs::SubOptions>().fused_activation_function);
    case BuiltinOperator::MUL:
      return activation_of(node.options<tflite_fbs::MulOptions>().fused_activation_function);
    case BuiltinOperator::DIV:
      return activation_of(node.options<tflite_fbs::DivOptions>().fused_activation_function);
    default:
      return {};
  }
}

bool folds_integers(const NodeContext& node) { return node.all_constant() && node.is_integer(node.input(0)); }

/// For what fp32 does differently.
void refuse_integers(const NodeContext& node) {
  if (node.is_whole(node.input(0)) || node.is_whole(node.input(1))) {
    unsupported("integers that the network computes are not divided; do this in the application");
  }
}

/// An integer function of the two constant inputs.
ValueId fold(NodeContext& node, Tensor (*function)(const Tensor& a, const Tensor& b)) {
  const Shape shape = broadcast_shape(node.shape(0), node.shape(1));
  return node.add_folded(ElementType::kI64, shape,
                         [&] { return function(node.constant(0, "operand"), node.constant(1, "operand")); });
}

Tensor floor_mod(const Tensor& a, const Tensor& b) { return host_binary(HostBinary::kMod, a, b); }

Tensor floor_div(const Tensor& a, const Tensor& b) {
  return host_binary(HostBinary::kDiv, host_binary(HostBinary::kSub, a, floor_mod(a, b)), b);
}

}  // namespace

void import_unary(NodeContext& node) {
  const fbs::Activation function = unary_function(node.builtin());
  if (!folds_integers(node)) {
    node.set_output(node.unary(function, node.input(0)));
    return;
  }
  const Tensor& x = node.constant(0, "operand");
  switch (node.builtin()) {
    case BuiltinOperator::ABS:
      node.set_output(node.add_folded(x.type, x.shape, [&] { return host_unary(HostUnary::kAbs, x); }));
      break;
    case BuiltinOperator::NEG:
      node.set_output(node.add_folded(x.type, x.shape, [&] { return host_unary(HostUnary::kNeg, x); }));
      break;
    case BuiltinOperator::SIGN:
      node.set_output(node.add_folded(x.type, x.shape, [&] { return host_unary(HostUnary::kSign, x); }));
      break;
    case BuiltinOperator::SQUARE:
      node.set_output(node.add_folded(x.type, x.shape, [&] { return host_binary(HostBinary::kMul, x, x); }));
      break;
    default:
      unsupported("it is not supported on integers");
  }
}

void import_leaky_relu(NodeContext& node) {
  const float alpha = node.options<tflite_fbs::LeakyReluOptions>().alpha;
  node.set_output(node.unary({fbs::UnaryKind::LeakyRelu, alpha, 0}, node.input(0)));
}

void import_gelu(NodeContext& node) {
  const bool approximate = node.options<tflite_fbs::GeluOptions>().approximate;
  node.set_output(node.unary(approximate ? fbs::UnaryKind::GeluTanh : fbs::UnaryKind::Gelu, node.input(0)));
}

void import_binary(NodeContext& node) {
  const BinaryFunction function = binary_function(node.builtin());
  const ValueId a = node.input(0);
  const ValueId b = node.input(1);
  if (!folds_integers(node)) {
    if (function.kind == fbs::BinaryKind::Div) refuse_integers(node);
    node.set_output(node.binary(function.kind, a, b, binary_activation(node)));
    return;
  }
  if (binary_activation(node).kind() != fbs::UnaryKind::Identity)
    unsupported("an activation of integers is not supported");
  const Shape shape = broadcast_shape(node.shape(0), node.shape(1));
  node.set_output(node.add_folded(ElementType::kI64, shape, [&] {
    const Tensor y = host_binary(function.host, node.constant(0, "operand"), node.constant(1, "operand"));
    return function.kind == fbs::BinaryKind::SquaredDifference ? host_binary(HostBinary::kMul, y, y) : y;
  }));
}

void import_floor_div(NodeContext& node) {
  if (folds_integers(node)) {
    node.set_output(fold(node, floor_div));
    return;
  }
  refuse_integers(node);
  const ValueId quotient = node.binary(fbs::BinaryKind::Div, node.input(0), node.input(1), {}, "/quotient");
  node.set_output(node.unary(fbs::UnaryKind::Floor, quotient));
}

// Of floats: a - floor(a / b) * b.
void import_floor_mod(NodeContext& node) {
  if (folds_integers(node)) {
    node.set_output(fold(node, floor_mod));
    return;
  }
  refuse_integers(node);
  const ValueId a = node.input(0);
  const ValueId b = node.input(1);
  const ValueId quotient = node.binary(fbs::BinaryKind::Div, a, b, {}, "/quotient");
  const ValueId whole = node.unary(fbs::UnaryKind::Floor, quotient, "/floor");
  const ValueId multiple = node.binary(fbs::BinaryKind::Mul, whole, b, {}, "/multiple");
  node.set_output(node.binary(fbs::BinaryKind::Sub, a, multiple));
}

void import_add_n(NodeContext& node) {
  ValueId sum = node.input(0);
  for (size_t i = 1; i < node.input_count(); ++i) {
    sum = node.binary(fbs::BinaryKind::Add, sum, node.input(i), {}, "/" + std::to_string(i));
  }
  node.set_output(sum);
}

void import_cast(NodeContext& node) {
  const tflite_fbs::TensorType to = node.output_type(0);
  const ValueId x = node.input(0);
  if (!is_float(to) && !is_integer(to)) unsupported("a cast to this type is not supported");
  if (to == tflite_fbs::TensorType::BOOL) return node.set_output(as_truth(node, x));
  if (!node.is_constant(0)) return node.set_output(is_float(to) ? as_number(node, x) : as_integer(node, x));
  const Tensor& tensor = node.constant(0, "operand");
  const ElementType type = is_float(to) ? ElementType::kF32 : ElementType::kI64;
  node.set_output(node.add_folded(type, tensor.shape, [&] { return host_cast(tensor, type); }));
}

void import_identity(NodeContext& node) {
  if (node.is_integer(node.input(0))) unsupported("quantised weights are not supported; convert the float model");
  node.set_output(node.input(0));
}

}  // namespace lacuna::tflite
