#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

constexpr size_t kResidual = 3;

/// The node that makes operand `side` of an addition, if it can add the other operand itself; null otherwise.
const Node* fusable_producer(Graph& graph, const Uses& uses, const Node& add, size_t side) {
  const Node* node = private_producer(graph, uses, add.inputs[side]);
  if (node == nullptr || !is_linear(*node) || operand(*node, kResidual) != kNoValue) return nullptr;
  const bool right_type = node->attrs.type == fbs::OpAttrs::Conv || node->attrs.type == fbs::OpAttrs::FullyConnected;
  return right_type ? node : nullptr;
}

bool adds_equal_values(const Graph& graph, const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Binary && node.attrs.AsBinary()->kind == fbs::BinaryKind::Add &&
         !graph.is_constant(node.inputs[0]) && !graph.is_constant(node.inputs[1]) &&
         graph.shape(node.inputs[0]) == graph.shape(node.inputs[1]);
}

/// The fused node stands where the addition was: there both operands are computed.
bool fuse(Graph& graph, const Uses& uses, size_t i) {
  Node& add = graph.nodes[i];
  if (!adds_equal_values(graph, add)) return false;
  const Node* first = fusable_producer(graph, uses, add, 0);
  const Node* second = fusable_producer(graph, uses, add, 1);
  if (first == nullptr && second == nullptr) return false;
  // The later one of two: the main branch more often than the shortcut.
  const size_t side = second == nullptr || (first != nullptr && first > second) ? 0 : 1;
  const Node* before = side == 0 ? first : second;
  Node fused = *before;
  set_operand(fused, kResidual, add.inputs[1 - side]);
  *activation_of(fused) = add.attrs.AsBinary()->activation;
  fused.output = add.output;
  add = std::move(fused);
  erase_node(graph, static_cast<size_t>(before - graph.nodes.data()));
  return true;
}

}  // namespace

bool fuse_residual(Graph& graph) { return rewrite_each(graph, fuse); }

}  // namespace lacuna
