#include <algorithm>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

// The device writes each output of the graph into a place of its own, so a node has to compute it: an output that is
// an input, a constant or the same value as another output gets a copy.
bool materialize_outputs(Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const ValueId id = graph.outputs[i];
    const auto end = graph.outputs.begin() + static_cast<std::ptrdiff_t>(i);
    const bool repeated = std::find(graph.outputs.begin(), end, id) != end;
    if (!repeated && uses.producer_of(id) >= 0) continue;
    const Value source = graph.value(id);
    const ValueId copy = graph.add_value(source.name, source.type, source.shape);
    graph.nodes.push_back(Node{source.name, reshape_attrs(source.shape), {id}, copy});
    graph.outputs[i] = copy;
    changed = true;
  }
  return changed;
}

}  // namespace lacuna
