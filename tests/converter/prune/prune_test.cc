// From graph to pruned graph, on small networks with known answers.
#include "converter/prune/prune.h"

#include <array>
#include <cmath>

#include "converter/ir/interpret.h"
#include "tests/support/exit_code.h"
#include "tests/support/op_harness.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

/// Normal numbers; with `half`, odd channels of [1, C, ...] are zero.
class TestSamples : public Samples {
 public:
  TestSamples(const Shape& shape, size_t n, bool half = false) {
    std::mt19937 rng(11);
    std::normal_distribution<float> normal;
    const auto plane = static_cast<size_t>(count(shape, 2, shape.rank));
    for (size_t i = 0; i < n; ++i) {
      std::vector<float> x(static_cast<size_t>(count(shape)));
      for (float& v : x) v = normal(rng);
      for (size_t k = 0; half && k < x.size(); ++k) {
        if (k / plane % 2 == 1) x[k] = 0;
      }
      samples_.push_back(std::move(x));
    }
  }
  size_t size() const override { return samples_.size(); }
  std::vector<float> plain(size_t i) const override { return samples_[i]; }
  std::vector<float> varied(size_t i, std::mt19937&) const override { return samples_[i]; }

 private:
  std::vector<std::vector<float>> samples_;
};

const CostModel& costs() {
  static const CostModel model = costs_of_target("generic");
  return model;
}

const PruneEvents kQuiet = {[](const std::string&) {}, nullptr};

PruneOptions quick() {
  PruneOptions options;
  options.minutes = 30;
  options.max_batches = 20;
  options.threads = 2;
  return options;
}

const Tensor& weight_of(const Graph& graph, size_t layer) {
  size_t seen = 0;
  for (const Node& node : graph.nodes) {
    if (node.attrs.type != fbs::OpAttrs::Conv && node.attrs.type != fbs::OpAttrs::FullyConnected) continue;
    if (seen++ == layer) return graph.constant(node.inputs[1]);
  }
  FAIL("no such layer");
  return graph.constant(0);
}

double zeros_in(const Tensor& weight) {
  return static_cast<double>(std::count(weight.f32.begin(), weight.f32.end(), 0.0f)) /
         static_cast<double>(weight.f32.size());
}

TEST_CASE("inputs that are never used: their weights go, the others stay as they are") {
  TestNet net;
  const ValueId x = net.input({1, 64, 4, 4});
  net.output(net.conv(net.b().unary(fbs::Activation(fbs::UnaryKind::LeakyRelu, 0.9f, 0), net.conv(x, 64)), 3));
  const Tensor dense = weight_of(net.graph(), 0);
  PruneOptions options = quick();
  options.max_batches = 100;
  options.sparsity = 0.45;  // of both layers, the second of which is too small
  const PruneResult result =
      prune(net.graph(), TestSamples(make_shape({1, 64, 4, 4}), 24, true), costs(), options, kQuiet);
  const Tensor& sparse = weight_of(result.graph, 0);
  CHECK(result.error < 1e-3);
  CHECK(zeros_in(sparse) > 0.45);
  int live_zeros = 0;
  for (size_t i = 0; i < sparse.f32.size(); i += 2) {
    live_zeros += sparse.f32[i] == 0;
    if (std::abs(dense.f32[i]) > 0.4f) CHECK(sparse.f32[i] == doctest::Approx(dense.f32[i]).epsilon(0.1).scale(0.1));
  }
  CHECK(live_zeros < 300);  // damping takes the smallest of them for as useless as the largest of the others
}

TEST_CASE("zeros go where they cost least: more of them to a layer half of whose inputs are never used") {
  TestNet net;
  const ValueId x = net.input({1, 64, 4, 4});
  net.output(net.conv(net.b().unary(fbs::Activation(fbs::UnaryKind::LeakyRelu, 0.9f, 0), net.conv(x, 64)), 64));
  PruneOptions options = quick();
  options.max_batches = 0;
  options.sparsity = 0.6;
  const PruneResult result =
      prune(net.graph(), TestSamples(make_shape({1, 64, 4, 4}), 24, true), costs(), options, kQuiet);
  CHECK(zeros_in(weight_of(result.graph, 0)) > zeros_in(weight_of(result.graph, 1)) + 0.1);
  CHECK(result.sparsity == doctest::Approx(0.6).epsilon(0.02));
  CHECK(result.batches == 0);
}

