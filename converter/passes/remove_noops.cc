#include <algorithm>
#include <cmath>

#include "converter/passes/passes.h"
#include "converter/passes/permutation.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

template <class T>
bool all_equal(const std::vector<T>& entries, T wanted) {
  return std::all_of(entries.begin(), entries.end(), [wanted](T entry) { return entry == wanted; });
}

bool copies(const fbs::Activation& function) {
  if (function.kind() == fbs::UnaryKind::Clamp) {
    return std::isinf(function.alpha()) && function.alpha() < 0 && std::isinf(function.beta()) && function.beta() > 0;
  }
  return is_identity(function);
}

bool copies(const Graph& graph, const Node& node, const fbs::AffineAttrsT& attrs) {
  return is_identity(attrs.activation) && graph.is_constant(node.inputs[1]) && graph.is_constant(node.inputs[2]) &&
         all_equal(graph.constant(node.inputs[1]).f32, 1.0f) && all_equal(graph.constant(node.inputs[2]).f32, 0.0f);
}

bool copies(const fbs::ResizeAttrsT& attrs) {
  // TfHalfPixelForNn reads half a pixel further; TfCropAndResize reads what the region of interest says.
  return attrs.coordinates != fbs::CoordinateMode::TfHalfPixelForNn &&
         attrs.coordinates != fbs::CoordinateMode::TfCropAndResize && all_equal(attrs.scales, 1.0f);
}

/// Whether the output is the first input, element for element.
bool copies_input(const Graph& graph, const Node& node) {
  if (graph.shape(node.output) != graph.shape(node.inputs.front())) return false;
  switch (node.attrs.type) {
    case fbs::OpAttrs::Reshape:
    case fbs::OpAttrs::Expand:
    case fbs::OpAttrs::Tile:
      return true;
    case fbs::OpAttrs::Concat:
      return node.inputs.size() == 1;
    case fbs::OpAttrs::Unary:
      return copies(node.attrs.AsUnary()->function);
    case fbs::OpAttrs::Affine:
      return copies(graph, node, *node.attrs.AsAffine());
    case fbs::OpAttrs::Resize:
      return copies(*node.attrs.AsResize());
    case fbs::OpAttrs::Slice:
      return all_equal(node.attrs.AsSlice()->start, 0) && all_equal(node.attrs.AsSlice()->step, 1);
    case fbs::OpAttrs::Pad:
      return all_equal(node.attrs.AsPad()->begin, 0) && all_equal(node.attrs.AsPad()->end, 0);
    case fbs::OpAttrs::DepthToSpace:
      return node.attrs.AsDepthToSpace()->block == 1;
    case fbs::OpAttrs::SpaceToDepth:
      return node.attrs.AsSpaceToDepth()->block == 1;
    default:
      return false;
  }
}

/// Whether a reduction of single elements leaves them as they are.
bool reduces_nothing(const Graph& graph, const Node& node) {
  const fbs::ReduceAttrsT& attrs = *node.attrs.AsReduce();
  const Shape& shape = graph.shape(node.inputs[0]);
  const bool single = std::all_of(attrs.axes.begin(), attrs.axes.end(),
                                  [&](uint32_t axis) { return shape[static_cast<int>(axis)] == 1; });
  switch (attrs.kind) {
    case fbs::ReduceKind::Mean:
    case fbs::ReduceKind::Max:
    case fbs::ReduceKind::Min:
    case fbs::ReduceKind::Sum:
    case fbs::ReduceKind::Prod:
      return single;
    default:
      return false;
  }
}

/// Whether a reshape does the same as this node, which is none.
bool is_hidden_reshape(const Graph& graph, const Node& node) {
  if (node.attrs.type == fbs::OpAttrs::Transpose) {
    return moves_only_units(graph.shape(node.inputs[0]), node.attrs.AsTranspose()->perm);
  }
  return node.attrs.type == fbs::OpAttrs::Reduce && reduces_nothing(graph, node);
}

/// Takes out a node that copies its input. The output of the graph keeps its id.
bool bypass(Graph& graph, const Uses& uses, size_t i) {
  Node& node = graph.nodes[i];
  const ValueId input = node.inputs.front();
  const ValueId output = node.output;
  if (!is_output(graph, output)) {
    replace_value(graph, output, input);
    erase_node(graph, i);
    return true;
  }
  if (uses.producer_of(input) >= 0 && !is_output(graph, input)) {
    graph.nodes[static_cast<size_t>(uses.producer_of(input))].output = output;
    erase_node(graph, i);
    replace_value(graph, input, output);
    return true;
  }
  if (node.attrs.type == fbs::OpAttrs::Reshape) return false;
  node.attrs = reshape_attrs(graph.shape(output));
  node.inputs = {input};
  return true;
}

/// Reads past a node of the same kind: reshape of reshape, transpose of transpose.
bool skip_producer(const Graph& graph, const Uses& uses, Node& node) {
  const Node* before = producer(graph, uses, node.inputs.front());
  if (before == nullptr || before->attrs.type != node.attrs.type) return false;
  if (node.attrs.type == fbs::OpAttrs::Transpose) {
    Perm& perm = node.attrs.AsTranspose()->perm;
    perm = compose(before->attrs.AsTranspose()->perm, perm);
  } else if (node.attrs.type != fbs::OpAttrs::Reshape) {
    return false;
  }
  node.inputs.front() = before->inputs.front();
  return true;
}

}  // namespace

bool remove_noops(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    Node& node = g.nodes[i];
    if (copies_input(g, node) && bypass(g, uses, i)) return true;
    if (is_hidden_reshape(g, node)) {
      node.attrs = reshape_attrs(g.shape(node.output));
      return true;
    }
    return skip_producer(g, uses, node);
  });
}

}  // namespace lacuna
