// Channels whose order or basis is free, because all that makes and reads them can follow.
#pragma once

#include <vector>

#include "converter/ir/graph.h"
#include "converter/prune/solver.h"

namespace lacuna::prune {

/// Channels that may be in any other order, if all that make and read them follow.
struct Bundle {
  int64_t channels = 0;
  std::vector<size_t> makers;     ///< nodes whose outputs they are: layers that are not depthwise
  std::vector<size_t> readers;    ///< nodes whose inputs they are: likewise
  std::vector<size_t> depthwise;  ///< nodes that they pass one by one
  /// They pass through nothing on the way that would tell them from mixtures of them, such as an activation: any
  /// basis of theirs is as good as another one.
  bool linear = true;
};

/// All bundles of an unfused graph. Channels that come into the network or leave it, or that an operator does not treat
/// all alike, are in none.
std::vector<Bundle> find_bundles(const Graph& graph);

/// Channel i becomes what channel order[i] was.
void reorder(Graph& graph, const Bundle& bundle, const std::vector<int64_t>& order);

/// The channels x of a linear bundle become `basis` x; `basis` [channels, channels], row-major, has an inverse. Layers
/// that make them have a bias.
void change_basis(Graph& graph, const Bundle& bundle, const std::vector<double>& basis);

}  // namespace lacuna::prune