TEST_CASE("zeros go where they cost least: into outputs of a layer that what follows hardly reads") {
  TestNet net;
  const ValueId x = net.input({1, 64, 4, 4});
  net.output(net.conv(net.conv(x, 64), 3));
  Node& second = net.graph().nodes[1];
  Tensor reader = net.graph().constant(second.inputs[1]);
  for (size_t i = 1; i < reader.f32.size(); i += 2) reader.f32[i] *= 0.01f;
  second.inputs[1] = net.graph().add_constant("reader", reader);
  PruneOptions options = quick();
  options.max_batches = 0;
  options.sparsity = 0.45;
  const PruneResult result = prune(net.graph(), TestSamples(make_shape({1, 64, 4, 4}), 24), costs(), options, kQuiet);
  const Tensor& sparse = weight_of(result.graph, 0);
  int unread = 0;
  for (size_t i = 0; i < sparse.f32.size(); ++i) unread += sparse.f32[i] == 0 && i / 64 % 2 == 1;
  CHECK(unread > 0.8 * 0.45 * 64 * 64);
  CHECK(result.error < 0.05);
}

TEST_CASE("sensitivity is measured on samples that the layer was not solved for, where there are enough") {
  const auto sensitivity = [](size_t samples) {
    TestNet net;
    const ValueId x = net.input({1, 96, 1, 1});
    net.output(net.conv(x, 64));
    PruneOptions options = quick();
    options.max_batches = 0;
    return prune(net.graph(), TestSamples(make_shape({1, 96, 1, 1}), samples), costs(), options, kQuiet)
        .layers[0]
        .sensitivity;
  };
  CHECK(sensitivity(120) > 1.2 * sensitivity(110));  // of 110, too few would judge
}

TEST_CASE("keep_front: as many of the first layers as hold the part, not one more") {
  std::vector<PrunedLayer> layers(4);
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i].rows = 1;
    layers[i].columns = std::array<int64_t, 4>{1, 2, 90, 7}[i];
    layers[i].counts = true;
  }
  keep_front(layers, 0.03);
  CHECK((!layers[0].pruned() && layers[0].frozen && !layers[1].pruned() && layers[1].frozen));
  CHECK((layers[2].pruned() && !layers[2].frozen && layers[3].pruned()));
}

TEST_CASE("same input and seed, same bits, whatever the number of threads") {
  const auto run = [](size_t threads, uint32_t seed) {
    TestNet net;
    ValueId y = net.b().unary(fbs::Activation(fbs::UnaryKind::Clamp, 0, 6), net.conv(net.input({1, 48, 5, 5}), 64));
    net.output(net.conv(net.conv(y, 64, 3, 1, 64), 48));
    PruneOptions options = quick();
    options.threads = threads;
    options.seed = seed;
    return prune(net.graph(), TestSamples(make_shape({1, 48, 5, 5}), 8), costs(), options, kQuiet);
  };
  const PruneResult a = run(1, 1), b = run(3, 1);
  CHECK_FALSE((a.out_of_time || b.out_of_time));
  for (size_t layer = 0; layer < 3; ++layer) CHECK(weight_of(a.graph, layer).f32 == weight_of(b.graph, layer).f32);
}

TEST_CASE("every pattern keeps its form through training") {
  for (const Pattern pattern : {Pattern::kFree, Pattern::k4x1, Pattern::k1x4, Pattern::kTwoOfFour}) {
    CAPTURE(name_of(pattern));
    TestNet net;
    net.output(net.conv(net.conv(net.input({1, 48, 4, 4}), 64), 48));
    PruneOptions options = quick();
    options.pattern = pattern;
    const PruneResult result = prune(net.graph(), TestSamples(make_shape({1, 48, 4, 4}), 8), costs(), options, kQuiet);
    CHECK(result.sparsity >= 0.499);
    CHECK(result.error < result.error_before * 1.0001);
    const Tensor& w = weight_of(result.graph, 0);
    const int64_t rows = w.shape[0], columns = w.shape[1];
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const auto zero = [&](int64_t r, int64_t c) { return w.f32[static_cast<size_t>(r * columns + c)] == 0; };
        if (pattern == Pattern::k4x1) CHECK(zero(i, j) == zero(i / 4 * 4, j));
        if (pattern == Pattern::k1x4) CHECK(zero(i, j) == zero(i, j / 4 * 4));
        if (pattern == Pattern::kTwoOfFour && j % 4 == 0) {
          CHECK(zero(i, j) + zero(i, j + 1) + zero(i, j + 2) + zero(i, j + 3) == 2);
        }
      }
    }
  }
}

