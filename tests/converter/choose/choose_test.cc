#include "converter/choose/choose.h"

#include <doctest/doctest.h>

#include "converter/cost/sweep.h"

namespace lacuna {
namespace {

/// Costs of `sparse` and `dense` nanoseconds for an entry in a vector of pixels, whatever the kind of layer.
CostModel make_costs(double sparse, double dense) {
  Profile profile = {"test", "machine", 1 << 20, {}};
  for (const auto& [packing, ns] :
       {std::make_pair(fbs::Packing::SparseRows, sparse), std::make_pair(fbs::Packing::DenseRows8, dense),
        std::make_pair(fbs::Packing::DenseRows16, dense), std::make_pair(fbs::Packing::Depthwise, dense)}) {
    for (int kind = 0; kind < kLayerKinds; ++kind) {
      LayerCosts costs = {packing, static_cast<LayerKind>(kind), {}};
      costs.ns[static_cast<size_t>(Term::kEntryVectors)] = ns;
      profile.costs.push_back(costs);
    }
  }
  return CostModel({profile});
}

Graph graph_of(const Layer& layer, double density) {
  Graph graph;
  const ValueId x = graph.add_input("x", layer.x);
  const ValueId weight = graph.add_constant("w", random_weights(layer.weight, density, 3));
  graph.outputs = {append(graph, layer.attrs, {x, weight}, "layer")};
  return graph;
}

Choice choose_for(const Layer& layer, double density, const CostModel& costs) {
  return choose(graph_of(layer, density), costs).front();
}

/// 1x1 convolution from 100 to 40 channels.
Layer pointwise() { return make_conv(100, 40, 1, 1, 8); }

double us_of(const Choice& choice, fbs::Packing packing) {
  for (const PackingTime& time : choice.predicted) {
    if (time.packing == packing) return time.us;
  }
  return -1;
}

TEST_CASE("dense weights stay dense") {
  const Choice choice = choose_for(pointwise(), 1, make_costs(3, 1));
  CHECK(choice.packing == fbs::Packing::DenseRows8);
  CHECK(choice.nonzeros == 4000);
  CHECK(choice.macs == 4000 * 64);
  CHECK(choice.nonzero_macs == 4000 * 64);
  CHECK(choice.pattern == "dense");
  CHECK(us_of(choice, fbs::Packing::DenseRows8) == doctest::Approx(16));  // 4000 entries, 4 vectors, 1 ns
  CHECK(us_of(choice, fbs::Packing::SparseRows) == doctest::Approx(48));
}

TEST_CASE("the packing changes where predicted times cross, and both sides name that density") {
  const CostModel costs = make_costs(4, 1);
  const Choice below = choose_for(pointwise(), 0.2, costs), above = choose_for(pointwise(), 0.3, costs);
  CHECK(below.packing == fbs::Packing::SparseRows);
  CHECK(above.packing == fbs::Packing::DenseRows8);
  for (const Choice& choice : {below, above}) {
    CHECK(choice.break_even == doctest::Approx(0.25).epsilon(0.1));
    CHECK(choice.reason.find(" us as SparseRows") != std::string::npos);
    CHECK(choice.reason.find(" us as DenseRows8") != std::string::npos);
    CHECK(choice.pattern == "unstructured");
  }
  CHECK(below.reason.find("dense wins above") != std::string::npos);
  CHECK(above.reason.find("pays below") != std::string::npos);
}

TEST_CASE("skipping zeros that costs nothing pays at any density") {
  const Choice choice = choose_for(pointwise(), 1, make_costs(0.5, 1));
  CHECK(choice.packing == fbs::Packing::SparseRows);
  CHECK(choice.break_even == 1);
}

TEST_CASE("no weights at all are sparse") {
  const Choice choice = choose_for(pointwise(), 0, make_costs(4, 1));
  CHECK(choice.packing == fbs::Packing::SparseRows);
  CHECK(choice.nonzero_macs == 0);
  CHECK(choice.pattern == "empty");
}

TEST_CASE("a layer with one form gets that, with its time") {
  const Choice choice = choose_for(make_conv(32, 32, 3, 1, 8, 32), 0.5, make_costs(4, 1));
  CHECK(choice.packing == fbs::Packing::Depthwise);
  CHECK(choice.predicted.size() == 1);
  CHECK(choice.break_even == 0);
}

TEST_CASE("kinds of layers that a profile does not know are dense") {
  const Choice choice = choose_for(pointwise(), 0.01, CostModel({Profile{"empty", "machine", 1 << 20, {}}}));
  CHECK(choice.packing == fbs::Packing::DenseRows8);
  CHECK(choice.predicted.empty());
  CHECK(choice.reason.find("does not know") != std::string::npos);
}

TEST_CASE("a fully connected layer is chosen for its rows") {
  const Choice choice = choose_for(make_fully_connected(256, 64, 1), 0.1, make_costs(4, 1));
  CHECK(choice.packing == fbs::Packing::SparseRows);
  CHECK(us_of(choice, fbs::Packing::DenseRows16) == doctest::Approx(256 * 64 * 1e-3));
}

TEST_CASE("the same graph gives the same choice") {
  const CostModel costs = costs_of_target("generic");
  const Choice a = choose_for(make_conv(64, 64, 3, 1, 14), 0.2, costs);
  const Choice b = choose_for(make_conv(64, 64, 3, 1, 14), 0.2, costs);
  CHECK(a.reason == b.reason);
  CHECK(a.break_even == b.break_even);
}

TEST_CASE("zeros in blocks of 4 rows go into blocks of 4 rows") {
  const Layer layer = make_conv(256, 256, 1, 1, 14);
  Graph graph = graph_of(layer, 0.1);
  Tensor weight = random_weights(make_shape({64, 256}), 0.1, 3);
  Tensor blocks(ElementType::kF32, layer.weight);
  for (size_t i = 0; i < blocks.f32.size(); ++i) blocks.f32[i] = weight.f32[i / (4 * 256) * 256 + i % 256];
  const ValueId id = graph.nodes[0].inputs[1];
  graph.value(id).constant = std::make_shared<Tensor>(std::move(blocks));
  for (const char* target : {"x86-avx512", "x86-avx2", "generic"}) {
    CAPTURE(std::string(target));
    CHECK(choose(graph, costs_of_target(target)).front().packing == fbs::Packing::SparseRows4);
    CHECK(choose(graph_of(layer, 0.1), costs_of_target(target)).front().packing == fbs::Packing::SparseRows);
  }
}

}  // namespace
}  // namespace lacuna
