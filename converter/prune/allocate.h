// How dense each layer is to be: the least loss for a budget, as SPDY chooses it (Frantar and Alistarh, 2022).
#pragma once

#include <vector>

#include "converter/cost/profile.h"
#include "converter/prune/layers.h"

namespace lacuna::prune {

/// One way of pruning a layer.
struct Option {
  double density = 1;
  double loss = 0;  ///< at the network's output
  double cost = 0;  ///< in units of the budget
};

/// Index of the option of each layer: the least sum of losses among those whose costs sum up to at most `budget`, by
/// dynamic programming over the budget in 4096 steps, costs rounded up. Empty when even the cheapest options cost more.
std::vector<size_t> allocate(const std::vector<std::vector<Option>>& layers, double budget);

/// Predicted microseconds of a layer whose zeros lie at random in the pattern, in its best packing; 0 for a layer that
/// the costs do not know.
double predict_us(const Graph& graph, const PrunedLayer& layer, Pattern pattern, double density,
                  const CostModel& costs);

}  // namespace lacuna::prune
