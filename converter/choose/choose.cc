#include "converter/choose/choose.h"

#include <algorithm>
#include <cstdio>

#include "converter/ir/operands.h"

namespace lacuna {
namespace {

/// Below this density a sparse kernel takes less time than the dense one: sparse kernels reach 25 to 47 GMAC/s on
/// non-zeros where dense ones reach 80 (docs/decisions/0001-planar-values-and-short-indices.md), so 0.4 is on the safe
/// side on every tier measured.
constexpr double kSparseBelow = 0.4;

uint64_t count_nonzeros(const Tensor& weight) {
  return static_cast<uint64_t>(std::count_if(weight.f32.begin(), weight.f32.end(), [](float w) { return w != 0.0f; }));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * share);
  return text;
}

void choose_packing(const std::vector<fbs::Packing>& legal, Choice& choice) {
  const bool sparse_is_legal = std::find(legal.begin(), legal.end(), fbs::Packing::SparseRows) != legal.end();
  const std::string density = percent(choice.density()) + " of the weights are not zero";
  if (choice.density() >= kSparseBelow) {
    choice.packing = legal.front();
    choice.reason = density + ": dense is faster above " + percent(kSparseBelow);
  } else if (sparse_is_legal) {
    choice.packing = fbs::Packing::SparseRows;
    choice.reason = density + ": zeros are skipped below " + percent(kSparseBelow);
  } else {
    choice.packing = legal.front();
    choice.reason = density + ", but this kind of layer has only a dense form";
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
  choice.nonzero_macs = static_cast<uint64_t>(static_cast<double>(choice.macs) * choice.density() + 0.5);
  choose_packing(op.packings(attrs.table(), weight), choice);
  return choice;
}

}  // namespace

std::vector<Choice> choose(const Graph& graph) {
  std::vector<Choice> choices;
  for (const Node& node : graph.nodes) choices.push_back(choose_for(graph, node));
  return choices;
}

}  // namespace lacuna
