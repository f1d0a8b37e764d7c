// If with a constant condition: the branch that is taken becomes part of the graph.
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

void import_if(NodeContext& node) {
  const std::vector<int64_t> condition = node.ints(0, "condition");
  if (condition.size() != 1) malformed("the condition is not a scalar");
  const std::vector<ValueId> outputs =
      node.import_subgraph(node.graph_attr(condition[0] != 0 ? "then_branch" : "else_branch"));
  if (outputs.size() != node.output_count()) malformed("the branch has a different number of outputs");
  for (size_t i = 0; i < outputs.size(); ++i) node.set_output(outputs[i], i);
}

}  // namespace lacuna::onnx
