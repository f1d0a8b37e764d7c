#include "converter/passes/channel_map.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

bool is_affine(const Node* node) { return node != nullptr && node->attrs.type == fbs::OpAttrs::Affine; }

/// Values of rank 2 and 3 are mostly tokens, whose last dimension counts: they become affine only beside another one.
bool wanted(const Graph& graph, const Uses& uses, const Node& node, ValueId x) {
  if (graph.shape(node.output).rank >= 4 || is_affine(producer(graph, uses, x))) return true;
  const int reader = only_reader(graph, uses, node.output);
  return reader >= 0 && is_affine(&graph.nodes[static_cast<size_t>(reader)]);
}

void make_affine(Graph& graph, Node& node, const ChannelMap& map) {
  fbs::AffineAttrsT attrs;
  attrs.activation = map.activation;
  node.attrs = make_attrs(std::move(attrs));
  const ValueId scale = add_vector(graph, node.name + "/scale", map.scale);
  const ValueId shift = add_vector(graph, node.name + "/shift", map.shift);
  node.inputs = {map.x, scale, shift};
}

bool convert_binary(Graph& graph, const Uses& uses, Node& node) {
  if (node.attrs.type != fbs::OpAttrs::Binary || graph.shape(node.output).rank < 2) return false;
  const auto map = channel_map(graph, node, 1);
  if (!map || !wanted(graph, uses, node, map->x)) return false;
  make_affine(graph, node, *map);
  return true;
}

bool merge_with_producer(Graph& graph, const Uses& uses, size_t i) {
  Node& node = graph.nodes[i];
  if (!is_affine(&node)) return false;
  const Node* before = private_producer(graph, uses, node.inputs[0]);
  if (!is_affine(before) || !is_linear(*before)) return false;
  auto outer = channel_map(graph, node, 1);
  const auto inner = channel_map(graph, *before, 1);
  if (!outer || !inner) return false;
  for (size_t c = 0; c < outer->scale.size(); ++c) {
    outer->shift[c] += inner->shift[c] * outer->scale[c];
    outer->scale[c] *= inner->scale[c];
  }
  outer->x = inner->x;
  make_affine(graph, node, *outer);
  erase_node(graph, static_cast<size_t>(before - graph.nodes.data()));
  return true;
}

}  // namespace

bool merge_affine(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    return convert_binary(g, uses, g.nodes[i]) || merge_with_producer(g, uses, i);
  });
}

}  // namespace lacuna
