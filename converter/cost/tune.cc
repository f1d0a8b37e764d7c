#include "converter/cost/tune.h"

#include <algorithm>

#include "converter/cost/measure.h"
#include "converter/cost/sweep.h"
#include "platforms/platform.h"

namespace lacuna {
namespace {

constexpr int kLeastPasses = 2;
constexpr int kLeastRuns = 3;
constexpr double kSecondsPerPoint = 1e-3;

double seconds_since(uint64_t start_ns) { return static_cast<double>(clock_ns() - start_ns) * 1e-9; }

/// Times a point on every tier and keeps the least of this and earlier passes.
void measure(const SweepPoint& point, size_t index, CacheSweeper& sweeper, std::vector<TunedTier>& tiers) {
  const WeightBytes weights = pack_point(point);
  for (TunedTier& tier : tiers) {
    LayerTimer timer(point.layer, weights, up_to(tier.isa));
    const double ns = least_ns(timer, sweeper, kSecondsPerPoint, kLeastRuns);
    if (index == tier.samples.size()) {
      tier.samples.push_back(
          {point.packing, kind_of(point.layer, point.packing), count_terms(point.layer, size_of(weights)), ns});
    } else {
      tier.samples[index].ns = std::min(tier.samples[index].ns, ns);
    }
  }
}

}  // namespace

std::vector<TunedTier> tune(const TuneOptions& options) {
  const std::vector<SweepPoint> points = sweep_points(sweep_layers(options.quick), sweep_densities(options.quick));
  std::vector<TunedTier> tiers;
  for (const Isa isa : options.isas)
    tiers.push_back({isa, {profile_name_of(isa), options.machine, options.l2_bytes, {}}, {}});
  CacheSweeper sweeper;
  const uint64_t start = clock_ns();
  double pass_seconds = 0;
  for (int pass = 0; pass < kLeastPasses || seconds_since(start) + pass_seconds < options.seconds; ++pass) {
    const uint64_t pass_start = clock_ns();
    for (size_t i = 0; i < points.size(); ++i) {
      measure(points[i], i, sweeper, tiers);
      if (pass == 0)
        pass_seconds = seconds_since(start) / static_cast<double>(i + 1) * static_cast<double>(points.size());
      const double whole = std::max(options.seconds, kLeastPasses * pass_seconds);
      if (options.progress) options.progress(seconds_since(start), std::max(whole, seconds_since(start)));
    }
    pass_seconds = seconds_since(pass_start);
  }
  for (TunedTier& tier : tiers) tier.profile.costs = fit_costs(tier.samples);
  return tiers;
}

}  // namespace lacuna
