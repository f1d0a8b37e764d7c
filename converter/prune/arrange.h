// Puts channels whose weights are alike next to each other, so that blocks of four of them lose less. The network
// stays the same but for the order in which it keeps its channels.
#pragma once

#include <vector>

#include "converter/prune/adam.h"
#include "converter/prune/channels.h"
#include "converter/prune/layers.h"

namespace lacuna::prune {

/// An order of the rows of `scores` in which blocks of 4 agree on what is large. Each column belongs to a layer, which
/// keeps `density` of all its blocks, those with the largest sums; swaps of two rows make what these have above the
/// least of them as large as they can.
std::vector<int64_t> group_alike(const Matrix& scores, const std::vector<int>& layers, double density);

/// Orders the channels of every bundle for blocks of 4x1 or 1x4 that keep `density` of the weights of the layers that
/// are pruned. `inputs` by node. For other patterns nothing changes. Returns how many bundles that were.
size_t arrange_channels(Graph& graph, const std::vector<PrunedLayer>& layers, const std::vector<InputMoments>& inputs,
                        Pattern pattern, double density, size_t threads);

}  // namespace lacuna::prune
