// Gives channels that no activation tells apart another basis, in which more of the weights around them are nearly
// zero. The network stays the same but for what it calls its channels.
//
// The channels x of a linear bundle may become Q x for any invertible Q, as in the bottlenecks of inverted residuals:
// what makes them becomes Q W, what reads them W Q^-1. Q is found by gradients of what pruning would lose.
#pragma once

#include <functional>
#include <vector>

#include "converter/prune/channels.h"
#include "converter/prune/layers.h"
#include "converter/prune/samples.h"

namespace lacuna::prune {

struct BasisOptions {
  Pattern pattern = Pattern::kFree;
  double density = 0.5;  ///< of the layers that are pruned
  int steps = 200;       ///< at most; none at all where `macs` allows fewer than 30
  double macs = 1e12;    ///< multiply-adds at most, about
  size_t threads = 1;
};

/// What another basis of a bundle's channels gains.
struct BasisChange {
  int64_t channels = 0;
  /// Squared weights by the inputs' variances, each output in units of its own, that the lesser part of the weights or
  /// blocks of a layer holds: the mean over the bundle's layers that are pruned, as part of all.
  double lost_before = 0, lost = 0;
};

/// Changes the bases of all linear bundles that have layers to prune, where that lessens what is lost; `changed` hears
/// of each. `samples` tell how much channels vary; all layers have a bias.
void find_sparse_bases(Graph& graph, const std::vector<PrunedLayer>& layers, const Samples& samples,
                       const BasisOptions& options, const std::function<void(const BasisChange&)>& changed);

}  // namespace lacuna::prune
