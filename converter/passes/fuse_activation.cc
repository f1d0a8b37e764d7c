#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

bool fuse_activation(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    const Node& unary = g.nodes[i];
    if (unary.attrs.type != fbs::OpAttrs::Unary) return false;
    Node* before = private_producer(g, uses, unary.inputs[0]);
    fbs::Activation* activation = before == nullptr ? nullptr : activation_of(*before);
    if (activation == nullptr || !is_identity(*activation)) return false;
    *activation = unary.attrs.AsUnary()->function;
    before->output = unary.output;
    erase_node(g, i);
    return true;
  });
}

}  // namespace lacuna
