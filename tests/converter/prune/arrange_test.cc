#include "converter/prune/arrange.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/converter/prune/shuffled.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

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
