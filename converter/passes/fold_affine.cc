#include <algorithm>

#include "converter/passes/channel_map.h"
#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

constexpr size_t kX = 0;
constexpr size_t kWeight = 1;
constexpr size_t kBias = 2;
constexpr size_t kResidual = 3;

/// A convolution or fully connected node with constant weights: rows of weights, one an output channel or unit.
bool has_rows(const Graph& graph, const Node& node) {
  const bool right_type = node.attrs.type == fbs::OpAttrs::Conv || node.attrs.type == fbs::OpAttrs::FullyConnected;
  return right_type && graph.is_constant(node.inputs[kWeight]) &&
         (operand(node, kBias) == kNoValue || graph.is_constant(node.inputs[kBias]));
}

/// The dimension of its input and output that weights run along.
int weight_dim(const Graph& graph, const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Conv ? 1 : graph.shape(node.output).rank - 1;
}

std::vector<double> bias_of(const Graph& graph, const Node& node, size_t rows) {
  if (operand(node, kBias) == kNoValue) return std::vector<double>(rows, 0);
  const std::vector<float>& bias = graph.constant(node.inputs[kBias]).f32;
  return {bias.begin(), bias.end()};
}

void set_weights(Graph& graph, Node& node, Tensor weight, const std::vector<double>& bias) {
  node.inputs[kWeight] = graph.add_constant(graph.value(node.inputs[kWeight]).name, std::move(weight));
  set_operand(node, kBias, add_vector(graph, node.name + "/bias", bias));
}

/// (W x + b) * scale + shift = (scale W) x + (b * scale + shift)
void scale_rows(Graph& graph, Node& node, const ChannelMap& map) {
  Tensor weight = graph.constant(node.inputs[kWeight]);
  const size_t rows = map.scale.size();
  const size_t row_size = weight.f32.size() / rows;
  std::vector<double> bias = bias_of(graph, node, rows);
  for (size_t row = 0; row < rows; ++row) {
    bias[row] = bias[row] * map.scale[row] + map.shift[row];
    for (size_t i = row * row_size; i < (row + 1) * row_size; ++i) {
      weight.f32[i] = static_cast<float>(weight.f32[i] * map.scale[row]);
    }
  }
  set_weights(graph, node, std::move(weight), bias);
}

/// W (x * scale + shift) + b = (W scale) x + (b + W shift), where a row of group g reads the channels of its group.
void scale_columns(Graph& graph, Node& node, const ChannelMap& map) {
  Tensor weight = graph.constant(node.inputs[kWeight]);
  const auto rows = static_cast<size_t>(weight.shape[0]);
  const auto columns = static_cast<size_t>(weight.shape[1]);
  const auto taps = static_cast<size_t>(count(weight.shape, 2, weight.shape.rank));
  const size_t groups = map.scale.size() / columns;
  std::vector<double> bias = bias_of(graph, node, rows);
  float* at = weight.f32.data();
  for (size_t row = 0; row < rows; ++row) {
    const size_t first_channel = row / (rows / groups) * columns;
    for (size_t column = 0; column < columns; ++column) {
      for (size_t tap = 0; tap < taps; ++tap, ++at) {
        bias[row] += *at * map.shift[first_channel + column];
        *at = static_cast<float>(*at * map.scale[first_channel + column]);
      }
    }
  }
  set_weights(graph, node, std::move(weight), bias);
}

bool fold_reader(Graph& graph, const Uses& uses, size_t i) {
  Node& node = graph.nodes[i];
  if (!has_rows(graph, node) || !is_linear(node) || operand(node, kResidual) != kNoValue) return false;
  const int reader = only_reader(graph, uses, node.output);
  if (reader < 0) return false;
  const Node& after = graph.nodes[static_cast<size_t>(reader)];
  const auto map = channel_map(graph, after, weight_dim(graph, node));
  if (!map || map->x != node.output) return false;
  scale_rows(graph, node, *map);
  *activation_of(node) = map->activation;
  node.output = after.output;
  erase_node(graph, static_cast<size_t>(reader));
  return true;
}

/// Padding is zeros behind the map, which zeros before the map need not become.
bool takes_map(const Graph& graph, const Node& node, ValueId x, const ChannelMap& map) {
  if (!has_rows(graph, node) || node.inputs[kX] != x || operand(node, kResidual) == x) return false;
  if (node.attrs.type == fbs::OpAttrs::FullyConnected) return true;
  const auto is_zero = [](auto number) { return number == 0; };
  const fbs::ConvAttrsT& conv = *node.attrs.AsConv();
  return std::all_of(map.shift.begin(), map.shift.end(), is_zero) ||
         (std::all_of(conv.pads_begin.begin(), conv.pads_begin.end(), is_zero) &&
          std::all_of(conv.pads_end.begin(), conv.pads_end.end(), is_zero));
}

/// Folds the map before the node, if all readers of the map can do so.
bool fold_producer(Graph& graph, const Uses& uses, Node& node) {
  if (!has_rows(graph, node)) return false;
  const ValueId x = node.inputs[kX];
  const Node* before = producer(graph, uses, x);
  if (before == nullptr || !is_linear(*before) || is_output(graph, x)) return false;
  const auto taken_by = [&](int reader) {
    const Node& other = graph.nodes[static_cast<size_t>(reader)];
    if (!has_rows(graph, other)) return false;
    const auto map = channel_map(graph, *before, weight_dim(graph, other));
    return map && takes_map(graph, other, x, *map);
  };
  const std::vector<int>& readers = uses.readers_of(x);
  if (!std::all_of(readers.begin(), readers.end(), taken_by)) return false;
  const auto map = channel_map(graph, *before, weight_dim(graph, node));
  node.inputs[kX] = map->x;
  scale_columns(graph, node, *map);
  return true;
}

}  // namespace

bool fold_affine(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    return fold_reader(g, uses, i) || fold_producer(g, uses, g.nodes[i]);
  });
}

}  // namespace lacuna
