#include <algorithm>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

/// Constants that grow beyond their operands and this many elements stay nodes: the file would hold them in full.
constexpr int64_t kMaxGrownElements = 1 << 18;

bool foldable(const Graph& graph, const Node& node) {
  int64_t elements = 0;
  for (const ValueId id : node.inputs) {
    if (id != kNoValue && !graph.is_constant(id)) return false;
    if (id != kNoValue) elements += count(graph.shape(id));
  }
  // The copy that makes a constant an output of the graph has to stay.
  if (node.attrs.type == fbs::OpAttrs::Reshape && is_output(graph, node.output)) return false;
  return count(graph.shape(node.output)) <= std::max(elements, kMaxGrownElements);
}

void fold(Graph& graph, const Node& node) {
  std::vector<const Tensor*> tensors;
  for (const ValueId id : node.inputs) tensors.push_back(id == kNoValue ? nullptr : &graph.constant(id));
  Value& value = graph.value(node.output);
  value.constant = std::make_shared<const Tensor>(evaluate(node.attrs, tensors, value.shape));
}

}  // namespace

bool fold_constants(Graph& graph) {
  std::vector<Node> kept;
  for (Node& node : graph.nodes) {
    if (foldable(graph, node)) {
      fold(graph, node);
    } else {
      kept.push_back(std::move(node));
    }
  }
  const bool changed = kept.size() != graph.nodes.size();
  graph.nodes = std::move(kept);
  return changed;
}

}  // namespace lacuna
