// Gives channels that no activation tells apart another basis, in which more of the weights around them are nearly
// zero. The network stays the same but for what it calls its channels.
//
// The channels x of a linear bundle may become Q x for any invertible Q, as in the bottlenecks of inverted residuals:
// what makes them becomes Q W, what reads them W Q^-1. Q is found by gradients of what pruning would lose.
#pragma once

#include <vector>

#include "converter/prune/channels.h"
#include "converter/prune/layers.h"
#include "converter/prune/samples.h"

namespace lacuna::prune {

struct BasisOptions {
  Pattern pattern = Pattern::kFree;
  double density = 0.5;  ///< of the layers that are pruned
  int steps = 300;       ///< at most
  double macs = 1e12;    ///< multiply-adds at most, about
  size_t threads = 1;
};

/// What became of the bundles for which a better basis was found.
struct BasisResult {
  size_t bundles = 0;
  /// Squared weights by the inputs' variances, each output in units of its own, that the lesser part of the weights or
  /// blocks of a layer holds: the mean over these bundles' layers, as part of all.
  double lost_before = 0, lost = 0;
};

/// Changes the bases of all linear bundles that have layers to prune, where that lessens what is lost. `samples` tell
/// how much channels vary; all layers have a bias.
BasisResult find_sparse_bases(Graph& graph, const std::vector<PrunedLayer>& layers, const Samples& samples,
                              const BasisOptions& options);

}  // namespace lacuna::prune
