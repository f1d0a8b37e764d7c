#include "converter/prune/arrange.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

std::vector<int64_t> shuffled(int64_t n, uint32_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::mt19937 rng(seed);
  std::shuffle(order.begin(), order.end(), rng);
  return order;
}

void shuffle_all(Graph& graph) {
  add_biases(graph);
  uint32_t seed = 1;
  for (const Bundle& bundle : find_bundles(graph)) reorder(graph, bundle, shuffled(bundle.channels, seed++));
}

TEST_CASE("a bottleneck: the middle is one bundle, what the input and the output share is none") {
  TestNet net;
  const ValueId x = net.input({1, 8, 6, 6});
  const ValueId middle = net.conv(net.conv(x, 24), 24, 3, 1, 24);
  net.output(net.b().binary(fbs::BinaryKind::Add, x, net.conv(middle, 8)));
  const std::vector<Bundle> bundles = find_bundles(net.graph());
  REQUIRE(bundles.size() == 1);
  CHECK(bundles[0].channels == 24);
  CHECK(bundles[0].makers.size() == 1);
  CHECK(bundles[0].depthwise.size() == 1);
  CHECK(bundles[0].readers.size() == 1);
  check_keeps_outputs(net.graph(), shuffle_all);
}

TEST_CASE("a sum joins all that makes and reads it") {
  TestNet net;
  const ValueId x = net.input({2, 3, 9, 9});
  ValueId stream = net.conv(x, 8, 3, 1, 1, 2);
  for (int i = 0; i < 2; ++i) stream = net.b().binary(fbs::BinaryKind::Add, stream, net.conv(net.conv(stream, 12), 8));
  net.output(net.conv(stream, 5));
  const std::vector<Bundle> bundles = find_bundles(net.graph());
  REQUIRE(bundles.size() == 3);
  const auto wide = std::max_element(bundles.begin(), bundles.end(), [](const Bundle& a, const Bundle& b) {
    return a.makers.size() < b.makers.size();
  });
  CHECK(wide->makers.size() == 3);
  CHECK(wide->readers.size() == 3);
  check_keeps_outputs(net.graph(), shuffle_all);
}

TEST_CASE("pooling, resizing, reshaping and layers of vectors pass channels on") {
  TestNet net;
  const ValueId x = net.input({1, 4, 8, 8});
  const ValueId pooled = net.pool(fbs::PoolKind::Max, net.conv(x, 12, 3, 1), 8, 0);
  const ValueId flat = net.b().reshape(pooled, make_shape({1, 12}));
  net.output(net.fully_connected(net.fully_connected(flat, 16), 3));
  const std::vector<Bundle> bundles = find_bundles(net.graph());
  REQUIRE(bundles.size() == 2);
  check_keeps_outputs(net.graph(), shuffle_all);
}

TEST_CASE("what tells channels from each other keeps them in place") {
  TestNet net;
  const ValueId x = net.input({1, 4, 4, 4});
  SUBCASE("a softmax over channels") { net.output(net.conv(net.softmax(net.conv(x, 8), 1), 3)); }
  SUBCASE("a constant for each channel") {
    net.output(net.conv(net.b().binary(fbs::BinaryKind::Mul, net.conv(x, 8), net.constant({1, 8, 1, 1})), 3));
  }
  SUBCASE("groups") { net.output(net.conv(net.conv(net.conv(x, 8), 8, 1, 0, 2), 3)); }
  SUBCASE("planes laid out as one vector") {
    net.output(net.fully_connected(net.b().reshape(net.conv(x, 8), make_shape({1, 128})), 3));
  }
  CHECK(find_bundles(net.graph()).empty());
}

TEST_CASE("group_alike: rows of four kinds, shuffled, come together") {
  const std::vector<int64_t> places = shuffled(32, 7);
  Matrix scores(32, 40);
  for (int64_t i = 0; i < 32; ++i) {
    const int64_t kind = places[static_cast<size_t>(i)] % 4;
    for (int64_t j = 0; j < 10; ++j) scores.row(i)[kind * 10 + j] = 1;
  }
  const std::vector<int64_t> order = group_alike(scores, std::vector<int>(40), 0.25);
  for (size_t i = 0; i < order.size(); ++i) {
    CAPTURE(i);
    CHECK(places[static_cast<size_t>(order[i])] % 4 == places[static_cast<size_t>(order[i / 4 * 4])] % 4);
  }
}

/// Squared weights that the best half of all blocks of four rows keep, as part of all.
double kept_by_blocks(const Tensor& weight) {
  const int64_t columns = count(weight.shape) / weight.shape[0];
  std::vector<float> blocks;
  for (int64_t i = 0; i < weight.shape[0]; i += 4) {
    for (int64_t j = 0; j < columns; ++j) {
      float sum = 0;
      for (int64_t k = i; k < i + 4; ++k) sum += std::pow(weight.f32[static_cast<size_t>(k * columns + j)], 2.0f);
      blocks.push_back(sum);
    }
  }
  std::sort(blocks.rbegin(), blocks.rend());
  const auto half = blocks.begin() + static_cast<std::ptrdiff_t>(blocks.size() / 2);
  return std::accumulate(blocks.begin(), half, 0.0) / std::accumulate(blocks.begin(), blocks.end(), 0.0);
}

TEST_CASE("arrange_channels: blocks of an expansion keep more, the network stays") {
  TestNet net;
  const ValueId x = net.input({1, 64, 4, 4});
  net.output(net.conv(net.conv(net.conv(x, 128), 128, 3, 1, 128), 64));
  add_biases(net.graph());
  const Network network(net.graph());
  std::vector<InputMoments> inputs(3);
  inputs[0] = {std::vector<float>(64), std::vector<float>(64, 1)};
  inputs[2] = {std::vector<float>(128), std::vector<float>(128, 1)};
  LayerRules rules;
  rules.samples = 16;
  const std::vector<PrunedLayer> layers = find_layers(net.graph(), rules);
  double before = 0, after = 0;
  check_keeps_outputs(net.graph(), [&](Graph& graph) {
    before = kept_by_blocks(graph.constant(layers[0].weight));
    CHECK(arrange_channels(graph, layers, inputs, Pattern::k4x1, 0.5, 2) == 1);
    after = kept_by_blocks(graph.constant(layers[0].weight));
  });
  CHECK(after > before + 0.02);
  check_keeps_outputs(
      net.graph(), [&](Graph& graph) { CHECK(arrange_channels(graph, layers, inputs, Pattern::kFree, 0.5, 2) == 0); });
}

}  // namespace
}  // namespace lacuna::prune
