#include "converter/prune/layers.h"

#include <algorithm>
#include <map>
#include <set>

#include "converter/passes/rewrite.h"

namespace lacuna::prune {
namespace {

constexpr int64_t kFewWeights = 2048;
constexpr size_t kX = 0, kWeight = 1, kBias = 2;

bool matches(const std::string& name, const std::string& pattern) {
  if (!pattern.empty() && pattern.back() == '*') return name.rfind(pattern.substr(0, pattern.size() - 1), 0) == 0;
  return name == pattern;
}

PrunedLayer describe_layer(const Graph& graph, size_t i) {
  const Node& node = graph.nodes[i];
  const Shape& weight = graph.shape(node.inputs[kWeight]);
  const fbs::ConvAttrsT* conv = node.attrs.AsConv();
  PrunedLayer layer;
  layer.node = i;
  layer.weight = node.inputs[kWeight];
  layer.bias = operand(node, kBias);
  layer.name = node.name;
  layer.op = fbs::EnumNameOpAttrs(node.attrs.type);
  layer.groups = conv == nullptr ? 1 : conv->groups;
  layer.rows = weight[0] / layer.groups;
  layer.columns = count(weight) / weight[0];
  layer.positions = count(graph.shape(node.output)) / weight[0];
  return layer;
}

/// Weights of layers that read what these weights have made, as those of a recurrent layer's steps do.
std::set<ValueId> recurrent_weights(const Graph& graph) {
  std::map<ValueId, std::vector<size_t>> users;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (is_layer(graph.nodes[i])) users[graph.nodes[i].inputs[kWeight]].push_back(i);
  }
  std::set<ValueId> recurrent;
  for (const auto& [weight, nodes] : users) {
    if (nodes.size() < 2) continue;
    std::vector<bool> made(graph.values.size());
    for (size_t i = nodes.front(); i <= nodes.back(); ++i) {
      const Node& node = graph.nodes[i];
      const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(),
                                     [&](ValueId id) { return id != kNoValue && made[static_cast<size_t>(id)]; });
      if (reads && is_layer(node) && node.inputs[kWeight] == weight) recurrent.insert(weight);
      made[static_cast<size_t>(node.output)] = reads || i == nodes.front();
    }
  }
  return recurrent;
}

/// Why the layer is left alone whatever the user says; empty when it need not be. Sets whether its weights count.
std::string reason_to_keep(const Graph& graph, PrunedLayer& layer, const LayerRules& rules) {
  const Node& node = graph.nodes[layer.node];
  if (is_depthwise(graph, node)) {
    return "depthwise: few weights, which cost little time";
  }
  if (graph.shape(node.inputs[kX]).rank == 5) return "convolution over volumes: cannot be calibrated in useful time";
  const int64_t seen = static_cast<int64_t>(rules.samples) * layer.positions;
  const bool makes_output = is_output(graph, node.output);
  if (makes_output && seen < layer.columns) {
    layer.frozen = true;
    return "makes the output from " + std::to_string(layer.columns) + " numbers, more than the " +
           std::to_string(seen) + " times that the samples show them";
  }
  layer.counts = true;
  if (layer.weights() < kFewWeights) return "too small: " + std::to_string(layer.weights()) + " weights";
  if (rules.pattern == Pattern::kTwoOfFour && layer.columns % 4 != 0) {
    return "its " + std::to_string(layer.columns) + " inputs are no multiple of 4";
  }
  return "";
}

}  // namespace

std::vector<PrunedLayer> find_layers(const Graph& graph, const LayerRules& rules) {
  std::vector<PrunedLayer> layers;
  std::vector<ValueId> seen;
  const std::set<ValueId> recurrent = recurrent_weights(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!is_layer(graph.nodes[i])) continue;
    PrunedLayer layer = describe_layer(graph, i);
    if (recurrent.count(layer.weight) != 0) {
      layer.kept_because = "recurrent: reads what its own weights made a step before";
    } else if (std::find(seen.begin(), seen.end(), layer.weight) != seen.end()) {
      layer.kept_because = "shares the weights of an earlier layer";
    } else {
      layer.kept_because = reason_to_keep(graph, layer, rules);
    }
    seen.push_back(layer.weight);
    layers.push_back(std::move(layer));
  }
  for (const std::string& pattern : rules.keep) {
    bool found = false;
    for (PrunedLayer& layer : layers) {
      if (!matches(layer.name, pattern)) continue;
      found = true;
      layer.kept_because = "named with --keep";
      layer.counts = false;
    }
    if (!found) {
      throw Error(ExitCode::kUsage, "--keep " + pattern +
                                        ": the model has no layer of that name; lacuna inspect lists "
                                        "them");
    }
  }
  if (std::none_of(layers.begin(), layers.end(), [](const PrunedLayer& layer) { return layer.pruned(); })) {
    std::string text = "no layer of " + graph.name + " can be pruned:";
    for (const PrunedLayer& layer : layers) text += "\n  " + layer.name + ": " + layer.kept_because;
    throw Error(ExitCode::kUnsupported, text);
  }
  return layers;
}

void keep_front(std::vector<PrunedLayer>& layers, double part) {
  int64_t all = 0;
  for (const PrunedLayer& layer : layers) all += layer.counts ? layer.weights() : 0;
  double passed = 0;
  for (PrunedLayer& layer : layers) {
    if (layer.counts) passed += static_cast<double>(layer.weights());
    if (passed > part * static_cast<double>(all)) return;
    layer.frozen = true;
    if (layer.pruned()) layer.kept_because = "at the front, where few weights carry much";
  }
}

void add_biases(Graph& graph) {
  std::set<ValueId> taken;
  for (Node& node : graph.nodes) {
    if (!is_layer(node)) continue;
    const ValueId old = operand(node, kBias);
    if (old != kNoValue && taken.insert(old).second) continue;
    const Tensor zeros(ElementType::kF32, make_shape({graph.shape(node.inputs[kWeight])[0]}));
    set_operand(node, kBias, graph.add_constant(node.name + "/bias", old == kNoValue ? zeros : graph.constant(old)));
  }
}

void gather_rows(const Graph& graph, const PrunedLayer& layer, int64_t group, const float* x,
                 const std::vector<int64_t>& positions, float* rows) {
  const Node& node = graph.nodes[layer.node];
  const fbs::ConvAttrsT* conv = node.attrs.AsConv();
  if (conv == nullptr) {
    for (const int64_t at : positions) {
      std::copy_n(x + at * layer.columns, layer.columns, rows);
      rows += layer.columns;
    }
    return;
  }
  const Shape& in = graph.shape(node.inputs[kX]);
  const Shape& out = graph.shape(node.output);
  const int64_t channels = in[1] / layer.groups, plane = in[2] * in[3], pixels = out[2] * out[3];
  for (const int64_t at : positions) {
    const float* image = x + (at / pixels * in[1] + group * channels) * plane;
    const int64_t oy = at % pixels / out[3], ox = at % pixels % out[3];
    for (int64_t c = 0; c < channels; ++c, image += plane) {
      for (int64_t ky = 0; ky < conv->kernel[0]; ++ky) {
        for (int64_t kx = 0; kx < conv->kernel[1]; ++kx, ++rows) {
          const int64_t y = oy * conv->stride[0] + ky * conv->dilation[0] - conv->pads_begin[0];
          const int64_t column = ox * conv->stride[1] + kx * conv->dilation[1] - conv->pads_begin[1];
          const bool inside = y >= 0 && y < in[2] && column >= 0 && column < in[3];
          *rows = inside ? image[y * in[3] + column] : 0.0f;
        }
      }
    }
  }
}

}  // namespace lacuna::prune
