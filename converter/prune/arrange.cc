#include "converter/prune/arrange.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr int64_t kBlock = 4;
constexpr int kSweeps = 20;
constexpr float kLeastGain = 1e-6f;     ///< of a swap, as part of a layer
constexpr double kLeastVariance = 0.1;  ///< of an output, as part of the mean over outputs, which is added
/// Numbers that a sweep may compare, about: a tenth of a second.
constexpr int64_t kMostWork = 1000000000;

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
