#include "converter/prune/arrange.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "converter/passes/rewrite.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr size_t kX = 0, kWeight = 1, kBias = 2;
constexpr int64_t kBlock = 4;
constexpr int kSweeps = 20;
constexpr float kLeastGain = 1e-6f;     ///< of a swap, as part of a layer
constexpr double kLeastVariance = 0.1;  ///< of an output, as part of the mean over outputs, which is added
/// Numbers that a sweep may compare, about: a tenth of a second.
constexpr int64_t kMostWork = 1000000000;

/// Values whose channels have one order, joined step by step.
class Classes {
 public:
  explicit Classes(size_t n) : parents_(n), fixed_(n) { std::iota(parents_.begin(), parents_.end(), size_t{0}); }

  size_t of(ValueId id) {
    auto i = static_cast<size_t>(id);
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(ValueId a, ValueId b) {
    const size_t from = of(a), to = of(b);
    fixed_[to] = fixed_[to] || fixed_[from];
    parents_[from] = to;
  }
  void fix(ValueId id) { fixed_[of(id)] = true; }
  bool is_fixed(size_t i) const { return fixed_[i]; }

 private:
  std::vector<size_t> parents_;
  std::vector<bool> fixed_;
};

/// A layer whose weights [outputs, inputs, ...] are one matrix of the channels of its input and its output.
bool is_matrix(const Graph& graph, const Node& node) {
  if (!is_layer(node)) return false;
  const fbs::ConvAttrsT* conv = node.attrs.AsConv();
  return conv != nullptr ? conv->groups == 1 : graph.shape(node.inputs[kX]).rank == 2;
}

/// Whether each output channel is made from the same channel of every operand, whatever that channel's number is.
bool keeps_channels(const Graph& graph, const Node& node) {
  const Shape& y = graph.shape(node.output);
  if (y.rank != 2 && y.rank != 4) return false;
  const auto has_them = [&](ValueId id) {
    const Shape& x = graph.shape(id);
    return (x.rank == 2 || x.rank == 4) && x[0] == y[0] && x[1] == y[1];
  };
  switch (node.attrs.type) {
    case fbs::OpAttrs::Conv:
      return is_depthwise(graph, node) && graph.shape(node.inputs[kX])[1] == y[1];
    case fbs::OpAttrs::Unary:
    case fbs::OpAttrs::Pool:
    case fbs::OpAttrs::Resize:
      return has_them(node.inputs[kX]);
    case fbs::OpAttrs::Reduce: {
      const std::vector<uint32_t>& axes = node.attrs.AsReduce()->axes;
      return has_them(node.inputs[kX]) && std::all_of(axes.begin(), axes.end(), [](uint32_t axis) { return axis > 1; });
    }
    case fbs::OpAttrs::Reshape:
      return has_them(node.inputs[kX]) && count(y) == y[0] * y[1];
    case fbs::OpAttrs::Binary:
      return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
        return graph.is_constant(id) ? count(graph.shape(id)) == 1 : graph.shape(id).rank == y.rank && has_them(id);
      });
    default:
      return false;
  }
}

void join_values(const Graph& graph, const Node& node, Classes& classes) {
  if (is_matrix(graph, node)) return;
  const bool layer = is_layer(node), joined = keeps_channels(graph, node);
  if (!joined) classes.fix(node.output);
  for (size_t i = 0; i < (layer ? 1 : node.inputs.size()); ++i) {
    const ValueId id = node.inputs[i];
    if (id == kNoValue || graph.is_constant(id)) continue;
    if (joined) classes.join(id, node.output);
    if (!joined) classes.fix(id);
  }
}

/// Layers that share constants cannot be in two orders.
void fix_shared(const Graph& graph, Classes& classes) {
  std::map<ValueId, int> layers;
  for (const Node& node : graph.nodes) {
    for (const size_t i : {kWeight, kBias}) {
      if (is_layer(node) && operand(node, i) != kNoValue) ++layers[operand(node, i)];
    }
  }
  for (const Node& node : graph.nodes) {
    if (!is_layer(node) || (layers[node.inputs[kWeight]] == 1 && layers[operand(node, kBias)] <= 1)) continue;
    classes.fix(node.inputs[kX]);
    classes.fix(node.output);
  }
}

/// Slices [outer][channels][inner] of a constant in another order.
void reorder_constant(Graph& graph, ValueId id, int axis, const std::vector<int64_t>& order) {
  Tensor tensor = graph.constant(id);
  const Shape& shape = tensor.shape;
  const int64_t outer = count(shape, 0, axis), inner = count(shape, axis + 1, shape.rank), n = shape[axis];
  const std::vector<float> from = tensor.f32;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < n; ++i) {
      std::copy_n(from.data() + (o * n + order[static_cast<size_t>(i)]) * inner, inner,
                  tensor.f32.data() + (o * n + i) * inner);
    }
  }
  graph.value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
}

int64_t block_of(int64_t i) { return i / kBlock; }

