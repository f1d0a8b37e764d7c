// Gemm and MatMul. A constant right-hand matrix makes a fully connected layer, whose weights can be packed.
#include <algorithm>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

/// The weight [units, K] of a constant b [K, units], or [units, K] if `transposed_b`, times alpha.
ValueId weight_of(NodeContext& node, size_t i, bool transposed_b, float alpha) {
  const Tensor& b = node.constant(i, "right-hand matrix");
  if (b.type != ElementType::kF32) unsupported("integer matrices are not supported");
  const ValueId rows = transposed_b ? node.input(i) : node.transposed(node.input(i));
  if (alpha == 1) return rows;
  Tensor weight = node.graph().constant(rows);
  for (float& element : weight.f32) element *= alpha;
  return node.add_constant(std::move(weight), "/weight");
}

ValueId fully_connected(NodeContext& node, ValueId x, ValueId weight, ValueId bias, const std::string& suffix = "") {
  const Shape& x_shape = node.graph().shape(x);
  const Shape& weight_shape = node.graph().shape(weight);
  if (x_shape[x_shape.rank - 1] != weight_shape[1]) {
    malformed("rows of " + to_string(x_shape) + " and columns of " + std::to_string(weight_shape[1]) + " do not fit");
  }
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = static_cast<uint32_t>(weight_shape[0]);
  std::vector<ValueId> inputs = {x, weight};
  if (bias != kNoValue) inputs.push_back(bias);
  return node.emit(make_attrs(std::move(attrs)), std::move(inputs), suffix);
}

ValueId matmul(NodeContext& node, ValueId a, ValueId b, fbs::MatMulAttrsT attrs = {}) {
  return node.emit(make_attrs(std::move(attrs)), {a, b});
}

/// Gemm's c as a bias [units] when it is a constant that adds the same to each row.
ValueId bias_of(NodeContext& node, int64_t units, float beta) {
  if (!node.has_input(2) || !node.is_constant(2)) return kNoValue;
  const Tensor& c = node.constant(2, "c");
  const bool row = c.shape.rank <= 1 || (c.shape.rank == 2 && c.shape[0] == 1);
  const int64_t n = count(c.shape);
  if (!row || c.type != ElementType::kF32 || (n != 1 && n != units)) return kNoValue;
  if (beta == 1 && c.shape == make_shape({units})) return node.input(2);
  Tensor bias(ElementType::kF32, make_shape({units}));
  for (size_t i = 0; i < bias.f32.size(); ++i) bias.f32[i] = beta * c.f32[n == 1 ? 0 : i];
  return node.add_constant(std::move(bias), "/bias");
}

}  // namespace

void import_gemm(NodeContext& node) {
  const bool transpose_a = node.int_attr("transA", 0) != 0;
  const bool transpose_b = node.int_attr("transB", 0) != 0;
  const float alpha = node.float_attr("alpha", 1);
  const float beta = node.float_attr("beta", 1);
  if (node.rank(0) != 2 || node.rank(1) != 2) malformed("Gemm needs two matrices");
  ValueId y;
  bool added = beta == 0 || !node.has_input(2);
  if (node.is_constant(1)) {
    ValueId a = node.input(0);
    if (transpose_a) a = node.transpose(a, {1, 0}, "/transpose");
    const ValueId weight = weight_of(node, 1, transpose_b, alpha);
    const ValueId bias = added ? kNoValue : bias_of(node, node.graph().shape(weight)[0], beta);
    added = added || bias != kNoValue;
    y = fully_connected(node, a, weight, bias, added ? "" : "/product");
  } else {
    fbs::MatMulAttrsT attrs;
    attrs.transpose_a = transpose_a;
    attrs.transpose_b = transpose_b;
    attrs.alpha = alpha;
    y = matmul(node, node.input(0), node.input(1), std::move(attrs));
  }
  if (!added) {
    ValueId c = node.input(2);
    if (beta != 1) c = node.binary(fbs::BinaryKind::Mul, c, node.add_scalar(beta, "/beta"), {}, "/scaled");
    y = node.binary(fbs::BinaryKind::Add, y, c);
  }
  node.set_output(y);
}

void import_matmul(NodeContext& node) {
  ValueId a = node.input(0);
  ValueId b = node.input(1);
  Shape a_shape = node.shape(0);
  Shape b_shape = node.shape(1);
  if (a_shape.rank == 0 || b_shape.rank == 0) malformed("MatMul does not take scalars");
  // A vector is a row on the left and a column on the right; that dimension is dropped again at the end.
  const bool row = a_shape.rank == 1;
  const bool column = b_shape.rank == 1;
  if (row) a = node.reshape(a, make_shape({1, a_shape[0]}), "/row");
  ValueId y;
  if (b_shape.rank == 2 && node.is_constant(1)) {
    y = fully_connected(node, a, weight_of(node, 1, false, 1), kNoValue);
  } else {
    if (column) b = node.reshape(b, make_shape({b_shape[0], 1}), "/column");
    y = matmul(node, a, b);
  }
  const Shape whole = node.graph().shape(y);
  Shape shape;
  for (int i = 0; i < whole.rank; ++i) {
    if ((row && i == whole.rank - 2) || (column && i == whole.rank - 1)) continue;
    shape.push_back(whole[i]);
  }
  node.set_output(node.reshape(y, shape, "/squeeze"));
}

}  // namespace lacuna::onnx
