#include "converter/plan/split_channels.h"

#include <algorithm>

#include "converter/passes/rewrite.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

constexpr size_t kX = 0, kWeight = 1, kBias = 2, kResidual = 3;
/// Parts are whole blocks of the dense packing.
constexpr int64_t kPartChannels = 8;

struct Rows {
  int64_t first;
  int64_t last;  ///< not included
};

bool is_depthwise(const Graph& graph, const Node& node) {
  if (node.attrs.type != fbs::OpAttrs::Conv) return false;
  const int64_t channels = graph.shape(node.inputs[kX])[1];
  return channels > 1 && node.attrs.AsConv()->groups == channels;
}

/// The convolution that makes the depthwise one's input for nobody else; null if the pair cannot be split.
const Node* wide_producer(Graph& graph, const Uses& uses, const Node& depthwise) {
  if (!is_depthwise(graph, depthwise) || operand(depthwise, kResidual) != kNoValue) return nullptr;
  const ValueId between = depthwise.inputs[kX];
  const Shape& shape = graph.shape(between);
  const int64_t bytes = count(shape) * static_cast<int64_t>(sizeof(float));
  if (shape[0] != 1 || bytes <= kSplitAboveBytes) return nullptr;
  const Node* wide = private_producer(graph, uses, between);
  const bool splits = wide != nullptr && wide->attrs.type == fbs::OpAttrs::Conv && wide->attrs.AsConv()->groups == 1 &&
                      operand(*wide, kResidual) == kNoValue;
  return splits ? wide : nullptr;
}

/// Rows [first, last) of a constant's dimension 0.
ValueId take_rows(Graph& graph, ValueId id, Rows rows) {
  if (id == kNoValue) return kNoValue;
  const Tensor& whole = graph.constant(id);
  Shape shape = whole.shape;
  const int64_t row = count(shape, 1, shape.rank);
  shape[0] = rows.last - rows.first;
  const auto begin = whole.f32.begin();
  return graph.add_constant(graph.value(id).name,
                            Tensor(shape, std::vector<float>(begin + rows.first * row, begin + rows.last * row)));
}

/// The rows of a convolution, reading `x`. Its output is new.
Node part_of(Graph& graph, const Node& node, ValueId x, Rows rows) {
  Node part = node;
  part.name += " channels " + std::to_string(rows.first) + " to " + std::to_string(rows.last - 1);
  part.attrs.AsConv()->out_channels = static_cast<uint32_t>(rows.last - rows.first);
  part.inputs[kX] = x;
  part.inputs[kWeight] = take_rows(graph, node.inputs[kWeight], rows);
  if (part.inputs.size() > kBias) part.inputs[kBias] = take_rows(graph, node.inputs[kBias], rows);
  Shape shape = graph.shape(node.output);
  shape[1] = rows.last - rows.first;
  part.output = graph.add_value(part.name, ElementType::kF32, shape);
  return part;
}

std::vector<Node> split(Graph& graph, const Node& wide, const Node& depthwise) {
  const Shape shape = graph.shape(wide.output);
  const int64_t bytes = count(shape) * static_cast<int64_t>(sizeof(float));
  const int64_t parts = ceil_div(bytes, kPartBytes);
  const int64_t step = ceil_div(ceil_div(shape[1], parts), kPartChannels) * kPartChannels;
  const int64_t multiplier = graph.shape(depthwise.output)[1] / shape[1];
  std::vector<Node> nodes;
  Node concat{depthwise.name, {}, {}, depthwise.output};
  for (int64_t first = 0; first < shape[1]; first += step) {
    const int64_t last = std::min(first + step, shape[1]);
    nodes.push_back(part_of(graph, wide, wide.inputs[kX], {first, last}));
    Node filtered = part_of(graph, depthwise, nodes.back().output, {first * multiplier, last * multiplier});
    filtered.attrs.AsConv()->groups = static_cast<uint32_t>(last - first);
    concat.inputs.push_back(filtered.output);
    nodes.push_back(std::move(filtered));
  }
  fbs::ConcatAttrsT attrs;
  attrs.axis = 1;
  concat.attrs = make_attrs(attrs);
  nodes.push_back(std::move(concat));
  return nodes;
}

bool split_at(Graph& graph, const Uses& uses, size_t i) {
  const Node* wide = wide_producer(graph, uses, graph.nodes[i]);
  if (wide == nullptr) return false;
  const auto wide_index = static_cast<size_t>(wide - graph.nodes.data());
  std::vector<Node> nodes = split(graph, *wide, graph.nodes[i]);
  if (nodes.size() <= 3) return false;  // one part
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(i));
  graph.nodes.insert(graph.nodes.begin() + static_cast<std::ptrdiff_t>(i), nodes.begin(), nodes.end());
  erase_node(graph, wide_index);
  return true;
}

}  // namespace

void split_channels(Graph& graph) { rewrite_each(graph, split_at); }

}  // namespace lacuna