/// Rows in blocks, and what these are worth.
class Grouping {
 public:
  Grouping(const Matrix& scores, const std::vector<int>& layers, double density)
      : scores_(scores),
        layers_(layers),
        density_(density),
        order_(static_cast<size_t>(scores.rows)),
        sums_((scores.rows + kBlock - 1) / kBlock, scores.columns),
        thresholds_(static_cast<size_t>(scores.columns)) {
    std::iota(order_.begin(), order_.end(), int64_t{0});
    add_up();
  }

  std::vector<int64_t> climb() {
    for (int sweep = 0; sweep < kSweeps && swap_all(); ++sweep) add_up();
    return order_;
  }

 private:
  int64_t n() const { return scores_.columns; }
  const float* row_at(int64_t place) const { return scores_.row(order_[static_cast<size_t>(place)]); }

  /// Sums of the blocks, and of each layer the one above which there are as many as may be kept.
  void add_up() {
    std::fill(sums_.data.begin(), sums_.data.end(), 0.0f);
    for (int64_t i = 0; i < scores_.rows; ++i) add_to(sums_.row(block_of(i)), row_at(i), n());
    std::map<int, std::vector<float>> by_layer;
    for (int64_t b = 0; b < sums_.rows; ++b) {
      for (int64_t j = 0; j < n(); ++j) by_layer[layers_[static_cast<size_t>(j)]].push_back(sums_.row(b)[j]);
    }
    std::map<int, float> limits;
    for (auto& [layer, sums] : by_layer) {
      const auto lost =
          std::min(sums.size() - 1, static_cast<size_t>((1 - density_) * static_cast<double>(sums.size())));
      std::nth_element(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(lost), sums.end());
      limits[layer] = sums[lost];
    }
    for (size_t j = 0; j < thresholds_.size(); ++j) thresholds_[j] = limits[layers_[j]];
    worth_.clear();
    const std::vector<float> none(static_cast<size_t>(n()));
    for (int64_t b = 0; b < sums_.rows; ++b) worth_.push_back(worth(b, none.data(), none.data()));
  }

  /// Of a block without one row and with another one.
  float worth(int64_t block, const float* without, const float* with) const {
    return sum_above(sums_.row(block), without, with, thresholds_.data(), n());
  }

  bool swap_all() {
    bool any = false;
    for (int64_t a = 0; a < scores_.rows; ++a) {
      for (int64_t b = (block_of(a) + 1) * kBlock; b < scores_.rows; ++b) any |= swap_if_better(a, b);
    }
    return any;
  }

  bool swap_if_better(int64_t a, int64_t b) {
    const int64_t first = block_of(a), second = block_of(b);
    const float one = worth(first, row_at(a), row_at(b)), other = worth(second, row_at(b), row_at(a));
    float &old_one = worth_[static_cast<size_t>(first)], &old_other = worth_[static_cast<size_t>(second)];
    if (one + other <= old_one + old_other + kLeastGain) return false;
    old_one = one;
    old_other = other;
    const float *from_first = row_at(a), *from_second = row_at(b);
    for (int64_t j = 0; j < n(); ++j) {
      sums_.row(first)[j] += from_second[j] - from_first[j];
      sums_.row(second)[j] += from_first[j] - from_second[j];
    }
    std::swap(order_[static_cast<size_t>(a)], order_[static_cast<size_t>(b)]);
    return true;
  }

  const Matrix& scores_;
  const std::vector<int>& layers_;
  double density_;
  std::vector<int64_t> order_;
  Matrix sums_;  ///< [blocks, columns]
  std::vector<float> thresholds_;
  std::vector<float> worth_;  ///< of blocks
};

/// What a zero costs, about: the squared weight by the variance of its input, each output in units of its own variance,
/// as part of the layer's sum.
class Costs {
 public:
  Costs(const Graph& graph, const PrunedLayer& layer, const InputMoments& inputs)
      : weights_(graph.constant(layer.weight).f32), inputs_(inputs), columns_(layer.columns) {
    for (int64_t i = 0; i < layer.rows; ++i) {
      double variance = 0;
      for (int64_t j = 0; j < columns_; ++j) variance += square(i, j);
      units_.push_back(variance);
    }
    const auto rows = static_cast<double>(layer.rows);
    const double mean = std::accumulate(units_.begin(), units_.end(), 0.0) / rows;
    for (double& unit : units_) unit = mean > 0 ? (unit + kLeastVariance * mean) * rows : 1;
  }
  /// Of an output and a column.
  float at(int64_t i, int64_t j) const { return static_cast<float>(square(i, j) / units_[static_cast<size_t>(i)]); }

 private:
  double square(int64_t i, int64_t j) const {
    const auto channel = static_cast<size_t>(j * static_cast<int64_t>(inputs_.deviation.size()) / columns_);
    const double part =
        static_cast<double>(weights_[static_cast<size_t>(i * columns_ + j)]) * inputs_.deviation[channel];
    return part * part;
  }

