// Where the networks are compared, and that training brings them together.
#include "converter/prune/distill.h"

#include "converter/prune/layers.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

/// Normal numbers, the same each time.
class Noise : public Samples {
 public:
  explicit Noise(size_t floats) : floats_(floats) {}
  size_t size() const override { return 16; }
  std::vector<float> plain(size_t i) const override {
    std::mt19937 rng(static_cast<uint32_t>(i));
    return varied(i, rng);
  }
  std::vector<float> varied(size_t, std::mt19937& rng) const override {
    std::normal_distribution<float> normal(1, 1);
    std::vector<float> x(floats_);
    for (float& v : x) v = normal(rng);
    return x;
  }

 private:
  size_t floats_;
};

/// Whether the only output of the net is compared as logits of classes.
bool output_has_classes(TestNet& net) {
  add_biases(net.graph());
  const Network network(net.graph());
  const auto floats = static_cast<size_t>(count(net.graph().shape(net.graph().inputs[0])));
  for (const Tap& tap : find_taps(network, network.parameters(), Noise(floats))) {
    if (tap.id == net.graph().outputs[0]) return tap.classes;
  }
  return false;
}

TEST_CASE("find_taps: vectors of many numbers are logits, short ones and planes are not") {
  TestNet classes, numbers, planes;
  classes.output(classes.fully_connected(classes.input({1, 8}), 12));
  numbers.output(numbers.fully_connected(numbers.input({1, 8}), 4));
  planes.output(planes.conv(planes.input({1, 8, 4, 4}), 12));
  CHECK(output_has_classes(classes));
  CHECK_FALSE(output_has_classes(numbers));
  CHECK_FALSE(output_has_classes(planes));
}

TEST_CASE("find_taps: what a softmax reads are logits") {
  TestNet net;
  const ValueId logits = net.fully_connected(net.input({1, 8}), 12);
  net.output(net.softmax(logits, 1));
  add_biases(net.graph());
  const Network network(net.graph());
  bool found = false;
  for (const Tap& tap : find_taps(network, network.parameters(), Noise(8)))
    found = found || (tap.id == logits && tap.classes);
  CHECK(found);
}

TEST_CASE("find_taps: what a sigmoid gives are odds, in any shape") {
  TestNet net;
  const ValueId logits = net.conv(net.input({1, 8, 4, 4}), 1);
  ValueId y = net.b().unary(fbs::UnaryKind::Sigmoid, logits);
  bool odds = true;
  SUBCASE("as it is") {}
  SUBCASE("reshaped") { y = net.b().reshape(y, make_shape({1, 4, 4, 1})); }
  SUBCASE("transposed and reshaped") { y = net.b().reshape(net.b().transpose(y, {0, 2, 3, 1}), make_shape({16})); }
  SUBCASE("doubled: no longer odds") {
    y = net.b().binary(fbs::BinaryKind::Mul, y, net.scalar(2));
    odds = false;
  }
  net.output(y);
  add_biases(net.graph());
  const Network network(net.graph());
  const std::vector<Tap> taps = find_taps(network, network.parameters(), Noise(128));
  const auto output = std::find_if(taps.begin(), taps.end(), [&](const Tap& tap) { return tap.id == y; });
  REQUIRE(output != taps.end());
  CHECK(output->odds == odds);
}

/// A network, and its parameters to be changed in the weights of the first node.
struct Twins {
  explicit Twins(TestNet& net) : graph(with_biases(net)) {}
  static const Graph& with_biases(TestNet& net) {
    add_biases(net.graph());
    return net.graph();
  }

  const Graph& graph;
  const Network network{graph};
  const Parameters dense = network.parameters();
  Parameters changed = dense;
  const size_t weight = static_cast<size_t>(graph.nodes[0].inputs[1]);
};

