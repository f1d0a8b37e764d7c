#include "converter/passes/rewrite.h"

#include <algorithm>

namespace lacuna {

bool is_output(const Graph& graph, ValueId id) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
}

const Node* producer(const Graph& graph, const Uses& uses, ValueId id) {
  const int index = id == kNoValue ? -1 : uses.producer_of(id);
  return index < 0 ? nullptr : &graph.nodes[static_cast<size_t>(index)];
}

int only_reader(const Graph& graph, const Uses& uses, ValueId id) {
  const std::vector<int>& readers = uses.readers_of(id);
  return readers.size() == 1 && !is_output(graph, id) ? readers.front() : -1;
}

Node* private_producer(Graph& graph, const Uses& uses, ValueId id) {
  if (id == kNoValue || only_reader(graph, uses, id) < 0) return nullptr;
  return const_cast<Node*>(producer(graph, uses, id));
}

fbs::Activation* activation_of(Node& node) {
  switch (node.attrs.type) {
    case fbs::OpAttrs::Conv:
      return &node.attrs.AsConv()->activation;
    case fbs::OpAttrs::FullyConnected:
      return &node.attrs.AsFullyConnected()->activation;
    case fbs::OpAttrs::Binary:
      return &node.attrs.AsBinary()->activation;
    case fbs::OpAttrs::Affine:
      return &node.attrs.AsAffine()->activation;
    default:
      return nullptr;
  }
}

const fbs::Activation* activation_of(const Node& node) { return activation_of(const_cast<Node&>(node)); }

bool is_linear(const Node& node) {
  const fbs::Activation* activation = activation_of(node);
  return activation == nullptr || is_identity(*activation);
}

void set_operand(Node& node, size_t i, ValueId id) {
  if (node.inputs.size() <= i) node.inputs.resize(i + 1, kNoValue);
  node.inputs[i] = id;
}

bool fits(const Graph& graph, const Node& node, const Shape& shape) {
  try {
    return infer_shape(graph, node) == shape;
  } catch (const Error&) {
    return false;
  }
}

Attrs reshape_attrs(const Shape& shape) {
  fbs::ReshapeAttrsT attrs;
  attrs.shape = dims_of<uint32_t>(shape);
  return make_attrs(std::move(attrs));
}

void erase_node(Graph& graph, size_t index) {
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace lacuna