  const std::vector<float>& weights_;
  const InputMoments& inputs_;
  int64_t columns_;
  std::vector<double> units_;
};

/// What group_alike() takes: of every channel the costs of its weights, or of some of them, evenly.
struct Scores {
  Matrix matrix;
  std::vector<int> layers;  ///< by column
};

Scores scores_of(const Graph& graph, const Bundle& bundle, const std::vector<const PrunedLayer*>& layers,
                 const std::vector<InputMoments>& inputs, Pattern pattern) {
  const auto weights_of_channel = [&](const PrunedLayer& layer) { return layer.weights() / bundle.channels; };
  int64_t all = 0;
  for (const PrunedLayer* layer : layers) all += weights_of_channel(*layer);
  const int64_t step = std::max<int64_t>(1, all * bundle.channels * bundle.channels / kMostWork);
  Scores scores;
  for (size_t l = 0; l < layers.size(); ++l) {
    const int64_t n = (weights_of_channel(*layers[l]) + step - 1) / step;
    scores.layers.insert(scores.layers.end(), static_cast<size_t>(n), static_cast<int>(l));
  }
  scores.matrix = Matrix(bundle.channels, static_cast<int64_t>(scores.layers.size()));
  int64_t column = 0;
  for (const PrunedLayer* layer : layers) {
    const Costs costs(graph, *layer, inputs[layer->node]);
    const int64_t taps = layer->columns / bundle.channels;  // of a channel that is read
    for (int64_t k = 0; k < weights_of_channel(*layer); k += step, ++column) {
      for (int64_t c = 0; c < bundle.channels; ++c) {
        scores.matrix.row(c)[column] =
            pattern == Pattern::k4x1 ? costs.at(c, k) : costs.at(k / taps, c * taps + k % taps);
      }
    }
  }
  return scores;
}

}  // namespace

std::vector<Bundle> find_bundles(const Graph& graph) {
  Classes classes(graph.values.size());
  for (const Node& node : graph.nodes) join_values(graph, node, classes);
  fix_shared(graph, classes);
  for (const ValueId id : graph.inputs) classes.fix(id);
  for (const ValueId id : graph.outputs) classes.fix(id);
  std::map<size_t, Bundle> bundles;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!is_layer(node)) continue;
    const size_t in = classes.of(node.inputs[kX]), out = classes.of(node.output);
    if (!is_matrix(graph, node)) {
      if (!classes.is_fixed(out)) bundles[out].depthwise.push_back(i);
      continue;
    }
    if (!classes.is_fixed(in)) bundles[in].readers.push_back(i);
    if (classes.is_fixed(out)) continue;
    bundles[out].makers.push_back(i);
    bundles[out].channels = graph.shape(node.output)[1];
  }
  std::vector<Bundle> found;
  for (auto& [id, bundle] : bundles) {
    if (!bundle.makers.empty()) found.push_back(std::move(bundle));
  }
  return found;
}

void reorder(Graph& graph, const Bundle& bundle, const std::vector<int64_t>& order) {
  for (const std::vector<size_t>* nodes : {&bundle.makers, &bundle.depthwise}) {
    for (const size_t i : *nodes) {
      reorder_constant(graph, graph.nodes[i].inputs[kWeight], 0, order);
      const ValueId bias = operand(graph.nodes[i], kBias);
      if (bias != kNoValue) reorder_constant(graph, bias, 0, order);
    }
  }
  for (const size_t i : bundle.readers) reorder_constant(graph, graph.nodes[i].inputs[kWeight], 1, order);
}

std::vector<int64_t> group_alike(const Matrix& scores, const std::vector<int>& layers, double density) {
  return Grouping(scores, layers, density).climb();
}

size_t arrange_channels(Graph& graph, const std::vector<PrunedLayer>& layers, const std::vector<InputMoments>& inputs,
                        Pattern pattern, double density, size_t threads) {
  if (!is_block(pattern)) return 0;
  std::vector<const PrunedLayer*> by_node(graph.nodes.size());
  for (const PrunedLayer& layer : layers) {
    if (layer.pruned()) by_node[layer.node] = &layer;
  }
  const std::vector<Bundle> bundles = find_bundles(graph);
  std::vector<std::vector<int64_t>> orders(bundles.size());
  parallel_for(bundles.size(), threads, [&](size_t b, size_t) {
    std::vector<const PrunedLayer*> concerned;
    for (const size_t i : pattern == Pattern::k4x1 ? bundles[b].makers : bundles[b].readers) {
      if (by_node[i] != nullptr) concerned.push_back(by_node[i]);
    }
    if (concerned.empty()) return;
    const Scores scores = scores_of(graph, bundles[b], concerned, inputs, pattern);
    orders[b] = group_alike(scores.matrix, scores.layers, density);
  });
  size_t arranged = 0;
  for (size_t b = 0; b < bundles.size(); ++b) {
    if (orders[b].empty()) continue;
    reorder(graph, bundles[b], orders[b]);
    ++arranged;
  }
  return arranged;
}

}  // namespace lacuna::prune
