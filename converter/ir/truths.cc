#include "converter/ir/truths.h"

namespace lacuna {

namespace {

Tensor zero() { return Tensor(Shape(), std::vector<float>{0}); }

bool both_constant(const GraphBuilder& builder, ValueId a, ValueId b) {
  return builder.graph().is_constant(a) && builder.graph().is_constant(b);
}

bool is_whole_or_integer(const GraphBuilder& builder, ValueId x) {
  return builder.is_integer(x) || builder.is_whole(x);
}

/// Elements of x where `condition` holds and of constant `other` elsewhere. min and max with infinite bounds select
/// exactly, whatever x is.
ValueId select_or_constant(GraphBuilder& builder, const Tensor& condition, ValueId x, const Tensor& other) {
  const Shape shape = broadcast_shape(condition.shape, other.shape);
  const auto bound = [&](float open, const std::string& suffix) {
    return builder.add_folded(
        ElementType::kF32, shape,
        [&] { return host_where(condition, Tensor(Shape(), std::vector<float>{open}), other); }, suffix);
  };
  const ValueId high = bound(kInfinity, "/high");
  const ValueId low = bound(-kInfinity, "/low");
  const ValueId cut = builder.binary(fbs::BinaryKind::Min, x, high, {}, "/cut");
  return builder.binary(fbs::BinaryKind::Max, cut, low);
}

ValueId select_by_constant(GraphBuilder& builder, const Tensor& condition, ValueId a, ValueId b) {
  const Graph& graph = builder.graph();
  if (condition.type != ElementType::kI64) malformed("the condition is not boolean");
  if (both_constant(builder, a, b)) {
    const Shape shape = broadcast_shape(condition.shape, broadcast_shape(graph.shape(a), graph.shape(b)));
    return builder.add_folded(graph.value(a).type, shape,
                              [&] { return host_where(condition, graph.constant(a), graph.constant(b)); });
  }
  if (graph.is_constant(b)) return select_or_constant(builder, condition, a, graph.constant(b));
  const Tensor inverse = host_unary(HostUnary::kNot, condition);
  if (graph.is_constant(a)) return select_or_constant(builder, inverse, b, graph.constant(a));
  const ValueId left = select_or_constant(builder, condition, a, zero());
  return builder.binary(fbs::BinaryKind::Add, left, select_or_constant(builder, inverse, b, zero()));
}

ValueId select_by_computed(GraphBuilder& builder, ValueId condition, ValueId a, ValueId b) {
  const ValueId left = builder.binary(fbs::BinaryKind::Mask, condition, a, {}, "/left");
  const ValueId inverse = logical_not(builder, condition, "/not");
  const ValueId right = builder.binary(fbs::BinaryKind::Mask, inverse, b, {}, "/right");
  return builder.binary(fbs::BinaryKind::Add, left, right);
}

ValueId make_truth(GraphBuilder& builder, fbs::BinaryKind kind, ValueId a, ValueId b, const std::string& suffix) {
  const ValueId id = builder.binary(kind, a, b, {}, suffix);
  builder.graph().value(id).meaning = Meaning::kTruth;
  return id;
}

ValueId compute(GraphBuilder& builder, HostBinary function, ValueId a, ValueId b, const std::string& suffix) {
  using fbs::BinaryKind;
  switch (function) {
    case HostBinary::kEqual:
      return make_truth(builder, BinaryKind::Equal, a, b, suffix);
    case HostBinary::kLess:
      return make_truth(builder, BinaryKind::Less, a, b, suffix);
    case HostBinary::kLessOrEqual:
      return make_truth(builder, BinaryKind::LessOrEqual, a, b, suffix);
    case HostBinary::kGreater:
      return make_truth(builder, BinaryKind::Less, b, a, suffix);
    case HostBinary::kGreaterOrEqual:
      return make_truth(builder, BinaryKind::LessOrEqual, b, a, suffix);
    case HostBinary::kAnd:
      return make_truth(builder, BinaryKind::Mul, a, b, suffix);
    case HostBinary::kOr:
      return make_truth(builder, BinaryKind::Max, a, b, suffix);
    case HostBinary::kXor:
      return make_truth(builder, BinaryKind::SquaredDifference, a, b, suffix);
    default:
      throw Error(ExitCode::kInternal, "not a comparison");
  }
}

}  // namespace

ValueId compare(GraphBuilder& builder, HostBinary function, ValueId a, ValueId b, const std::string& suffix) {
  if (!both_constant(builder, a, b)) {
    return compute(builder, function, a, b, suffix);
  }
  const Tensor& left = builder.graph().constant(a);
  const Tensor& right = builder.graph().constant(b);
  return builder.add_folded(
      ElementType::kI64, broadcast_shape(left.shape, right.shape), [&] { return host_binary(function, left, right); },
      suffix);
}

ValueId logical_not(GraphBuilder& builder, ValueId x, const std::string& suffix) {
  if (!builder.graph().is_constant(x)) {
    return make_truth(builder, fbs::BinaryKind::Equal, x, builder.add_scalar(0, suffix + "/false"), suffix);
  }
  const Tensor& tensor = builder.graph().constant(x);
  if (tensor.type != ElementType::kI64) malformed("the operand is not boolean");
  return builder.add_folded(
      tensor.type, tensor.shape, [&] { return host_unary(HostUnary::kNot, tensor); }, suffix);
}

ValueId as_truth(GraphBuilder& builder, ValueId x, const std::string& suffix) {
  if (builder.graph().value(x).meaning == Meaning::kTruth) return x;
  if (!builder.graph().is_constant(x)) {
    const ValueId is_zero =
        builder.binary(fbs::BinaryKind::Equal, x, builder.add_scalar(0, suffix + "/zero"), {}, suffix + "/is_zero");
    return logical_not(builder, is_zero, suffix);
  }
  const Tensor& tensor = builder.graph().constant(x);
  return builder.add_folded(
      ElementType::kI64, tensor.shape, [&] { return host_to_bool(tensor); }, suffix);
}

ValueId as_number(GraphBuilder& builder, ValueId x) {
  return builder.is_whole(x) ? builder.unary(fbs::UnaryKind::Identity, x) : x;
}

ValueId as_integer(GraphBuilder& builder, ValueId x) {
  ValueId y = x;
  if (!builder.is_whole(x)) {
    const ValueId size = builder.unary(fbs::UnaryKind::Floor, builder.unary(fbs::UnaryKind::Abs, x, "/abs"), "/floor");
    y = builder.binary(fbs::BinaryKind::Mul, builder.unary(fbs::UnaryKind::Sign, x, "/sign"), size);
  } else if (builder.graph().value(x).meaning == Meaning::kTruth) {
    y = builder.unary(fbs::UnaryKind::Identity, x);
  }
  builder.graph().value(y).meaning = Meaning::kInteger;
  return y;
}

ValueId select(GraphBuilder& builder, ValueId condition, ValueId a, ValueId b) {
  const bool whole = is_whole_or_integer(builder, a);
  if (whole != is_whole_or_integer(builder, b)) malformed("the choices have different element types");
  const bool known = builder.graph().is_constant(condition);
  if (!known || !both_constant(builder, a, b)) {
    a = builder.as_computed(a, "/a");
    b = builder.as_computed(b, "/b");
  }
  const ValueId y = known ? select_by_constant(builder, builder.graph().constant(condition), a, b)
                          : select_by_computed(builder, condition, a, b);
  if (whole && !builder.is_integer(y)) builder.graph().value(y).meaning = Meaning::kInteger;
  return y;
}

}  // namespace lacuna
