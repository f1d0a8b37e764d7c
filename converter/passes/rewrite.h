// What passes share: questions about a graph, and the loop that applies a local rewrite everywhere.
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

bool is_output(const Graph& graph, ValueId id);

/// The node that makes `id`; null for inputs, constants and omitted operands.
const Node* producer(const Graph& graph, const Uses& uses, ValueId id);

/// Index of the node that reads `id` with one operand and is the only one that wants it; -1 if there is none.
int only_reader(const Graph& graph, const Uses& uses, ValueId id);

/// The node that makes `id`, if this operand is all that `id` is wanted for; null otherwise.
Node* private_producer(Graph& graph, const Uses& uses, ValueId id);

/// The activation of a node whose operator has one; null otherwise.
fbs::Activation* activation_of(Node& node);
const fbs::Activation* activation_of(const Node& node);
inline bool is_identity(const fbs::Activation& activation) { return activation.kind() == fbs::UnaryKind::Identity; }
/// No activation, or Identity.
bool is_linear(const Node& node);

/// Operand i, or kNoValue when the node has fewer.
inline ValueId operand(const Node& node, size_t i) { return i < node.inputs.size() ? node.inputs[i] : kNoValue; }
void set_operand(Node& node, size_t i, ValueId id);

/// Whether the operator takes these operands and gives just this shape.
bool fits(const Graph& graph, const Node& node, const Shape& shape);

/// A reshape to `shape`.
Attrs reshape_attrs(const Shape& shape);

void erase_node(Graph& graph, size_t index);

/// Calls `rewrite(graph, uses, i)` for every node. It may rewrite, replace or erase nodes up to any index and then
/// returns true: `uses` is made anew and the same index is tried again. Each rewrite must bring the graph nearer to
/// one that has nothing to rewrite.
template <class Rewrite>
bool rewrite_each(Graph& graph, Rewrite rewrite) {
  bool changed = false;
  Uses uses(graph);
  for (size_t i = 0; i < graph.nodes.size();) {
    if (rewrite(graph, uses, i)) {
      changed = true;
      uses = Uses(graph);
    } else {
      ++i;
    }
  }
  return changed;
}

}  // namespace lacuna
