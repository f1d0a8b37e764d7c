#include "converter/prune/adam.h"

#include <algorithm>
#include <cmath>

namespace lacuna::prune {
namespace {

constexpr size_t kX = 0, kWeight = 1, kBias = 2;
constexpr float kBeta1 = 0.9f, kBeta2 = 0.98f, kEpsilon = 1e-8f;
constexpr double kLeastVariance = 0.1;  ///< of an input, as part of the mean over inputs, which is added

double magnitude_of(const std::vector<double>& numbers) {
  double squares = 0;
  for (const double x : numbers) squares += x * x;
  return std::sqrt(squares / static_cast<double>(numbers.size()));
}

/// How a layer's input [..., channels, inner] lies in memory.
struct Channels {
  Channels(const Graph& graph, const Node& node) {
    const Shape& x = graph.shape(node.inputs[kX]);
    const bool is_conv = node.attrs.type == fbs::OpAttrs::Conv;
    channels = is_conv ? x[1] : x[x.rank - 1];
    inner = is_conv ? count(x, 2, x.rank) : 1;
    all = count(x);
  }
  int64_t channels, inner, all;
};

/// Sums over what a layer has seen.
struct Sums {
  std::vector<double> sums, squares;
  double seen = 0;

  void add(const Channels& x, const float* numbers) {
    sums.resize(static_cast<size_t>(x.channels));
    squares.resize(static_cast<size_t>(x.channels));
    seen += static_cast<double>(x.all / x.channels);
    for (int64_t i = 0; i < x.all; ++i) {
      const auto channel = static_cast<size_t>(i / x.inner % x.channels);
      sums[channel] += numbers[i];
      squares[channel] += static_cast<double>(numbers[i]) * numbers[i];
    }
  }

  InputMoments moments() const {
    InputMoments moments;
    std::vector<double> variances;
    double total = 0;
    for (size_t i = 0; i < sums.size(); ++i) {
      const double mean = sums[i] / seen;
      moments.mean.push_back(static_cast<float>(mean));
      variances.push_back(std::max(0.0, squares[i] / seen - mean * mean));
      total += variances.back();
    }
    const double least = std::max(kLeastVariance * total / static_cast<double>(sums.size()), 1e-12);
    for (const double variance : variances)
      moments.deviation.push_back(static_cast<float>(std::sqrt(variance + least)));
    return moments;
  }
};

}  // namespace

std::vector<InputMoments> measure_inputs(const Network& network, const Parameters& parameters, const Samples& samples,
                                         size_t n) {
  const Graph& graph = network.graph();
  Tape tape(network, false);
  std::vector<Sums> sums(graph.nodes.size());
  std::mt19937 rng(1);
  for (size_t s = 0; s < n; ++s) {
    tape.set_input(samples.varied(s * samples.size() / n, rng));
    tape.forward(parameters);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node& node = graph.nodes[i];
      if (is_layer(node)) sums[i].add(Channels(graph, node), tape.value(node.inputs[kX]));
    }
  }
  std::vector<InputMoments> moments;
  for (const Sums& layer : sums) moments.push_back(layer.sums.empty() ? InputMoments() : layer.moments());
  return moments;
}

LayerAdam::LayerAdam(const Graph& graph, const Node& node, const InputMoments& inputs, const Parameters& start,
                     const Mask& mask)
    : weight_(static_cast<size_t>(node.inputs[kWeight])), bias_(static_cast<size_t>(node.inputs[kBias])), mask_(&mask) {
  const Shape& shape = graph.shape(node.inputs[kWeight]);
  const fbs::ConvAttrsT* conv = node.attrs.AsConv();
  const int64_t groups = conv == nullptr ? 1 : conv->groups, channels = shape[1];  // of one group
  rows_ = shape[0];
  columns_ = count(shape) / rows_;
  means_ = Matrix(groups, columns_);
  units_ = Matrix(groups, columns_);
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t j = 0; j < columns_; ++j) {
      const auto channel = static_cast<size_t>(g * channels + j * channels / columns_);
      means_.row(g)[j] = inputs.mean[channel];
      units_.row(g)[j] = 1 / inputs.deviation[channel];
    }
  }
  const std::vector<float>& weights = start[weight_];
  for (int64_t i = 0; i < rows_; ++i) {
    std::vector<double> numbers;
    for (int64_t j = 0; j < columns_; ++j) {
      numbers.push_back(weights[static_cast<size_t>(i * columns_ + j)] / row(units_, i)[j]);
    }
    magnitudes_.push_back(static_cast<float>(magnitude_of(numbers)));
  }
  mean_.resize(weights.size());
  square_.resize(weights.size());
  bias_mean_.resize(static_cast<size_t>(rows_));
  bias_square_.resize(static_cast<size_t>(rows_));
}

void LayerAdam::step(Parameters& gradients, double rate, Parameters& parameters) {
  std::vector<float>&gradient = gradients[weight_], &bias_gradient = gradients[bias_];
  std::vector<float>&weights = parameters[weight_], &bias = parameters[bias_];
  mean_power_ *= kBeta1;
  square_power_ *= kBeta2;
  const auto corrected = static_cast<float>(rate * std::sqrt(1 - square_power_) / (1 - mean_power_));
  std::vector<float> g(static_cast<size_t>(columns_)), change(static_cast<size_t>(columns_));
  for (int64_t i = 0; i < rows_; ++i) {
    const float *m = row(means_, i), *unit = row(units_, i);
    const int64_t at = i * columns_;
    const auto output = static_cast<size_t>(i);
    const float shift = bias_gradient[output], size = corrected * magnitudes_[output];
    for (int64_t j = 0; j < columns_; ++j) {
      const bool fixed = !mask_->empty() && (*mask_)[static_cast<size_t>(at + j)] == 0;
      g[static_cast<size_t>(j)] = fixed ? 0 : unit[j] * (gradient[static_cast<size_t>(at + j)] - shift * m[j]);
    }
    std::fill(change.begin(), change.end(), 0.0f);
    adam_step(change.data(), g.data(), mean_.data() + at, square_.data() + at, size, kBeta1, kBeta2, kEpsilon,
              columns_);
    float moved = 0;  // at the means
    for (int64_t j = 0; j < columns_; ++j) {
      const float step = change[static_cast<size_t>(j)] * unit[j];
      weights[static_cast<size_t>(at + j)] += step;
      moved += step * m[j];
    }
    // The bias moves as far as inputs of unit deviation move the sum of a row.
    adam_step(&bias[output], &shift, &bias_mean_[output], &bias_square_[output],
              size * std::sqrt(static_cast<float>(columns_)), kBeta1, kBeta2, kEpsilon, 1);
    bias[output] -= moved;
  }
  std::fill(gradient.begin(), gradient.end(), 0.0f);
  std::fill(bias_gradient.begin(), bias_gradient.end(), 0.0f);
}

}  // namespace lacuna::prune
