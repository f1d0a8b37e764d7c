// Expand, Tile, Where and Trilu.
#include <algorithm>

#include "converter/ir/truths.h"
#include "converter/onnx/node_context.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

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

void import_where(NodeContext& node) { node.set_output(select(node, node.input(0), node.input(1), node.input(2))); }

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
  Tensor nothing = integer ? Tensor(Shape(), std::vector<int64_t>{0}) : Tensor(Shape(), std::vector<float>{0});
  const ValueId kept = node.add_constant(std::move(condition), "/kept");
  node.set_output(select(node, kept, node.input(0), node.add_constant(std::move(nothing), "/zero")));
}

}  // namespace lacuna::onnx
