// What model_costs.py makes cost profiles of, and compares them with.
//   cost_samples run                 runs layers of sweep_layers, cut to a size that can be emulated, each once between
//                                    two readings of the clock; a line each: packing, kind, number of each term
//   cost_samples compare             the same of a few layers, dense and sparse; each line starts with the layer's name
//                                    and its density, ended by tabs
//   cost_samples predict NAME < LINES  nanoseconds that the built-in profile NAME predicts, a line each
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

void run(const SweepPoint& point, CacheSweeper& sweeper) {
  const WeightBytes weights = pack_point(point);
  LayerTimer(point.layer, weights, cpu_isas()).time_ns(sweeper);
  std::printf("%s %s", fbs::EnumNamePacking(point.packing), name_of(kind_of(point.layer)));
  for (const double n : count_terms(point.layer, size_of(weights))) std::printf(" %.17g", n);
  std::printf("\n");
}

void run_samples() {
  std::vector<Layer> layers;
  for (const Layer& layer : sweep_layers(false)) layers.push_back(cut(layer));
  CacheSweeper sweeper;
  for (const SweepPoint& point : sweep_points(layers, {0.05, 0.2, 0.5, 1})) run(point, sweeper);
}

void run_comparison() {
  const Layer layers[] = {
      make_conv(16, 64, 1, 1, 112), make_conv(64, 64, 1, 1, 56),        make_conv(128, 64, 1, 1, 28),
      make_conv(256, 64, 1, 1, 14), make_conv(512, 64, 1, 1, 7),        make_conv(32, 32, 3, 1, 28),
      make_conv(32, 32, 3, 2, 56),  make_fully_connected(1024, 128, 1),
  };
  CacheSweeper sweeper;
  for (const Layer& layer : layers) {
    const auto compare = [&](fbs::Packing packing, double density) {
      std::printf("%s\t%g\t", name_of(layer).c_str(), density);
      run({layer, packing, density}, sweeper);
    };
    compare(kind_of(layer) == LayerKind::kOnePixel ? fbs::Packing::DenseRows16 : fbs::Packing::DenseRows8, 1);
    for (const double density : {0.5, 0.4, 0.3, 0.2, 0.1}) compare(fbs::Packing::SparseRows, density);
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

/// Lines of samples; with nanoseconds, or 0.
std::vector<Sample> read_samples() {
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
    samples.push_back(sample);
  }
  return samples;
}

void predict(const char* name) {
  const CostModel costs = costs_of_target(name);
  for (const Sample& sample : read_samples()) {
    std::printf("%.17g\n", 1000 * costs.microseconds(sample.kind, sample.packing, sample.counts).value());
  }
}

void fit(char** arguments) {
  std::vector<Sample> samples = read_samples();
  for (Sample& sample : samples) sample.ns += std::atof(arguments[3]) * lines_from_l2(sample);
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
  } else if (argc == 2 && std::strcmp(argv[1], "compare") == 0) {
    lacuna::run_comparison();
  } else if (argc == 3 && std::strcmp(argv[1], "predict") == 0) {
    lacuna::predict(argv[2]);
  } else if (argc == 6 && std::strcmp(argv[1], "fit") == 0) {
    lacuna::fit(argv + 2);
  } else {
    std::fprintf(stderr, "usage: cost_samples run | compare | predict NAME | fit NAME MACHINE L2_BYTES LINE_NS\n");
    return 2;
  }
  return 0;
}
