#include "converter/cost/fit.h"

#include <doctest/doctest.h>

#include <random>

namespace lacuna {
namespace {

constexpr auto kPacking = fbs::Packing::SparseRows;

/// Samples whose time is exactly what `ns` says, for counts of many magnitudes.
std::vector<Sample> samples_of(const TermCounts& ns, int n) {
  std::mt19937 rng(5);
  std::vector<Sample> samples;
  for (int i = 0; i < n; ++i) {
    Sample sample;
    sample.packing = kPacking;
    for (size_t t = 0; t < kTerms; ++t) sample.counts[t] = static_cast<double>(rng() % 1000000) + 1;
    sample.counts[0] = 1;
    for (size_t t = 0; t < kTerms; ++t) sample.ns += sample.counts[t] * ns[t];
    samples.push_back(sample);
  }
  return samples;
}

TermCounts some_costs() {
  TermCounts ns = {};
  ns[static_cast<size_t>(Term::kEntryVectors)] = 0.5;
  ns[static_cast<size_t>(Term::kRowVectors)] = 2;
  ns[static_cast<size_t>(Term::kOutputBytes)] = 0.03;
  return ns;
}

TEST_CASE("exact times give the costs back") {
  const std::vector<Sample> samples = samples_of(some_costs(), 100);
  const Profile profile = {"test", "machine", 1 << 20, fit_costs(samples)};
  REQUIRE(profile.costs.size() == 1);
  const TermCounts& ns = profile.costs[0].ns;
  CHECK(ns[static_cast<size_t>(Term::kEntryVectors)] == doctest::Approx(0.5).epsilon(0.01));
  CHECK(ns[static_cast<size_t>(Term::kRowVectors)] == doctest::Approx(2).epsilon(0.01));
  CHECK(fit_error(profile, samples).worst < 1e-3);
}

TEST_CASE("no cost is negative where least squares alone would make it so") {
  std::vector<Sample> samples = samples_of(some_costs(), 60);
  for (Sample& sample : samples) sample.ns /= 1 + sample.counts[static_cast<size_t>(Term::kInputBytes)] * 1e-6;
  const std::vector<LayerCosts> costs = fit_costs(samples);
  for (const double ns : costs[0].ns) CHECK(ns >= 0);
}

TEST_CASE("a few disturbed measurements do not bend the rest") {
  std::vector<Sample> samples = samples_of(some_costs(), 100);
  for (size_t i = 0; i < samples.size(); i += 20) samples[i].ns *= 3;
  const Profile profile = {"test", "machine", 1 << 20, fit_costs(samples)};
  CHECK(fit_error(profile, samples).median < 0.03);
}

TEST_CASE("packings and kinds are fitted apart") {
  std::vector<Sample> samples = samples_of(some_costs(), 40);
  for (size_t i = 0; i < samples.size(); i += 2) {
    samples[i].kind = LayerKind::kWindow;
    samples[i].ns *= 2;
  }
  const std::vector<LayerCosts> costs = fit_costs(samples);
  REQUIRE(costs.size() == 2);
  CHECK(fit_error({"test", "machine", 1 << 20, costs}, samples).worst < 0.01);
}

TEST_CASE("nothing measured is no error") { CHECK(fit_error({}, {}).worst == 0); }

}  // namespace
}  // namespace lacuna
