// Comparisons, logic and selection.
#include <algorithm>

#include "converter/ir/truths.h"
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

}  // namespace

void import_comparison(NodeContext& node) {
  const ValueId truth = compare(node, comparison_of(node.builtin()), node.input(0), node.input(1), "/truth");
  node.set_output(node.builtin() == BuiltinOperator::NOT_EQUAL ? logical_not(node, truth) : truth);
}

void import_logical_not(NodeContext& node) { node.set_output(logical_not(node, node.input(0))); }

// SELECT takes whole rows for a condition of rank 1, SELECT_V2 broadcasts it.
void import_select(NodeContext& node) {
  ValueId condition = node.input(0);
  const Shape shape = node.shape(0);
  if (node.builtin() == BuiltinOperator::SELECT && shape.rank == 1) {
    std::vector<int64_t> rows = {shape[0]};
    rows.resize(static_cast<size_t>(std::max(node.shape(1).rank, 1)), 1);
    condition = node.reshape(condition, make_shape(rows), "/rows");
  }
  node.set_output(select(node, condition, node.input(1), node.input(2)));
}

}  // namespace lacuna::tflite