TEST_CASE("OutputError: started at a node it says the same") {
  TestNet net;
  const ValueId x = net.input({1, 8, 4, 4});
  const ValueId first = net.conv(x, 8);
  ValueId y = net.b().binary(fbs::BinaryKind::Add, net.conv(first, 8, 3, 1), first);
  for (int i = 0; i < 3; ++i) y = net.conv(net.b().unary(fbs::Activation(fbs::UnaryKind::Clamp, 0, 6), y), 8);
  net.output(y);
  add_biases(net.graph());
  const Graph& graph = net.graph();
  const Network network(graph);
  const Parameters dense = network.parameters();
  const Noise samples(128);
  OutputError error(network, find_taps(network, dense, samples), dense, samples, 8, 2);
  for (size_t node = 0; node < graph.nodes.size(); ++node) {
    if (!is_layer(graph.nodes[node])) continue;
    CAPTURE(node);
    Parameters changed = dense;
    for (float& w : changed[static_cast<size_t>(graph.nodes[node].inputs[1])]) w *= 0.5f;
    const double expected =
        OutputError(network, find_taps(network, dense, samples), dense, samples, 8, 2).of(changed).error;
    error.start_at(node, dense);
    CHECK(expected > 0);
    CHECK(error.of(changed).error == expected);
  }
}

TEST_CASE("distill: a changed network learns to answer as before, where the mask lets it") {
  TestNet net;
  const ValueId x = net.input({1, 24});
  net.output(net.fully_connected(net.fully_connected(x, 32), 12));
  Twins twins(net);
  const Network& network = twins.network;
  const Parameters& dense = twins.dense;
  std::vector<float>& weights = twins.changed[twins.weight];
  std::vector<Mask> masks(dense.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    masks[twins.weight].push_back(i % 2 == 0);
    if (i % 2 != 0) weights[i] = 0;
  }
  const Noise samples(24);
  const std::vector<Tap> taps = find_taps(network, dense, samples);
  const OutputError error(network, taps, dense, samples, 16, 1);
  const Lost before = error.of(twins.changed);
  DistillOptions options;
  options.batches = 200;
  options.rate = 0.02;
  distill(network, taps, dense, twins.changed, masks, samples, options, [](size_t, double) { return 0.0; });
  const Lost after = error.of(twins.changed);
  CHECK(after.error < 0.7 * before.error);
  CHECK(after.loss < 0.7 * before.loss);
  for (size_t i = 1; i < weights.size(); i += 2) CHECK(weights[i] == 0);
}

/// Noise of which every second number is zero.
class HalfNoise : public Noise {
 public:
  using Noise::Noise;
  std::vector<float> varied(size_t i, std::mt19937& rng) const override {
    std::vector<float> x = Noise::varied(i, rng);
    for (size_t k = 1; k < x.size(); k += 2) x[k] = 0;
    return x;
  }
};

/// Squared distance of the weights of the inputs that are always zero.
double distance_unseen(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 1; i < a.size(); i += 2) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

TEST_CASE("distill: what no sample shows is learnt as well, where the outputs would differ") {
  TestNet net;
  net.output(net.fully_connected(net.input({1, 8}), 12));
  Twins twins(net);
  const Network& network = twins.network;
  const Parameters& dense = twins.dense;
  std::vector<float>& weights = twins.changed[twins.weight];
  // Where both networks give the same there is no way apart.
  for (size_t i = 0; i < weights.size(); ++i) weights[i] *= i % 2 == 0 ? 0.8f : 0.0f;
  const double before = distance_unseen(weights, dense[twins.weight]);
  const HalfNoise samples(8);
  DistillOptions options;
  options.batches = 200;
  options.rate = 0.02;
  distill(network, find_taps(network, dense, samples), dense, twins.changed, std::vector<Mask>(dense.size()), samples,
          options, [](size_t, double) { return 0.0; });
  CHECK(distance_unseen(weights, dense[twins.weight]) < 0.5 * before);
}

}  // namespace
}  // namespace lacuna::prune
