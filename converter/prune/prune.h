// Pruning after training, from unlabelled samples.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "converter/cost/profile.h"
#include "converter/prune/layers.h"
#include "converter/prune/samples.h"

namespace lacuna::prune {

struct PruneOptions {
  double sparsity = 0.5;             ///< zeros among the weights that count
  std::optional<double> speedup;     ///< instead: how many times faster the layers are to be, by the cost model
  std::optional<double> latency_us;  ///< instead: what all layers may take, by the cost model
  Pattern pattern = Pattern::kFree;
  std::vector<std::string> keep;
  double minutes = 10;
  size_t max_batches = 3000;  ///< of training, whatever time there is; 0: none
  uint32_t seed = 1;
  size_t threads = 1;
};

/// What became of a layer.
struct LayerResult {
  PrunedLayer layer;
  double error = 0;  ///< part of its outputs' variance that is lost on the samples, before training
  double sensitivity =
      -1;               ///< error at the network's outputs when it alone loses half of its weights; -1: not measured
  double dense_us = 0;  ///< predicted
  double us = 0;        ///< predicted
};

/// One point of the trade: least error for a predicted time, before training.
struct CurvePoint {
  double sparsity = 0;
  double us = 0;
  double error = 0;
};

struct PruneResult {
  Graph graph;  ///< unfused, with zeros
  std::vector<LayerResult> layers;
  std::vector<CurvePoint> curve;  ///< empty for a pattern that leaves no choice of densities
  double sparsity = 0;            ///< reached, among the weights that count
  double dense_us = 0, us = 0;    ///< predicted for all layers
  double error_before = 0;        ///< at the outputs: mean squared difference in units of the variance, before training
  double error = 0;               ///< the same in the end
  size_t batches = 0;             ///< of training
  double seconds = 0;
  bool out_of_time = false;  ///< training was cut short: another run may give other bytes
};

/// What the caller sees on the way.
struct PruneEvents {
  std::function<void(const std::string&)> say;
  /// A network that may be kept in case that nothing better comes; each is better than the last one.
  std::function<void(const Graph&)> checkpoint;
};

/// Prunes a graph as an importer gives it. Throws Error: kUsage for a goal that cannot be reached or a layer that is
/// not there, kUnsupported for a network without a layer to prune or with several inputs.
PruneResult prune(Graph graph, const Samples& samples, const CostModel& costs, const PruneOptions& options,
                  const PruneEvents& events);

}  // namespace lacuna::prune