/// Mean squared difference of what both graphs make of a sample, in units of the first one's mean square.
double difference(const Graph& a, const Graph& b, const std::vector<float>& sample) {
  const Tensor x(a.shape(a.inputs[0]), sample);
  const Tensor expected = interpret(a, {x}).at(0), actual = interpret(b, {x}).at(0);
  double squares = 0, all = 0;
  for (size_t i = 0; i < expected.f32.size(); ++i) {
    squares += std::pow(expected.f32[i] - actual.f32[i], 2);
    all += std::pow(expected.f32[i], 2);
  }
  return squares / all;
}

TEST_CASE("blocks: channels stand in another order, outputs do not") {
  for (const Pattern pattern : {Pattern::k4x1, Pattern::k1x4}) {
    CAPTURE(name_of(pattern));
    TestNet net;
    const ValueId x = net.input({1, 48, 4, 4});
    net.output(net.conv(net.conv(net.conv(x, 64), 64, 3, 1, 64), 48));
    const Graph given = net.graph();
    PruneOptions options = quick();
    options.pattern = pattern;
    options.sparsity = 0.03;
    options.max_batches = 0;
    const TestSamples samples(make_shape({1, 48, 4, 4}), 16);
    const PruneResult result = prune(net.graph(), samples, costs(), options, kQuiet);
    CHECK(difference(given, result.graph, samples.plain(0)) < 0.02);
    CHECK(weight_of(result.graph, 1).f32 != weight_of(given, 1).f32);  // the depthwise layer's follow
  }
}

TEST_CASE("layers that are left alone say why") {
  TestNet net;
  const ValueId x = net.input({1, 8, 6, 6});
  ValueId y = net.conv(x, 64);    // 512 weights
  y = net.conv(y, 64, 3, 1, 64);  // depthwise
  y = net.conv(y, 64);            // pruned
  y = net.b().reduce(fbs::ReduceKind::Mean, y, {2, 3}, false);
  net.output(net.fully_connected(y, 100));  // seen 8 times, 64 numbers
  const PruneResult result = prune(net.graph(), TestSamples(make_shape({1, 8, 6, 6}), 8), costs(), quick(), kQuiet);
  REQUIRE(result.layers.size() == 4);
  CHECK(result.layers[0].layer.kept_because.find("too small") != std::string::npos);
  CHECK(result.layers[1].layer.kept_because.find("depthwise") != std::string::npos);
  CHECK(result.layers[2].layer.kept_because.empty());
  CHECK(result.layers[3].layer.kept_because.find("samples") != std::string::npos);
  CHECK(zeros_in(weight_of(result.graph, 2)) > 0.5);
  CHECK(zeros_in(weight_of(result.graph, 1)) == 0);
}

TEST_CASE("what cannot be done is a usage error") {
  const auto run = [](const PruneOptions& options) {
    TestNet net;
    net.output(net.conv(net.conv(net.input({1, 64, 2, 2}), 64), 64));
    prune(net.graph(), TestSamples(make_shape({1, 64, 2, 2}), 4), costs(), options, kQuiet);
  };
  PruneOptions options = quick();
  options.keep = {"no such layer"};
  CHECK(exit_code_of([&] { run(options); }) == ExitCode::kUsage);
  options = quick();
  options.keep = {"*"};
  CHECK(exit_code_of([&] { run(options); }) == ExitCode::kUnsupported);
  options = quick();
  options.latency_us = 1e-3;
  CHECK(exit_code_of([&] { run(options); }) == ExitCode::kUsage);
}

TEST_CASE("a speedup: densities by layer, as fast as asked for by the prediction") {
  TestNet net;
  ValueId y = net.conv(net.input({1, 64, 14, 14}), 128);
  net.output(net.conv(net.conv(y, 128), 64));
  PruneOptions options = quick();
  options.speedup = 1.5;
  const PruneResult result = prune(net.graph(), TestSamples(make_shape({1, 64, 14, 14}), 4), costs(), options, kQuiet);
  CHECK(result.us <= result.dense_us / 1.5 * 1.02);
  CHECK(result.curve.size() > 3);
  CHECK(result.curve.front().us >= result.curve.back().us);
}

TEST_CASE("checkpoints come before the end, with more and more zeros") {
  TestNet net;
  net.output(net.conv(net.conv(net.input({1, 64, 4, 4}), 64), 64));
  double last = 0;
  PruneEvents events = kQuiet;
  events.checkpoint = [&](const Graph& graph) {
    CHECK(zeros_in(weight_of(graph, 0)) >= last);
    last = zeros_in(weight_of(graph, 0));
  };
  prune(net.graph(), TestSamples(make_shape({1, 64, 4, 4}), 8), costs(), quick(), events);
  CHECK(last >= 0.5 - 1e-3);
}

}  // namespace
}  // namespace lacuna::prune
