// Steps of one layer, against what its coordinates promise.
#include "converter/prune/adam.h"

#include <cmath>

#include "converter/prune/layers.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

/// The same two samples for everybody.
class TwoSamples : public Samples {
 public:
  TwoSamples(std::vector<float> a, std::vector<float> b) : samples_{std::move(a), std::move(b)} {}
  size_t size() const override { return 2; }
  std::vector<float> plain(size_t i) const override { return samples_[i]; }
  std::vector<float> varied(size_t i, std::mt19937&) const override { return samples_[i]; }

 private:
  std::vector<float> samples_[2];
};

/// One convolution of 2 groups over [1, 4, 1, 2].
struct Layer {
  Layer() : node(make(net)), network(net.graph()), parameters(network.parameters()), gradients(network.zeros()) {}

  static const Node& make(TestNet& net) {
    net.output(net.conv(net.input({1, 4, 1, 2}), 6, 1, 1, 2));
    return net.graph().nodes[0];
  }
  std::vector<float>& weights(Parameters& p) const { return p[static_cast<size_t>(node.inputs[1])]; }
  std::vector<float>& bias(Parameters& p) const { return p[static_cast<size_t>(node.inputs[2])]; }

  TestNet net;
  const Node& node;
  Network network;
  Parameters parameters, gradients;
};

const InputMoments kInputs = {{1, 2, -3, 0.5f}, {1, 0.5f, 2, 4}};

TEST_CASE("measure_inputs: means and deviations by channel") {
  const Layer layer;
  const std::vector<InputMoments> moments = measure_inputs(
      layer.network, layer.parameters, TwoSamples({1, 3, 0, 0, 5, 5, 2, 2}, {1, 3, 0, 8, 5, 5, 2, 2}), 2);
  const InputMoments& inputs = moments[0];
  CHECK(inputs.mean == std::vector<float>{2, 2, 5, 2});
  const double least = 0.1 * (1 + 12) / 4;
  CHECK(inputs.deviation[0] == doctest::Approx(std::sqrt(1 + least)));
  CHECK(inputs.deviation[1] == doctest::Approx(std::sqrt(12 + least)));
  CHECK(inputs.deviation[2] == doctest::Approx(std::sqrt(least)));
}

TEST_CASE("LayerAdam: a gradient that the bias alone explains moves the bias alone") {
  Layer layer;
  const Mask all;
  LayerAdam adam(layer.net.graph(), layer.node, kInputs, layer.parameters, all);
  for (size_t i = 0; i < 6; ++i) {
    layer.bias(layer.gradients)[i] = 2;
    for (size_t j = 0; j < 2; ++j) layer.weights(layer.gradients)[2 * i + j] = 2 * kInputs.mean[i / 3 * 2 + j];
  }
  const Parameters before = layer.parameters;
  adam.step(layer.gradients, 0.01, layer.parameters);
  const std::vector<float>& w = layer.weights(layer.parameters);
  for (size_t k = 0; k < w.size(); ++k) CHECK(w[k] == layer.net.graph().constant(layer.node.inputs[1]).f32[k]);
  for (size_t i = 0; i < 6; ++i)
    CHECK(layer.bias(layer.parameters)[i] < before[static_cast<size_t>(layer.node.inputs[2])][i]);
  for (const std::vector<float>& sums : layer.gradients) {
    for (const float sum : sums) CHECK(sum == 0);
  }
}

TEST_CASE(
    "LayerAdam: weights move by the rate in units of their inputs, what is masked stays, outputs at the means too") {
  Layer layer;
  Mask mask(12, 1);
  mask[3] = 0;
  LayerAdam adam(layer.net.graph(), layer.node, kInputs, layer.parameters, mask);
  for (float& g : layer.weights(layer.gradients)) g = 1;
  const Parameters old = layer.parameters;
  adam.step(layer.gradients, 0.01, layer.parameters);
  const std::vector<float>&w = layer.weights(layer.parameters), &b = layer.bias(layer.parameters);
  const std::vector<float>&w0 = old[static_cast<size_t>(layer.node.inputs[1])],
        &b0 = old[static_cast<size_t>(layer.node.inputs[2])];
  CHECK(w[3] == w0[3]);
  for (size_t i = 0; i < 6; ++i) {
    const float *mean = kInputs.mean.data() + i / 3 * 2, *deviation = kInputs.deviation.data() + i / 3 * 2;
    const double a = w0[2 * i] * deviation[0], c = w0[2 * i + 1] * deviation[1];
    const double magnitude = std::sqrt((a * a + c * c) / 2);
    CHECK(w0[2 * i] - w[2 * i] == doctest::Approx(0.01 * magnitude / deviation[0]).epsilon(1e-3));
    CHECK(w[2 * i] * mean[0] + w[2 * i + 1] * mean[1] + b[i] ==
          doctest::Approx(w0[2 * i] * mean[0] + w0[2 * i + 1] * mean[1] + b0[i]).epsilon(1e-5));
  }
}

TEST_CASE("add_biases: every layer has one of its own") {
  TestNet net;
  net.output(net.conv(net.conv(net.input({1, 4, 2, 2}), 4), 4));
  Graph& graph = net.graph();
  add_biases(graph);
  graph.nodes[1].inputs[2] = graph.nodes[0].inputs[2];
  add_biases(graph);
  CHECK(graph.nodes[0].inputs[2] != graph.nodes[1].inputs[2]);
  CHECK(graph.constant(graph.nodes[0].inputs[2]).f32 == graph.constant(graph.nodes[1].inputs[2]).f32);
}

}  // namespace
}  // namespace lacuna::prune
