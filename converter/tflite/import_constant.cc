// What is known when the model is imported: comparisons and selections of constants, shapes, filled tensors.
#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

using tflite_fbs::BuiltinOperator;

namespace {

HostBinary comparison_of(BuiltinOperator op) {
  switch (op) {
    case BuiltinOperator::LESS:
      return HostBinary::kLess;
    case BuiltinOperator::LESS_EQUAL:
      return HostBinary::kLessOrEqual;
    case BuiltinOperator::GREATER:
      return HostBinary::kGreater;
    case BuiltinOperator::GREATER_EQUAL:
      return HostBinary::kGreaterOrEqual;
    case BuiltinOperator::LOGICAL_AND:
      return HostBinary::kAnd;
    case BuiltinOperator::LOGICAL_OR:
      return HostBinary::kOr;
    default:
      return HostBinary::kEqual;
  }
}

/// A tensor with the same number everywhere; `value` is a scalar.
ValueId add_filled(NodeContext& node, const Shape& shape, const Tensor& value) {
  return node.add_folded(value.type, shape, [&] {
    Tensor filled(value.type, shape);
    if (value.type == ElementType::kF32) {
      std::fill(filled.f32.begin(), filled.f32.end(), value.f32.front());
    } else {
      std::fill(filled.i64.begin(), filled.i64.end(), value.i64.front());
    }
    return filled;
  });
}

ElementType element_type(tflite_fbs::TensorType type) { return is_float(type) ? ElementType::kF32 : ElementType::kI64; }

}  // namespace

void import_comparison(NodeContext& node) {
  const Tensor& a = node.constant(0, "first operand");
  const Tensor& b = node.constant(1, "second operand");
  const bool negated = node.builtin() == BuiltinOperator::NOT_EQUAL;
  node.set_output(node.add_folded(ElementType::kI64, broadcast_shape(a.shape, b.shape), [&] {
    const Tensor result = host_binary(comparison_of(node.builtin()), a, b);
    return negated ? host_unary(HostUnary::kNot, result) : result;
  }));
}

void import_logical_not(NodeContext& node) {
  const Tensor& x = node.constant(0, "operand");
  if (x.type != ElementType::kI64) malformed("the operand must be boolean");
  node.set_output(node.add_folded(x.type, x.shape, [&] { return host_unary(HostUnary::kNot, x); }));
}

// SELECT takes whole rows for a condition of rank 1, SELECT_V2 broadcasts it.
void import_select(NodeContext& node) {
  Tensor condition = node.constant(0, "condition");
  const Tensor& a = node.constant(1, "first choice");
  const Tensor& b = node.constant(2, "second choice");
  if (node.builtin() == BuiltinOperator::SELECT && condition.shape.rank == 1) {
    while (condition.shape.rank < a.shape.rank) condition.shape.push_back(1);
  }
  const Shape shape = broadcast_shape(condition.shape, broadcast_shape(a.shape, b.shape));
  node.set_output(node.add_folded(a.type, shape, [&] { return host_where(condition, a, b); }));
}

void import_shape(NodeContext& node) {
  node.set_output(node.add_constant(int_tensor(dims_of<int64_t>(node.shape(0)))));
}

void import_rank(NodeContext& node) {
  node.set_output(node.add_constant(Tensor(Shape(), std::vector<int64_t>{node.shape(0).rank})));
}

void import_fill(NodeContext& node) {
  const std::vector<int64_t> dims = node.ints(0, "shape");
  const Tensor& value = node.constant(1, "value");
  if (count(value.shape) != 1) malformed("the value must be one number");
  if (dims.size() > static_cast<size_t>(kMaxRank)) unsupported("more than 8 dimensions are not supported");
  node.set_output(add_filled(node, make_shape(dims), value));
}

void import_zeros_like(NodeContext& node) {
  node.set_output(add_filled(node, node.shape(0), Tensor(element_type(node.output_type(0)), Shape())));
}

void import_range(NodeContext& node) {
  const Tensor& start = node.constant(0, "start");
  const Tensor& delta = node.constant(2, "delta");
  const int64_t n = host_range_count(start, node.constant(1, "limit"), delta);
  node.set_output(node.add_folded(start.type, make_shape({n}), [&] { return host_range(start, delta, n); }));
}

}  // namespace lacuna::tflite
