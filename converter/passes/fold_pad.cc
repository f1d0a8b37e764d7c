#include <algorithm>
#include <cmath>

#include "converter/passes/passes.h"
#include "converter/passes/permutation.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

/// Elements that a constant pad puts around each dimension of what a convolution or pool reads.
struct Padding {
  ValueId x = kNoValue;  ///< what the pad reads
  float value = 0;
  std::vector<int32_t> begin;
  std::vector<int32_t> end;
};

bool is_spatial(const std::vector<int32_t>& pads) {
  return pads.size() > 2 && pads[0] == 0 && pads[1] == 0 &&
         std::all_of(pads.begin(), pads.end(), [](int32_t pad) { return pad >= 0; });
}

Padding padding_of(const Node& pad) {
  const fbs::PadAttrsT& attrs = *pad.attrs.AsPad();
  return {pad.inputs[0], attrs.value, attrs.begin, attrs.end};
}

bool is_constant_pad(const Node* node) {
  return node != nullptr && node->attrs.type == fbs::OpAttrs::Pad &&
         node->attrs.AsPad()->mode == fbs::PadMode::Constant;
}

void add_pads(const Padding& padding, std::vector<uint32_t>& pads_begin, std::vector<uint32_t>& pads_end) {
  for (size_t i = 0; i < pads_begin.size(); ++i) {
    pads_begin[i] += static_cast<uint32_t>(padding.begin[i + 2]);
    pads_end[i] += static_cast<uint32_t>(padding.end[i + 2]);
  }
}

bool has_pads(const fbs::PoolAttrsT& attrs) {
  const auto is_zero = [](uint32_t pad) { return pad == 0; };
  return !std::all_of(attrs.pads_begin.begin(), attrs.pads_begin.end(), is_zero) ||
         !std::all_of(attrs.pads_end.begin(), attrs.pads_end.end(), is_zero);
}

/// The node with the padding in its attributes; false when it cannot have it there.
bool absorb(const Padding& padding, Node& node) {
  if (fbs::ConvAttrsT* conv = node.attrs.AsConv()) {
    if (padding.value != 0) return false;
    add_pads(padding, conv->pads_begin, conv->pads_end);
    return true;
  }
  fbs::PoolAttrsT* pool = node.attrs.AsPool();
  if (pool == nullptr || pool->ceil_mode) return false;
  if (pool->kind == fbs::PoolKind::Max) {
    if (!std::isinf(padding.value) || padding.value > 0) return false;
  } else {
    // Zeros of the pad count in the average; zeros of the pool must have counted too.
    if (padding.value != 0 || (has_pads(*pool) && !pool->count_include_pad)) return false;
    pool->count_include_pad = true;
  }
  add_pads(padding, pool->pads_begin, pool->pads_end);
  return true;
}

bool fold_direct(Graph& graph, const Uses& uses, Node& node) {
  const Node* pad = producer(graph, uses, node.inputs.front());
  if (!is_constant_pad(pad)) return false;
  const Padding padding = padding_of(*pad);
  Node folded = node;
  folded.inputs.front() = padding.x;
  if (!is_spatial(padding.begin) || !is_spatial(padding.end) || !absorb(padding, folded)) return false;
  if (!fits(graph, folded, graph.shape(node.output))) return false;
  node = std::move(folded);
  return true;
}

/// conv(transpose(pad(x))), as channel-last models have it at their input.
bool fold_through_transpose(Graph& graph, const Uses& uses, Node& node) {
  const ValueId between = node.inputs.front();
  Node* transpose = private_producer(graph, uses, between);
  if (transpose == nullptr || transpose->attrs.type != fbs::OpAttrs::Transpose) return false;
  const Node* pad = producer(graph, uses, transpose->inputs[0]);
  if (!is_constant_pad(pad)) return false;
  const Perm& perm = transpose->attrs.AsTranspose()->perm;
  Padding padding = padding_of(*pad);
  padding.begin = permute(padding.begin, perm);
  padding.end = permute(padding.end, perm);
  Node folded = node;
  if (!is_spatial(padding.begin) || !is_spatial(padding.end) || !absorb(padding, folded)) return false;
  const Shape padded = graph.shape(between);
  graph.value(between).shape = permute(graph.shape(padding.x), perm);
  if (!fits(graph, folded, graph.shape(node.output))) {
    graph.value(between).shape = padded;
    return false;
  }
  transpose->inputs[0] = padding.x;
  node = std::move(folded);
  return true;
}

}  // namespace

bool fold_pad(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    Node& node = g.nodes[i];
    if (node.attrs.type != fbs::OpAttrs::Conv && node.attrs.type != fbs::OpAttrs::Pool) return false;
    return fold_direct(g, uses, node) || fold_through_transpose(g, uses, node);
  });
}

}  // namespace lacuna
