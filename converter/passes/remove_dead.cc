#include <algorithm>

#include "converter/passes/passes.h"

namespace lacuna {

bool remove_dead(Graph& graph) {
  std::vector<bool> wanted(graph.values.size(), false);
  for (const ValueId id : graph.outputs) wanted[static_cast<size_t>(id)] = true;
  std::vector<Node> kept;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    Node& node = graph.nodes[i];
    if (!wanted[static_cast<size_t>(node.output)]) continue;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
    }
    kept.push_back(std::move(node));
  }
  const bool changed = kept.size() != graph.nodes.size();
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i]) graph.values[i].constant.reset();
  }
  return changed;
}

}  // namespace lacuna
