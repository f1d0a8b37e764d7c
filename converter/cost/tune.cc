#include "converter/cost/tune.h"

#include <algorithm>

#include "converter/cost/measure.h"
#include "converter/cost/sweep.h"
#include "platforms/platform.h"

namespace lacuna {
namespace {

constexpr uint32_t kSeed = 7;
constexpr int kLeastPasses = 2;
constexpr int kLeastRuns = 3;
constexpr double kSecondsPerPoint = 1e-3;

double seconds_since(uint64_t start_ns) { return static_cast<double>(clock_ns() - start_ns) * 1e-9; }

/// Whether the packing stores less when there are more zeros, so that densities matter.
bool skips_zeros(const Layer& layer, fbs::Packing packing) {
  constexpr auto kEntries = static_cast<size_t>(Term::kEntryVectors);
  return estimate_terms(layer, 0, packing)[kEntries] < estimate_terms(layer, 1, packing)[kEntries];
}

/// A layer with weights of some density in some packing.
struct Point {
  const Layer* layer;
  fbs::Packing packing;
  double density;
};

std::vector<Point> points_of(const std::vector<Layer>& layers, bool quick) {
  std::vector<Point> points;
  for (const Layer& layer : layers) {
    for (const fbs::Packing packing : packings_of(layer)) {
      if (skips_zeros(layer, packing)) {
        for (const double density : sweep_densities(quick)) points.push_back({&layer, packing, density});
      } else {
        points.push_back({&layer, packing, 1});
      }
    }
  }
  return points;
}

WeightBytes pack(const Point& point) {
  const Layer& layer = *point.layer;
  const PackedAttrs attrs(layer.attrs);
  const Tensor weight = random_weights(layer.weight, point.density, kSeed);
  const Tensor bias(ElementType::kF32, make_shape({layer.weight[0]}));
  return host_op(layer.attrs.type).pack(attrs.table(), weight, layer.has_bias ? &bias : nullptr, point.packing);
}

/// Times a point on every tier and keeps the least of this and earlier passes.
void measure(const Point& point, size_t index, CacheSweeper& sweeper, std::vector<TunedTier>& tiers) {
  const WeightBytes weights = pack(point);
  for (TunedTier& tier : tiers) {
    LayerTimer timer(*point.layer, weights, up_to(tier.isa));
    const double ns = least_ns(timer, sweeper, kSecondsPerPoint, kLeastRuns);
    if (index == tier.samples.size()) {
      tier.samples.push_back({point.packing, kind_of(*point.layer), count_terms(*point.layer, size_of(weights)), ns});
    } else {
      tier.samples[index].ns = std::min(tier.samples[index].ns, ns);
    }
  }
}

}  // namespace

std::vector<TunedTier> tune(const TuneOptions& options) {
  const std::vector<Layer> layers = sweep_layers(options.quick);
  const std::vector<Point> points = points_of(layers, options.quick);
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
