// Which channels the outputs depend on.
#include "converter/prune/importance.h"

#include "converter/prune/layers.h"
#include "tests/converter/prune/noise.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

constexpr double kLeast = 0.05;  ///< as the code has it

std::vector<std::vector<float>> importance_in(TestNet& net, size_t n, size_t threads = 2) {
  add_biases(net.graph());
  const Network network(net.graph());
  const Noise samples(static_cast<size_t>(count(net.graph().shape(net.graph().inputs[0]))));
  const Parameters dense = network.parameters();
  return channel_importance(network, find_taps(network, dense, samples), dense, samples, n, threads);
}

/// Sums of squares of the columns of a layer's weights [rows, columns], in units of their mean, kLeast added.
std::vector<double> squares_of_columns(const Graph& graph, const Node& node) {
  const Tensor& w = graph.constant(node.inputs[1]);
  const int64_t rows = w.shape[0], columns = w.shape[1];
  std::vector<double> squares(static_cast<size_t>(columns));
  double mean = 0;
  for (int64_t i = 0; i < rows * columns; ++i) {
    const double square = static_cast<double>(w.f32[static_cast<size_t>(i)]) * w.f32[static_cast<size_t>(i)];
    squares[static_cast<size_t>(i % columns)] += square;
    mean += square / static_cast<double>(columns);
  }
  for (double& x : squares) x = (x / mean + kLeast) / (1 + kLeast);
  return squares;
}

void check_first_layer(TestNet& net) {
  const std::vector<std::vector<float>> importance = importance_in(net, 4000);
  const std::vector<double> expected = squares_of_columns(net.graph(), net.graph().nodes[1]);
  REQUIRE(importance[0].size() == expected.size());
  for (size_t c = 0; c < expected.size(); ++c) CHECK(importance[0][c] == doctest::Approx(expected[c]).epsilon(0.1));
  for (const float x : importance[1]) CHECK(x == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("channel_importance: before a linear layer it is what its weights make of a channel") {
  TestNet net;
  net.output(net.fully_connected(net.fully_connected(net.input({1, 8}), 5), 12));
  check_first_layer(net);
}

TEST_CASE("channel_importance: channels of planes") {
  TestNet net;
  net.output(net.conv(net.conv(net.input({1, 3, 2, 3}), 5), 4));
  check_first_layer(net);
}

TEST_CASE("channel_importance: the same for any number of threads") {
  TestNet one, three;
  for (TestNet* net : {&one, &three})
    net->output(net->fully_connected(net->fully_connected(net->input({1, 8}), 5), 12));
  CHECK(importance_in(one, 7, 1) == importance_in(three, 7, 3));
}

TEST_CASE("channel_importance: a channel that nothing reads is left with the least") {
  TestNet net;
  net.output(net.fully_connected(net.fully_connected(net.input({1, 8}), 5), 12));
  Node& second = net.graph().nodes[1];
  Tensor w = net.graph().constant(second.inputs[1]);
  for (int64_t i = 0; i < 12; ++i) w.f32[static_cast<size_t>(i * 5 + 2)] = 0;
  second.inputs[1] = net.graph().add_constant("w", w);
  CHECK(importance_in(net, 4)[0][2] == doctest::Approx(kLeast / (1 + kLeast)));
}

TEST_CASE("geometric_mean: in units of its mean; the other one where one is empty") {
  const std::vector<float> mean = geometric_mean({1, 4, 1}, {1, 4, 16});
  CHECK(mean[0] == doctest::Approx(1 / 3.0));
  CHECK(mean[1] == doctest::Approx(4 / 3.0));
  CHECK(mean[2] == doctest::Approx(4 / 3.0));
  CHECK(geometric_mean({}, {2, 3}) == std::vector<float>{2, 3});
  CHECK(geometric_mean({2, 3}, {}) == std::vector<float>{2, 3});
  CHECK(geometric_mean({}, {}).empty());
}

}  // namespace
}  // namespace lacuna::prune
