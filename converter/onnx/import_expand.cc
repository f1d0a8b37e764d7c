// Expand, Tile, Where and Trilu.
#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "converter/onnx/node_context.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

namespace {

/// Elements of x where `condition` (constant) holds and of constant `other` elsewhere. min and max with infinite bounds
/// select exactly, whatever x is.
ValueId select_or_constant(NodeContext& node, const Tensor& condition, ValueId x, const Tensor& other) {
  const Shape shape = broadcast_shape(condition.shape, other.shape);
  const auto bound = [&](float open, const std::string& suffix) {
    return node.add_folded(
        ElementType::kF32, shape,
        [&] { return host_where(condition, Tensor(Shape(), std::vector<float>{open}), other); }, suffix);
  };
  const ValueId high = bound(kInfinity, "/high");
  const ValueId low = bound(-kInfinity, "/low");
  const ValueId cut = node.binary(fbs::BinaryKind::Min, x, high, {}, "/cut");
  return node.binary(fbs::BinaryKind::Max, cut, low);
}

Tensor zero() { return Tensor(Shape(), std::vector<float>{0}); }

ValueId where(NodeContext& node, const Tensor& condition, ValueId a, ValueId b) {
  const Graph& graph = node.graph();
  if (graph.is_constant(a) && graph.is_constant(b)) {
    const Shape shape = broadcast_shape(condition.shape, broadcast_shape(graph.shape(a), graph.shape(b)));
    return node.add_folded(graph.value(a).type, shape,
                           [&] { return host_where(condition, graph.constant(a), graph.constant(b)); });
  }
  if (graph.is_constant(b)) return select_or_constant(node, condition, a, graph.constant(b));
  const Tensor inverse = host_unary(HostUnary::kNot, condition);
  if (graph.is_constant(a)) return select_or_constant(node, inverse, b, graph.constant(a));
  const ValueId left = select_or_constant(node, condition, a, zero());
  return node.binary(fbs::BinaryKind::Add, left, select_or_constant(node, inverse, b, zero()));
}

}  // namespace

void import_expand(NodeContext& node) {
  const Shape target = checked_shape(node.ints(1, "shape"), "the shape");
  const Shape shape = checked_shape(dims_of<int64_t>(broadcast_shape(node.shape(0), target)), "the result");
  node.set_output(node.expand(node.input(0), shape));
}

void import_tile(NodeContext& node) {
  const Shape shape = node.shape(0);
  const std::vector<int64_t> repeats = node.ints(1, "repeats");
  if (static_cast<int>(repeats.size()) != shape.rank)
    malformed("repeats has " + std::to_string(repeats.size()) + " entries");
  fbs::TileAttrsT attrs;
  std::vector<int64_t> dims;
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int64_t size = shape[static_cast<int>(i)];
    if (repeats[i] < 1 || repeats[i] > std::numeric_limits<int32_t>::max()) {
      malformed("repeats has an entry " + std::to_string(repeats[i]));
    }
    dims.push_back(size * repeats[i]);
    attrs.repeats.push_back(static_cast<uint32_t>(repeats[i]));
  }
  if (checked_shape(dims, "the result") == shape) return node.set_output(node.input(0));
  node.set_output(node.emit(make_attrs(std::move(attrs)), {node.input(0)}));
}

void import_where(NodeContext& node) {
  const Tensor& condition = node.constant(0, "condition");
  if (condition.type != ElementType::kI64) malformed("the condition is not boolean");
  if (node.is_integer(node.input(1)) != node.is_integer(node.input(2)))
    malformed("operands have different element types");
  node.set_output(where(node, condition, node.input(1), node.input(2)));
}

void import_trilu(NodeContext& node) {
  const Shape shape = node.shape(0);
  if (shape.rank < 2) malformed("the input needs 2 dimensions at least");
  const bool upper = node.int_attr("upper", 1) != 0;
  int64_t diagonal = 0;
  if (node.has_input(1)) {
    const std::vector<int64_t> k = node.ints(1, "diagonal");
    if (k.size() != 1) malformed("the diagonal is not a scalar");
    diagonal = k[0];
  }
  const int64_t rows = shape[shape.rank - 2];
  const int64_t columns = shape[shape.rank - 1];
  diagonal = std::clamp(diagonal, -rows - 1, columns + 1);
  const Shape plane = make_shape({rows, columns});
  node.budget().take(ElementType::kI64, plane, node.name());
  Tensor condition(ElementType::kI64, plane);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const bool kept = upper ? j >= i + diagonal : j <= i + diagonal;
      condition.i64[static_cast<size_t>(i * columns + j)] = kept ? 1 : 0;
    }
  }
  const bool integer = node.is_integer(node.input(0));
  Tensor nothing = integer ? Tensor(Shape(), std::vector<int64_t>{0}) : zero();
  node.set_output(where(node, condition, node.input(0), node.add_constant(std::move(nothing), "/zero")));
}

}  // namespace lacuna::onnx
