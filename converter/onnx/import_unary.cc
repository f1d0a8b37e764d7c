// Functions of one operand without attributes, and activations.
#include <map>

#include "converter/ir/truths.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

fbs::UnaryKind kind_of(const std::string& op_type) {
  static const std::map<std::string, fbs::UnaryKind> kinds = {
      {"Sigmoid", fbs::UnaryKind::Sigmoid},
      {"Tanh", fbs::UnaryKind::Tanh},
      {"HardSwish", fbs::UnaryKind::HardSwish},
      {"Mish", fbs::UnaryKind::Mish},
      {"Erf", fbs::UnaryKind::Erf},
      {"Softplus", fbs::UnaryKind::Softplus},
      {"Softsign", fbs::UnaryKind::Softsign},
      {"Sqrt", fbs::UnaryKind::Sqrt},
      {"Reciprocal", fbs::UnaryKind::Reciprocal},
      {"Exp", fbs::UnaryKind::Exp},
      {"Log", fbs::UnaryKind::Log},
      {"Abs", fbs::UnaryKind::Abs},
      {"Neg", fbs::UnaryKind::Neg},
      {"Sign", fbs::UnaryKind::Sign},
      {"Floor", fbs::UnaryKind::Floor},
      {"Ceil", fbs::UnaryKind::Ceil},
      {"Round", fbs::UnaryKind::Round},
      {"Sin", fbs::UnaryKind::Sin},
      {"Cos", fbs::UnaryKind::Cos},
  };
  return kinds.at(op_type);
}

void import_integer_unary(NodeContext& node, HostUnary function) {
  const Tensor& x = node.constant(0, "integer operand");
  node.set_output(node.add_folded(ElementType::kI64, x.shape, [&] { return host_unary(function, x); }));
}

void import_activation(NodeContext& node, fbs::UnaryKind kind, float alpha, float beta = 0) {
  node.set_output(node.unary(fbs::Activation(kind, alpha, beta), node.input(0)));
}

/// 0 counts as 1 on the device.
float swish_alpha(NodeContext& node) {
  const float alpha = node.float_attr("alpha", 1);
  if (alpha == 0) unsupported("alpha is 0: it halves its input, do that instead");
  return alpha;
}

}  // namespace

void import_unary(NodeContext& node) {
  const ValueId x = node.input(0);
  const fbs::UnaryKind kind = kind_of(node.op_type());
  if (node.is_integer(x) && kind == fbs::UnaryKind::Neg) return import_integer_unary(node, HostUnary::kNeg);
  if (node.is_integer(x) && kind == fbs::UnaryKind::Abs) return import_integer_unary(node, HostUnary::kAbs);
  if (node.is_integer(x) && kind == fbs::UnaryKind::Sign) return import_integer_unary(node, HostUnary::kSign);
  node.set_output(node.unary(kind, x));
}

void import_not(NodeContext& node) { node.set_output(logical_not(node, node.input(0))); }

void import_relu(NodeContext& node) { import_activation(node, fbs::UnaryKind::Clamp, 0, kInfinity); }

void import_leaky_relu(NodeContext& node) {
  import_activation(node, fbs::UnaryKind::LeakyRelu, node.float_attr("alpha", 0.01f));
}

void import_elu(NodeContext& node) { import_activation(node, fbs::UnaryKind::Elu, node.float_attr("alpha", 1)); }

void import_selu(NodeContext& node) {
  const float alpha = node.float_attr("alpha", 1.67326319217681884765625f);
  const float gamma = node.float_attr("gamma", 1.05070102214813232421875f);
  import_activation(node, fbs::UnaryKind::Selu, alpha, gamma);
}

void import_celu(NodeContext& node) {
  const float alpha = node.float_attr("alpha", 1);
  if (alpha == 0) malformed("alpha is 0");
  import_activation(node, fbs::UnaryKind::Celu, alpha);
}

void import_hard_sigmoid(NodeContext& node) {
  const float alpha = node.float_attr("alpha", 0.2f);
  const float beta = node.float_attr("beta", 0.5f);
  import_activation(node, fbs::UnaryKind::HardSigmoid, alpha, beta);
}

void import_thresholded_relu(NodeContext& node) {
  import_activation(node, fbs::UnaryKind::ThresholdedRelu, node.float_attr("alpha", 1));
}

void import_gelu(NodeContext& node) {
  const std::string approximate = node.string_attr("approximate", "none");
  if (approximate != "none" && approximate != "tanh") malformed("approximate is '" + approximate + "'");
  const auto kind = approximate == "tanh" ? fbs::UnaryKind::GeluTanh : fbs::UnaryKind::Gelu;
  node.set_output(node.unary(kind, node.input(0)));
}

void import_swish(NodeContext& node) { import_activation(node, fbs::UnaryKind::Silu, swish_alpha(node)); }

void import_swiglu(NodeContext& node) {
  if (node.shape(0) != node.shape(1)) malformed("the operands have different shapes");
  const ValueId gate = node.unary(fbs::Activation(fbs::UnaryKind::Silu, swish_alpha(node), 0), node.input(0), "/gate");
  node.set_output(node.binary(fbs::BinaryKind::Mul, gate, node.input(1)));
}

/// x + bias below -lambd, x - bias above lambd, else 0.
void import_shrink(NodeContext& node) {
  const float lambd = node.float_attr("lambd", 0.5f), bias = node.float_attr("bias", 0);
  const ValueId x = node.input(0), zero = node.add_scalar(0, "/zero");
  const ValueId below = compare(node, HostBinary::kLess, x, node.add_scalar(-lambd, "/-lambd"), "/below");
  const ValueId above = compare(node, HostBinary::kGreater, x, node.add_scalar(lambd, "/lambd"), "/above");
  const ValueId raised = node.binary(fbs::BinaryKind::Add, x, node.add_scalar(bias, "/bias"), {}, "/raised");
  const ValueId lowered = node.binary(fbs::BinaryKind::Sub, x, node.add_scalar(bias, "/-bias"), {}, "/lowered");
  node.set_output(select(node, below, raised, select(node, above, lowered, zero)));
}

void import_tan(NodeContext& node) {
  const ValueId sine = node.unary(fbs::UnaryKind::Sin, node.input(0), "/sin");
  const ValueId cosine = node.unary(fbs::UnaryKind::Cos, node.input(0), "/cos");
  node.set_output(node.binary(fbs::BinaryKind::Div, sine, cosine));
}

}  // namespace lacuna::onnx
