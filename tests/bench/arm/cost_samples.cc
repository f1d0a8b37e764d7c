// What model_costs.py makes cost profiles of.
//   cost_samples run                 runs layers of sweep_layers, cut to a size that can be emulated, each once between
//                                    two readings of the clock; a line each: packing, kind, number of each term
//   cost_samples fit NAME MACHINE L2_BYTES LINE_NS < LINES
//                                    such lines ended by nanoseconds; writes a profile, and to stderr how far its
//                                    predictions are off. A cache line from L2 takes LINE_NS beside what was counted.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>

#include "converter/cost/fit.h"
#include "converter/cost/measure.h"
#include "converter/cost/sweep.h"
#include "platforms/cpu_features.h"

namespace lacuna {
namespace {

constexpr int64_t kMostChannels = 128, kMostRows = 32, kMostUnits = 128;
constexpr double kLineBytes = 64;

/// The same layer with fewer channels and rows: time is in proportion to them.
Layer cut(const Layer& layer) {
  if (const fbs::ConvAttrsT* conv = layer.attrs.AsConv()) {
    const int64_t kernel = conv->kernel[0], stride = conv->stride[0], size = layer.x[2];
    if (kind_of(layer) == LayerKind::kDepthwise) {
      const int64_t channels = std::min(layer.x[1], kMostRows);
      return make_conv(channels, channels, kernel, stride, size, channels);
    }
    return make_conv(std::min(layer.x[1], kMostChannels), std::min(layer.y[1], kMostRows), kernel, stride, size);
  }
  return make_fully_connected(layer.x[1], std::min(layer.y[1], kMostUnits), layer.x[0]);
}

void run_samples() {
  std::vector<Layer> layers;
  for (const Layer& layer : sweep_layers(false)) layers.push_back(cut(layer));
  CacheSweeper sweeper;
  for (const SweepPoint& point : sweep_points(layers, {0.05, 0.2, 0.5, 1})) {
    const WeightBytes weights = pack_point(point);
    LayerTimer(point.layer, weights, cpu_isas()).time_ns(sweeper);
    std::printf("%s %s", fbs::EnumNamePacking(point.packing), name_of(kind_of(point.layer)));
    for (const double n : count_terms(point.layer, size_of(weights))) std::printf(" %.17g", n);
    std::printf("\n");
  }
}

/// Output rows that a column, once loaded, is multiplied with.
double rows_together(fbs::Packing packing) {
  switch (packing) {
    case fbs::Packing::SparseRows4:
      return 4;
    case fbs::Packing::DenseRows8:
      return 8;
    case fbs::Packing::DenseRows16:
      return 16;
    default:
      return 1;
  }
}

/// 16 floats are a line: columns beyond L1 come from L2, and all weights do.
double lines_from_l2(const Sample& sample) {
  const auto term = [&](Term t) { return sample.counts[static_cast<size_t>(t)]; };
  return term(Term::kFarVectors) / rows_together(sample.packing) + term(Term::kWeightBytes) / kLineBytes;
}

template <class Enum>
Enum parse(const std::string& name, int count, const char* (*name_of_value)(Enum)) {
  for (int i = 0; i < count; ++i) {
    if (name == name_of_value(static_cast<Enum>(i))) return static_cast<Enum>(i);
  }
  std::fprintf(stderr, "cost_samples: nothing is named %s\n", name.c_str());
  std::exit(1);
}

std::vector<Sample> read_samples(double line_ns) {
  std::vector<Sample> samples;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string packing, kind;
    words >> packing >> kind;
    Sample sample;
    sample.packing = parse<fbs::Packing>(packing, static_cast<int>(fbs::Packing::MAX) + 1, fbs::EnumNamePacking);
    sample.kind = parse<LayerKind>(kind, kLayerKinds, name_of);
    for (double& n : sample.counts) words >> n;
    words >> sample.ns;
    sample.ns += line_ns * lines_from_l2(sample);
    samples.push_back(sample);
  }
  return samples;
}

void fit(char** arguments) {
  const std::vector<Sample> samples = read_samples(std::atof(arguments[3]));
  const Profile profile = {arguments[0], arguments[1], std::atoll(arguments[2]), fit_costs(samples)};
  for (const LayerCosts& costs : profile.costs) {
    std::vector<Sample> part;
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(part),
                 [&](const Sample& s) { return s.packing == costs.packing && s.kind == costs.kind; });
    const FitError error = fit_error(profile, part);
    std::fprintf(stderr, "%-12s %-12s %-10s %4zu layers: median error %4.1f %%, p90 %4.1f %%\n", arguments[0],
                 fbs::EnumNamePacking(costs.packing), name_of(costs.kind), part.size(), 100 * error.median,
                 100 * error.p90);
  }
  std::cout << to_json({profile});
}

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "run") == 0) {
    lacuna::run_samples();
  } else if (argc == 6 && std::strcmp(argv[1], "fit") == 0) {
    lacuna::fit(argv + 2);
  } else {
    std::fprintf(stderr, "usage: cost_samples run | fit NAME MACHINE L2_BYTES LINE_NS\n");
    return 2;
  }
  return 0;
}
