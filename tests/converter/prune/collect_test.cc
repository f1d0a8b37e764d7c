// Moments of what layers meet.
#include "converter/prune/collect.h"

#include "converter/prune/problem.h"
#include "tests/converter/prune/noise.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

/// Two layers, the second of which is asked for; in the pruned network the first gives half of what it gave.
struct TwoLayers {
  enum class End : uint8_t { kSum, kSumAndOutput, kProduct };

  explicit TwoLayers(End end) {
    const ValueId first = net.conv(net.input({1, 4, 2, 3}), 3), second = net.conv(first, 3);
    net.output(net.b().binary(end == End::kProduct ? fbs::BinaryKind::Mul : fbs::BinaryKind::Add, second, first));
    if (end == End::kSumAndOutput) net.output(second);
    add_biases(net.graph());
    layer.node = 1;
    layer.weight = net.graph().nodes[1].inputs[1];
    layer.bias = net.graph().nodes[1].inputs[2];
    layer.rows = layer.columns = 3;
    layer.positions = 6;
    network = std::make_unique<Network>(net.graph());
    dense = pruned = network->parameters();
    for (const size_t operand : {1, 2}) {
      for (float& w : pruned[static_cast<size_t>(net.graph().nodes[0].inputs[operand])]) w *= 0.5f;
    }
  }
  Collector collector(size_t threads = 2) const {
    return {*network, dense, pruned, samples, 3 * samples.size(), threads, 1};
  }
  const std::vector<float>& weights() const { return dense[static_cast<size_t>(layer.weight)]; }

  TestNet net;
  Noise samples{24};
  PrunedLayer layer;
  std::unique_ptr<Network> network;
  Parameters dense, pruned;
};

TEST_CASE("moments: the dense network's inputs by the pruned one's, the same for any number of threads") {
  const TwoLayers problem(TwoLayers::End::kProduct);
  const Moments moments = problem.collector().moments(problem.layer, 0, 0, 3);
  for (size_t i = 0; i < 9; ++i) CHECK(moments.g.data[i] == doctest::Approx(2 * moments.h.data[i]).epsilon(1e-4));
  for (size_t i = 0; i < 3; ++i) CHECK(moments.mean_d[i] == doctest::Approx(2 * moments.mean_x[i]).epsilon(1e-4));
  const Moments one = problem.collector(1).moments(problem.layer, 0, 0, 3);
  CHECK(one.h.data == moments.h.data);
  CHECK(one.g.data == moments.g.data);
}

TEST_CASE("moments: what the other operand of a sum has lost") {
  const TwoLayers problem(TwoLayers::End::kSum);
  const Moments moments = problem.collector().moments(problem.layer, 0, 0, 3);
  REQUIRE(moments.lost.data.size() == 9);
  for (size_t i = 0; i < 9; ++i) CHECK(moments.lost.data[i] == doctest::Approx(moments.h.data[i]).epsilon(1e-4));
  for (size_t i = 0; i < 3; ++i) CHECK(moments.mean_lost[i] == doctest::Approx(moments.mean_x[i]).epsilon(1e-4));
}

TEST_CASE("moments: nothing is lost beside a layer that others read, or that is no operand of a sum") {
  for (const TwoLayers::End end : {TwoLayers::End::kSumAndOutput, TwoLayers::End::kProduct}) {
    const TwoLayers problem(end);
    const Moments moments = problem.collector().moments(problem.layer, 0, 0, 3);
    CHECK(moments.lost.data.empty());
    CHECK(moments.mean_lost.empty());
  }
}

TEST_CASE("solve: a layer makes good for what the other operand of its sum has lost") {
  const TwoLayers problem(TwoLayers::End::kSum);
  Collector collector = problem.collector();
  std::vector<Problem> problems = make_problems(collector, problem.layer, problem.weights());
  treat({0, {}}, Effort::kMuch, problem.layer, problems);
  const std::vector<float>& bias = problem.dense[static_cast<size_t>(problem.layer.bias)];
  const Solution solution = solve(problems, problem.layer, Pattern::kFree, 1, bias);
  // Its input and the other operand are halved: y + x = (2 W + 1) x / 2 + b. Damping pulls a little towards W.
  for (size_t i = 0; i < 9; ++i) {
    const double wanted = 2.0 * static_cast<double>(problem.weights()[i]) + (i % 4 == 0 ? 1 : 0);
    CHECK(solution.weights[i] == doctest::Approx(wanted).epsilon(0.1).scale(1));
  }
  for (size_t i = 0; i < 3; ++i) CHECK(solution.bias[i] == doctest::Approx(bias[i]).epsilon(0.1).scale(1));
}

}  // namespace
}  // namespace lacuna::prune
