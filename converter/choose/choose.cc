#include "converter/choose/choose.h"

#include <algorithm>
#include <cstdio>

#include "converter/ir/operands.h"

namespace lacuna {
namespace {

/// Below which density the sparse kernel takes less time than the dense one. Over many pixels sparse kernels reach 23
/// to 33 GMAC/s on non-zeros where dense ones reach 45 to 55 (AVX2 and AVX-512 of a Zen 4); over a single one a sparse
/// row is a few scattered reads, 1 to 3 GMAC/s against 15 to 20.
double sparse_below(fbs::OpAttrs op, int64_t pixels) {
  constexpr double kManyPixels = 0.4, kOneRow = 0.12, kOnePixel = 0.06;
  if (pixels > 1) return kManyPixels;
  return op == fbs::OpAttrs::FullyConnected ? kOneRow : kOnePixel;
}

/// Pixels of a convolution's output, rows of a fully connected layer's.
int64_t pixels_of(const Graph& graph, const Node& node) {
  const Shape& shape = graph.shape(node.output);
  if (node.attrs.type == fbs::OpAttrs::FullyConnected) return count(shape, 0, shape.rank - 1);
  return shape[0] * count(shape, 2, shape.rank);
}

uint64_t count_nonzeros(const Tensor& weight) {
  return static_cast<uint64_t>(std::count_if(weight.f32.begin(), weight.f32.end(), [](float w) { return w != 0.0f; }));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * share);
  return text;
}

void choose_packing(const std::vector<fbs::Packing>& legal, double sparse_below, Choice& choice) {
  const bool sparse_is_legal = std::find(legal.begin(), legal.end(), fbs::Packing::SparseRows) != legal.end();
  const std::string density = percent(choice.density()) + " of the weights are not zero";
  choice.packing = legal.front();
  if (!sparse_is_legal) {
    choice.reason = "this kind of layer has only a dense form";
  } else if (choice.density() >= sparse_below) {
    choice.reason = density + ": dense is faster from " + percent(sparse_below);
  } else {
    choice.packing = fbs::Packing::SparseRows;
    choice.reason = density + ": zeros are skipped below " + percent(sparse_below);
  }
}

Choice choose_for(const Graph& graph, const Node& node) {
  Choice choice;
  const OpHost& op = host_op(node.attrs.type);
  const PackedAttrs attrs(node.attrs);
  if (op.macs != nullptr) {
    std::vector<Shape> shapes;
    for (const ValueId id : node.inputs) shapes.push_back(id == kNoValue ? Shape() : graph.shape(id));
    choice.macs = choice.nonzero_macs = op.macs(attrs.table(), shapes, graph.shape(node.output));
  }
  const ValueId weight_id = operand_with_role(node, Role::kWeight);
  if (weight_id == kNoValue) return choice;
  const Tensor& weight = graph.constant(weight_id);
  choice.weights = weight.f32.size();
  choice.nonzeros = count_nonzeros(weight);
  choice.nonzero_macs = choice.macs / choice.weights * choice.nonzeros;  // every weight is used equally often
  choose_packing(op.packings(attrs.table(), weight), sparse_below(node.attrs.type, pixels_of(graph, node)), choice);
  return choice;
}

}  // namespace

std::vector<Choice> choose(const Graph& graph) {
  std::vector<Choice> choices;
  for (const Node& node : graph.nodes) choices.push_back(choose_for(graph, node));
  return choices;
}

}  // namespace lacuna
