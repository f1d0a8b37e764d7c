// How much work fits into the time. Counted in multiply-adds and not by the clock, so that the same input gives the
// same bytes; what a slower machine does not get done by then is cut short by the clock.
#pragma once

#include <vector>

#include "converter/prune/layers.h"
#include "converter/prune/problem.h"

namespace lacuna::prune {

/// How the density of a layer is chosen.
enum class Probing : uint8_t {
  kMagnitudes,  ///< by the weights alone
  kOnce,        ///< by what the layer loses at the network's outputs
  kAll,         ///< the same, for the treatment that loses least
};

/// Multiply-adds of a layer, by level: `run` is what judging a solution once takes.
std::vector<double> probing_macs(const PrunedLayer& layer, double run);
/// By effort.
std::vector<double> solving_macs(const PrunedLayer& layer);

/// The highest level for each layer that lets all of them together take no more than `macs`; of the layers that take
/// most, one after the other is lowered, to the next level that takes less. `costs`: by layer and level.
std::vector<size_t> choose_levels(const std::vector<std::vector<double>>& costs, double macs);

}  // namespace lacuna::prune
