#include "converter/ir/operands.h"
#include "converter/plan/plan.h"

namespace lacuna {

std::vector<Life> lives_of(const Graph& graph) {
  std::vector<Life> lives(graph.values.size());
  const auto steps = static_cast<int>(graph.nodes.size());
  for (const ValueId id : graph.inputs) lives[static_cast<size_t>(id)] = {-1, -1};
  for (int i = 0; i < steps; ++i) {
    const Node& node = graph.nodes[static_cast<size_t>(i)];
    lives[static_cast<size_t>(node.output)] = {i, i};
    for (const ValueId id : device_operands(node)) {
      if (id != kNoValue) lives[static_cast<size_t>(id)].last = i;
    }
  }
  for (const ValueId id : graph.outputs) lives[static_cast<size_t>(id)].last = steps;
  return lives;
}

}  // namespace lacuna
