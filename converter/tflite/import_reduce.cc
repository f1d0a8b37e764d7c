// Functions of all elements along some dimensions.
#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

using tflite_fbs::BuiltinOperator;

namespace {

fbs::ReduceKind kind_of(BuiltinOperator op) {
  switch (op) {
    case BuiltinOperator::SUM:
      return fbs::ReduceKind::Sum;
    case BuiltinOperator::REDUCE_MAX:
    case BuiltinOperator::REDUCE_ANY:  // of truths
      return fbs::ReduceKind::Max;
    case BuiltinOperator::REDUCE_MIN:
    case BuiltinOperator::REDUCE_ALL:
      return fbs::ReduceKind::Min;
    case BuiltinOperator::REDUCE_PROD:
      return fbs::ReduceKind::Prod;
    default:
      return fbs::ReduceKind::Mean;
  }
}

ValueId emit_softmax(NodeContext& node, ValueId x, bool log) {
  const int rank = node.shape_of(x).rank;
  if (rank == 0) malformed("the input has no dimension");
  fbs::SoftmaxAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(rank - 1);
  attrs.log = log;
  return node.emit(make_attrs(std::move(attrs)), {x});
}

}  // namespace

void import_reduce(NodeContext& node) {
  const bool keep_dims = node.options<tflite_fbs::ReducerOptions>().keep_dims;
  const fbs::ReduceKind kind = kind_of(node.builtin());
  const Shape shape = node.shape(0);
  std::vector<uint32_t> axes;
  for (const int64_t axis : node.ints(1, "axes")) {
    axes.push_back(static_cast<uint32_t>(checked_axis(axis, shape.rank)));
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  if (axes.empty()) {
    node.set_output(node.input(0));
  } else if (node.is_constant(0) && node.is_integer(node.input(0))) {
    const Tensor& x = node.constant(0, "operand");
    if (x.empty()) unsupported("zero-sized tensors are not supported");
    node.set_output(node.add_constant(host_reduce(kind, x, axes, keep_dims)));
  } else {
    node.set_output(node.reduce(kind, node.input(0), axes, keep_dims));
  }
}

void import_softmax(NodeContext& node) {
  const float beta = node.options<tflite_fbs::SoftmaxOptions>().beta;
  ValueId x = node.input(0);
  if (beta != 1) x = node.binary(fbs::BinaryKind::Mul, x, node.add_scalar(beta, "/beta"), {}, "/scaled");
  node.set_output(emit_softmax(node, x, false));
}

void import_log_softmax(NodeContext& node) { node.set_output(emit_softmax(node, node.input(0), true)); }

void import_l2_normalization(NodeContext& node) {
  const int rank = node.shape(0).rank;
  if (rank == 0) malformed("the input has no dimension");
  fbs::NormalizeAttrsT attrs;
  attrs.kind = fbs::NormKind::L2;
  attrs.axis = static_cast<uint32_t>(rank - 1);
  attrs.epsilon = 1e-12f;  // TFLite bounds the norm by 1e-6; here it bounds the norm's square
  const auto activation = node.options<tflite_fbs::L2NormOptions>().fused_activation_function;
  const ValueId y = node.emit(make_attrs(std::move(attrs)), {node.input(0)});
  node.set_output(node.activate(activation_of(activation), y));
}

}  // namespace lacuna::tflite
