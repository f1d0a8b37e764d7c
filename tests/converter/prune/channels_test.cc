#include "converter/prune/channels.h"

#include <algorithm>
#include <numeric>

#include "converter/prune/layers.h"
#include "tests/converter/prune/shuffled.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

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

/// 12 channels, resized, pooled, reshaped, then 16 and 3 as vectors.
void add_pooled(TestNet& net, fbs::PoolKind kind) {
  const ValueId y = net.conv(net.input({1, 4, 8, 8}), 12, 3, 1);
  fbs::ResizeAttrsT attrs;
  attrs.mode = fbs::ResizeMode::Linear;
  attrs.sizes = {1, 12, 11, 9};
  attrs.scales = {1, 1, 11.0f / 8, 9.0f / 8};
  const ValueId resized = net.b().emit(make_attrs(attrs), {y});
  const ValueId pooled = net.b().reduce(fbs::ReduceKind::Mean, net.pool(kind, resized, 8, 0), {2, 3}, true);
  const ValueId flat = net.b().reshape(pooled, make_shape({1, 12}));
  net.output(net.fully_connected(net.fully_connected(flat, 16), 3));
}

TEST_CASE("pooling, resizing, reshaping and layers of vectors pass channels on") {
  TestNet net;
  add_pooled(net, fbs::PoolKind::Max);
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

/// The basis of all linear bundles becomes any other one; returns how many these are.
size_t change_all(Graph& graph) {
  add_biases(graph);
  std::mt19937 rng(5);
  std::normal_distribution<double> normal;
  size_t changed = 0;
  for (const Bundle& bundle : find_bundles(graph)) {
    if (!bundle.linear) continue;
    const auto n = static_cast<size_t>(bundle.channels);
    std::vector<double> basis(n * n);
    for (size_t i = 0; i < n * n; ++i) basis[i] = 0.3 * normal(rng) + (i % (n + 1) == 0 ? 2 : 0);
    change_basis(graph, bundle, basis);
    ++changed;
  }
  return changed;
}

TEST_CASE("linear: a sum of bottlenecks may have any basis, and all that makes and reads it follows") {
  TestNet net;
  const ValueId x = net.input({2, 3, 9, 9});
  const fbs::Activation relu6(fbs::UnaryKind::Clamp, 0, 6);
  ValueId stream = net.conv(x, 8, 3, 1, 1, 2);
  for (int i = 0; i < 2; ++i) {
    const ValueId wide = net.conv(net.b().unary(relu6, net.conv(stream, 12)), 12, 3, 1, 12);
    stream = net.b().binary(i == 0 ? fbs::BinaryKind::Add : fbs::BinaryKind::Sub, stream, net.conv(wide, 8));
  }
  net.output(net.conv(stream, 5, 3, 1));
  check_keeps_outputs(net.graph(), [](Graph& graph) { CHECK(change_all(graph) == 1); });
}

TEST_CASE("linear: averages, resizing and reshaping pass mixtures on, and layers of vectors read them") {
  TestNet net;
  add_pooled(net, fbs::PoolKind::Average);
  check_keeps_outputs(net.graph(), [](Graph& graph) { CHECK(change_all(graph) == 2); });
}

TEST_CASE("not linear: what would tell channels from mixtures of them") {
  TestNet net;
  ValueId y = net.conv(net.input({1, 4, 6, 6}), 8);
  SUBCASE("an activation") { y = net.b().unary(fbs::UnaryKind::Sigmoid, y); }
  SUBCASE("a depthwise layer") { y = net.conv(y, 8, 3, 1, 8); }
  SUBCASE("the largest of a window") { y = net.pool(fbs::PoolKind::Max, y, 2, 0); }
  SUBCASE("a product") { y = net.b().binary(fbs::BinaryKind::Mul, y, net.conv(y, 8)); }
  SUBCASE("a number added to all") { y = net.b().binary(fbs::BinaryKind::Add, y, net.scalar(1)); }
  net.output(net.conv(y, 3));
  const std::vector<Bundle> bundles = find_bundles(net.graph());
  CHECK(!bundles.empty());
  CHECK(std::none_of(bundles.begin(), bundles.end(), [](const Bundle& bundle) { return bundle.linear; }));
}

}  // namespace
}  // namespace lacuna::prune
