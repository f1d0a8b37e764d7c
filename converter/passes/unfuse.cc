#include "converter/passes/unfuse.h"

#include "converter/passes/rewrite.h"

namespace lacuna {
namespace {

constexpr size_t kResidual = 3;

/// A new value that takes the place of `node`'s output, which the next node is to make.
ValueId take_output(Graph& graph, Node& node, const std::string& suffix) {
  const ValueId old = node.output;
  node.output = graph.add_value(node.name + suffix, graph.value(old).type, graph.shape(old));
  return old;
}

}  // namespace

void unfuse(Graph& graph) {
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    fbs::Activation activation;
    if (!is_linear(node)) {
      activation = *activation_of(node);
      *activation_of(node) = fbs::Activation();
    }
    const bool adds = (node.attrs.type == fbs::OpAttrs::Conv || node.attrs.type == fbs::OpAttrs::FullyConnected) &&
                      operand(node, kResidual) != kNoValue;
    const ValueId residual = adds ? node.inputs[kResidual] : kNoValue;
    if (adds) node.inputs.resize(kResidual);
    if (adds && node.inputs.back() == kNoValue) node.inputs.pop_back();

    const std::string name = node.name;
    nodes.push_back(std::move(node));
    if (adds) {
      const ValueId y = take_output(graph, nodes.back(), "/product");
      const ValueId product = nodes.back().output;
      nodes.push_back({name + "/add", make_attrs(fbs::BinaryAttrsT()), {product, residual}, y});
    }
    if (!is_identity(activation)) {
      const ValueId y = take_output(graph, nodes.back(), "/linear");
      const ValueId linear = nodes.back().output;
      fbs::UnaryAttrsT attrs;
      attrs.function = activation;
      nodes.push_back({name + "/activation", make_attrs(std::move(attrs)), {linear}, y});
    }
  }
  graph.nodes = std::move(nodes);
}

}  // namespace lacuna
