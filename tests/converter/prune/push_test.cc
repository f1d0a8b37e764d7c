// Samples moved towards other classes.
#include "converter/prune/push.h"

#include "converter/prune/layers.h"
#include "converter/prune/loss.h"
#include "tests/converter/prune/noise.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

constexpr uint32_t kSeed = 5, kClasses = 12;

struct Case {
  TestNet net;
  Noise samples;
  std::unique_ptr<Network> network;
  Parameters dense;

  explicit Case(size_t n, int64_t outputs = kClasses) : samples(8, n) {
    net.output(net.fully_connected(net.fully_connected(net.input({1, 8}), 16), outputs));
    add_biases(net.graph());
    network = std::make_unique<Network>(net.graph());
    dense = network->parameters();
  }
  PushedSamples push(size_t threads = 2, size_t most = PushedSamples::kMost) const {
    return {samples, network->graph(), dense, find_taps(*network, dense, samples), most, threads, kSeed};
  }
  /// Logarithm of the probability of a class.
  double log_probability(const std::vector<float>& x, uint32_t goal) const {
    Tape tape(*network, false);
    tape.set_input(x);
    tape.forward(dense);
    std::vector<float> wanted(kClasses, -1e9f);
    wanted[goal] = 0;
    return -divergence(wanted.data(), tape.value(network->graph().outputs[0]), kClasses);
  }
};

TEST_CASE("pushed samples are likelier to be of the class that was drawn") {
  const Case problem(20);
  const PushedSamples pushed = problem.push();
  REQUIRE(pushed.pushed().size() == 20);
  for (size_t i = 0; i < 20; ++i) {
    std::mt19937 rng(kSeed + static_cast<uint32_t>(i));
    const std::vector<float> before = problem.samples.varied(i, rng);
    const auto goal = static_cast<uint32_t>(rng() % kClasses);
    const double likelier = problem.log_probability(pushed.pushed()[i], goal) - problem.log_probability(before, goal);
    CHECK((likelier > 0.01 || problem.log_probability(before, goal) > std::log(0.9)));
  }
}

TEST_CASE("half of the varied samples are pushed ones, and none of the plain") {
  const Case problem(4);
  const PushedSamples pushed = problem.push();
  int n = 0;
  std::mt19937 rng(3);
  for (int i = 0; i < 400; ++i) n += pushed.varied(1, rng) == pushed.pushed()[1] ? 1 : 0;
  CHECK(n > 150);
  CHECK(n < 250);
  CHECK(pushed.plain(1) == problem.samples.plain(1));
}

TEST_CASE("pushed samples: the same for any number of threads") {
  const Case problem(7);
  CHECK(problem.push(1).pushed() == problem.push(3).pushed());
}

TEST_CASE("pushed samples: no more than kMost, the others stay varied") {
  const Case problem(PushedSamples::kMost + 1);
  const PushedSamples pushed = problem.push();
  CHECK(pushed.pushed().size() == PushedSamples::kMost);
  std::mt19937 a(3), b(3);
  CHECK(pushed.varied(PushedSamples::kMost, a) == problem.samples.varied(PushedSamples::kMost, b));
}

TEST_CASE("pushed samples: no more than there is time for") {
  CHECK(Case(7).push(2, 3).pushed().size() == 3);
  CHECK(Case(7).push(2, 0).pushed().empty());
}

TEST_CASE("outputs that are no classes push nothing") {
  const Case problem(4, 3);
  CHECK(problem.push().pushed().empty());
}

}  // namespace
}  // namespace lacuna::prune
