#include <algorithm>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

bool is_reshape(const Node* node) { return node != nullptr && node->attrs.type == fbs::OpAttrs::Reshape; }

bool same_channels(const Shape& a, const Shape& b) {
  return a.rank >= 2 && b.rank >= 2 && a[0] == b[0] && a[1] == b[1];
}

/// Whether the node does the same to its reshaped operand as to what the reshape reads.
bool ignores_shape(const Graph& graph, const Node& node, size_t side, const Shape& before) {
  switch (node.attrs.type) {
    case fbs::OpAttrs::Unary:
      return true;
    case fbs::OpAttrs::Affine:
      return same_channels(before, graph.shape(node.inputs[0]));
    case fbs::OpAttrs::Binary: {
      const ValueId other = node.inputs[1 - side];
      return graph.is_constant(other) && count(graph.shape(other)) == 1 && graph.shape(other).rank <= before.rank &&
             graph.shape(node.output) == graph.shape(node.inputs[side]);
    }
    default:
      return false;
  }
}

/// reshape, node -> node, reshape: the two change places, and the value between them its shape.
bool swap_with_reader(Graph& graph, const Uses& uses, size_t i) {
  Node& reshape = graph.nodes[i];
  const int reader = only_reader(graph, uses, reshape.output);
  if (!is_reshape(&reshape) || reader < 0 || graph.is_constant(reshape.inputs[0])) return false;
  Node& node = graph.nodes[static_cast<size_t>(reader)];
  const size_t side = node.inputs[0] == reshape.output ? 0 : 1;
  const Shape before = graph.shape(reshape.inputs[0]);
  if (!ignores_shape(graph, node, side, before)) return false;
  const ValueId between = reshape.output;
  const ValueId last = node.output;
  node.inputs[side] = reshape.inputs[0];
  node.output = between;
  graph.value(between).shape = before;
  reshape.inputs[0] = between;
  reshape.output = last;
  reshape.attrs = reshape_attrs(graph.shape(last));
  std::swap(reshape, node);
  return true;
}

/// binary(reshape(a), reshape(b)) -> reshape(binary(a, b)) for a and b of one shape.
bool join_operands(Graph& graph, const Uses& uses, size_t i) {
  Node& node = graph.nodes[i];
  if (node.attrs.type != fbs::OpAttrs::Binary || graph.shape(node.inputs[0]) != graph.shape(node.inputs[1])) {
    return false;
  }
  Node* a = private_producer(graph, uses, node.inputs[0]);
  Node* b = private_producer(graph, uses, node.inputs[1]);
  if (!is_reshape(a) || !is_reshape(b) || graph.shape(a->inputs[0]) != graph.shape(b->inputs[0])) return false;
  const auto [first, second] = std::minmax(a, b);
  const ValueId between = second->output;
  Node joined{node.name, node.attrs, {a->inputs[0], b->inputs[0]}, between};
  graph.value(between).shape = graph.shape(a->inputs[0]);
  node = Node{second->name, reshape_attrs(graph.shape(node.output)), {between}, node.output};
  *second = std::move(joined);
  erase_node(graph, static_cast<size_t>(first - graph.nodes.data()));
  return true;
}

}  // namespace

bool sink_reshapes(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    return swap_with_reader(g, uses, i) || join_operands(g, uses, i);
  });
}

}  // namespace lacuna
