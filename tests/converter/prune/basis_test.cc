#include "converter/prune/basis.h"

#include <algorithm>
#include <cmath>

#include "tests/converter/prune/noise.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

constexpr int64_t kChannels = 24;

/// Blocks of random numbers, most of them zero.
Tensor sparse(const Shape& shape, Pattern pattern, std::mt19937& rng) {
  const int64_t rows = pattern == Pattern::k4x1 ? 4 : 1, columns = pattern == Pattern::k1x4 ? 4 : 1;
  std::normal_distribution<float> normal;
  std::bernoulli_distribution kept(0.3);
  Tensor tensor(ElementType::kF32, shape);
  const int64_t width = count(shape) / shape[0];
  for (int64_t i = 0; i < shape[0]; i += rows) {
    for (int64_t j = 0; j < width; j += columns) {
      if (!kept(rng)) continue;
      for (int64_t k = 0; k < rows * columns; ++k) {
        tensor.f32[static_cast<size_t>((i + k % rows) * width + j + k / rows)] = normal(rng);
      }
    }
  }
  return tensor;
}

/// A bottleneck whose weights, all but a third of which are zero, a basis has been laid over.
struct Bottleneck {
  Bottleneck(Pattern pattern, uint32_t kernel, bool hidden) {
    const ValueId x = net.input({1, 96, 6, 6});
    net.output(net.conv(net.conv(x, kChannels), 96, kernel, kernel / 2));
    std::mt19937 rng(3);
    for (Node& node : net.graph().nodes) {
      Value& weight = net.graph().value(node.inputs[1]);
      weight.constant = std::make_shared<const Tensor>(sparse(weight.shape, pattern, rng));
    }
    const size_t n = kChannels;
    std::vector<double> basis(n * n);
    std::normal_distribution<double> normal;
    for (size_t i = 0; i < n * n; ++i) basis[i] = (i % (n + 1) == 0) + (hidden ? 0.15 * normal(rng) : 0);
    change_basis(net.graph(), find_bundles(net.graph()).at(0), basis);
    LayerRules rules;
    rules.pattern = pattern;
    rules.samples = 16;
    layers = find_layers(net.graph(), rules);
    options.pattern = pattern;
    options.density = 0.35;
    options.threads = 2;
  }
  std::vector<BasisChange> search(Graph& graph) const {
    std::vector<BasisChange> changes;
    find_sparse_bases(graph, layers, Noise(96 * 36), options,
                      [&](const BasisChange& change) { changes.push_back(change); });
    return changes;
  }

  TestNet net;
  std::vector<PrunedLayer> layers;
  BasisOptions options;
};

TEST_CASE("find_sparse_bases: zeros that a change of basis has hidden come back, the outputs stay") {
  Pattern pattern = Pattern::kFree;
  uint32_t kernel = 1;
  SUBCASE("anywhere") {}
  SUBCASE("read by a window") { kernel = 3; }
  SUBCASE("in blocks of 4x1") { pattern = Pattern::k4x1; }
  SUBCASE("in blocks of 1x4") { pattern = Pattern::k1x4; }
  Bottleneck bottleneck(pattern, kernel, true);
  check_keeps_outputs(bottleneck.net.graph(), [&](Graph& graph) {
    const std::vector<BasisChange> changes = bottleneck.search(graph);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].channels == kChannels);
    CHECK(changes[0].lost_before > 0.05);
    CHECK(changes[0].lost < 0.005);
  });
}

TEST_CASE("find_sparse_bases: weights that are zero already stay, and so do all others") {
  Bottleneck bottleneck(Pattern::kFree, 1, false);
  const Tensor before = bottleneck.net.graph().constant(bottleneck.layers[0].weight);
  CHECK(bottleneck.search(bottleneck.net.graph()).empty());
  CHECK(bottleneck.net.graph().constant(bottleneck.layers[0].weight).f32 == before.f32);
}

TEST_CASE("find_sparse_bases: layers that are left alone make and read the new channels as well") {
  Bottleneck bottleneck(Pattern::kFree, 1, true);
  SUBCASE("the maker") { bottleneck.layers[0].kept_because = "named"; }
  SUBCASE("the reader") { bottleneck.layers[1].kept_because = "named"; }
  check_keeps_outputs(bottleneck.net.graph(), [&](Graph& graph) { CHECK(bottleneck.search(graph).size() == 1); });
}

TEST_CASE("find_sparse_bases: channels that never vary do no harm") {
  Bottleneck bottleneck(Pattern::kFree, 1, true);
  size_t zeros = kChannels * 96;
  SUBCASE("all of them") {}
  SUBCASE("half of them") { zeros /= 2; }
  Value& weight = bottleneck.net.graph().value(bottleneck.layers[0].weight);
  Tensor dead = *weight.constant;
  std::fill_n(dead.f32.begin(), zeros, 0.0f);
  weight.constant = std::make_shared<const Tensor>(dead);
  check_keeps_outputs(bottleneck.net.graph(), [&](Graph& graph) { bottleneck.search(graph); });
}

TEST_CASE("find_sparse_bases: where the time does not suffice nothing changes") {
  Bottleneck bottleneck(Pattern::kFree, 1, true);
  bottleneck.options.macs = 1000;
  CHECK(bottleneck.search(bottleneck.net.graph()).empty());
}

TEST_CASE("find_sparse_bases: the same bytes with any number of threads") {
  Bottleneck one(Pattern::kFree, 1, true), two(Pattern::kFree, 1, true);
  one.options.threads = 1;
  one.search(one.net.graph());
  two.search(two.net.graph());
  CHECK(one.net.graph().constant(one.layers[1].weight).f32 == two.net.graph().constant(two.layers[1].weight).f32);
}

}  // namespace
}  // namespace lacuna::prune
