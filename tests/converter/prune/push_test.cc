// Samples moved towards other classes.
#include "converter/prune/push.h"

#include "converter/prune/layers.h"
#include "converter/prune/loss.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

constexpr uint32_t kSeed = 5, kClasses = 12;

class Noise : public Samples {
 public:
  Noise(size_t floats, size_t size) : floats_(floats), size_(size) {}
  size_t size() const override { return size_; }
  std::vector<float> plain(size_t) const override { return std::vector<float>(floats_, 1.0f); }
  std::vector<float> varied(size_t, std::mt19937& rng) const override {
    std::normal_distribution<float> normal;
    std::vector<float> x(floats_);
    for (float& v : x) v = normal(rng);
    return x;
  }

 private:
  size_t floats_, size_;
};

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
  PushedSamples push(size_t threads = 2) const {
    return {samples, network->graph(), dense, find_taps(*network, dense, samples), threads, kSeed};
  }
  /// Logarithms of the probabilities of all classes.
  std::vector<double> log_probabilities(const std::vector<float>& x) const {
    Tape tape(*network, false);
    std::copy(x.begin(), x.end(), tape.value(network->graph().inputs[0]));
    tape.forward(dense);
    std::vector<double> logs;
    for (uint32_t c = 0; c < kClasses; ++c) {
      std::vector<float> wanted(kClasses, -1e9f);
      wanted[c] = 0;
      logs.push_back(-divergence(wanted.data(), tape.value(network->graph().outputs[0]), kClasses));
    }
    return logs;
  }
};

TEST_CASE("pushed samples are likelier to be of a class, another one each") {
  const Case problem(5);
  const PushedSamples pushed = problem.push();
  REQUIRE(pushed.count() == 5 * PushedSamples::kMostOfOne);
  std::vector<int> seen(kClasses);
  for (size_t p = 0; p < pushed.count(); ++p) {
    CAPTURE(p);
    std::mt19937 rng(kSeed + static_cast<uint32_t>(p));
    const std::vector<double> before = problem.log_probabilities(problem.samples.varied(p % 5, rng));
    const std::vector<double> after = problem.log_probabilities(pushed.pushed(p));
    uint32_t goal = 0;  // what has become likelier by most
    for (uint32_t c = 1; c < kClasses; ++c) {
      if (after[c] - before[c] > after[goal] - before[goal]) goal = c;
    }
    CHECK(after[goal] > before[goal]);
    ++seen[goal];
  }
  CHECK(std::count(seen.begin(), seen.end(), 0) <= 4);  // what is likelier by most need not be the goal
}

TEST_CASE("half of the varied samples are pushed ones, and none of the plain") {
  const Case problem(4);
  const PushedSamples pushed = problem.push();
  std::vector<int> seen(pushed.count() + 1);
  std::mt19937 rng(3);
  for (int i = 0; i < 400; ++i) {
    const std::vector<float> x = pushed.varied(1, rng);
    size_t p = 0;
    while (p < pushed.count() && pushed.pushed(p) != x) ++p;
    ++seen[p];
  }
  for (size_t p = 0; p < pushed.count(); ++p) CHECK((seen[p] > 25) == (p % 4 == 1));
  CHECK(seen[pushed.count()] > 150);
  CHECK(seen[pushed.count()] < 250);
  CHECK(pushed.plain(1) == problem.samples.plain(1));
}

TEST_CASE("pushed samples: the same for any number of threads") {
  const Case problem(7);
  const PushedSamples one = problem.push(1), three = problem.push(3);
  for (size_t p = 0; p < one.count(); ++p) CHECK(one.pushed(p) == three.pushed(p));
}

TEST_CASE("pushed samples: no more than kMost, samples without one stay varied") {
  const Case problem(PushedSamples::kMost + 1);
  const PushedSamples pushed = problem.push();
  CHECK(pushed.count() == PushedSamples::kMost);
  std::mt19937 a(3), b(3);
  CHECK(pushed.varied(PushedSamples::kMost, a) == problem.samples.varied(PushedSamples::kMost, b));
}

TEST_CASE("outputs that are no classes push nothing") {
  const Case problem(4, 3);
  CHECK(problem.push().count() == 0);
}

}  // namespace
}  // namespace lacuna::prune
