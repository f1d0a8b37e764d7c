// Times every packing of the layers of known networks, one thread, weights at random: microseconds, multiply-adds with
// weights that are not zero a second, the same as if dense, and the former as a share of what this machine does in
// registers.
#include <cstdio>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/table.h"
#include "converter/cost/measure.h"
#include "converter/cost/sweep.h"
#include "platforms/cpu_features.h"
#include "platforms/platform.h"
#include "tests/bench/layers/peak.h"

namespace lacuna {
namespace {

struct Options {
  std::vector<double> densities = {0.1, 0.2};
  std::string isa;
  std::string only;
  double milliseconds = 5;
};

struct Tier {
  Isa isa;
  PeakLoop peak;
};

constexpr Tier kTiers[] = {
    {kScalar, peak_scalar},
#if defined(__x86_64__)
    {kAvx2, peak_avx2},
    {kAvx512, peak_avx512},
#endif
};

/// Multiply-adds in a nanosecond, the best of some tries.
double measure_peak(PeakLoop loop) {
  constexpr int kTries = 20;
  constexpr int64_t kRounds = 200000;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const uint64_t start = clock_ns();
    volatile float kept;
    float result;
    const auto macs = static_cast<double>(loop(kRounds, &result));
    kept = result;
    static_cast<void>(kept);
    best = std::max(best, macs / static_cast<double>(std::max<uint64_t>(clock_ns() - start, 1)));
  }
  return best;
}

Tier best_tier(const std::string& wanted) {
  Tier best = kTiers[0];
  for (const Tier& tier : kTiers) {
    for (const IsaName& entry : kIsaNames) {
      if (entry.isa == tier.isa && (cpu_isas() & tier.isa) != 0 && (wanted.empty() || wanted == entry.name))
        best = tier;
    }
  }
  return best;
}

double dense_macs(const Layer& layer) {
  return static_cast<double>(count(layer.y)) * static_cast<double>(count(layer.weight, 1, layer.weight.rank));
}

void add_rows(const Layer& layer, double density, const Tier& tier, double peak, const Options& options,
              CacheSweeper& sweeper, Table& table) {
  constexpr uint32_t kSeed = 5;
  constexpr int kLeastRuns = 5;
  const Tensor weight = random_weights(layer.weight, density, kSeed);
  for (const fbs::Packing packing : packings_of(layer)) {
    const WeightBytes packed = pack_for_this_machine(layer, weight, nullptr, packing);
    LayerTimer timer(layer, packed, up_to(tier.isa));
    const double ns = least_ns(timer, sweeper, options.milliseconds * 1e-3, kLeastRuns);
    const double dense = dense_macs(layer) / ns, nonzero = dense * density;
    table.add_row({name_of(layer), percent(density), fbs::EnumNamePacking(packing), timer.kernel(), fixed(ns * 1e-3, 1),
                   fixed(nonzero, 1), fixed(dense, 1), percent(nonzero / peak)});
  }
}

int bench(const Options& options) {
  const Tier tier = best_tier(options.isa);
  const double peak = measure_peak(tier.peak);
  using Align = Table::Align;
  Table table({{"layer"},
               {"density", Align::kRight},
               {"packing"},
               {"kernel"},
               {"us", Align::kRight},
               {"GMAC/s on non-zeros", Align::kRight},
               {"as if dense", Align::kRight},
               {"of peak", Align::kRight}});
  CacheSweeper sweeper;
  for (const Layer& layer : sweep_layers(false)) {
    if (name_of(layer).find(options.only) == std::string::npos) continue;
    for (const double density : options.densities) add_rows(layer, density, tier, peak, options, sweeper, table);
  }
  print("peak in registers: " + fixed(peak, 1) + " GMAC/s\n\n" + table.to_string());
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Times kernels on the layers of known networks, with random weights, in every packing.");
  app.add_option("--densities", options.densities, "Parts of the weights that are not zero")->delimiter(',');
  app.add_option("--isa", options.isa, "Highest instruction set that kernels may use");
  app.add_option("--only", options.only, "Layers whose name has this text");
  app.add_option("--milliseconds", options.milliseconds, "How long each packing is timed");
  CLI11_PARSE(app, argc, argv);
  return bench(options);
}

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  try {
    return lacuna::run(argc, argv);
  } catch (const std::exception& error) {
    lacuna::print_error(error.what());
    return 1;
  }
}
