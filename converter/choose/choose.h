// Per layer: which packing holds its weights, and why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// What was decided for one node. For a node without weights only `macs` counts and the packing is None.
struct Choice {
  fbs::Packing packing = fbs::Packing::None;
  uint64_t weights = 0;  ///< all of them, zeros included
  uint64_t nonzeros = 0;
  uint64_t macs = 0;          ///< multiply-adds of one run as if dense
  uint64_t nonzero_macs = 0;  ///< of these, with a non-zero weight
  std::string reason;         ///< one sentence for people

  double density() const { return weights == 0 ? 1.0 : static_cast<double>(nonzeros) / static_cast<double>(weights); }
};

/// One choice a node, in order.
std::vector<Choice> choose(const Graph& graph);

}  // namespace lacuna
