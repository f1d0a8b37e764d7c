// Per layer: which packing holds its weights, and why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/cost/profile.h"
#include "converter/ir/graph.h"

namespace lacuna {

/// A legal packing with its predicted time of one run at one thread.
struct PackingTime {
  fbs::Packing packing = fbs::Packing::None;
  double us = 0;
};

/// What was decided for one node. For a node without weights only `macs` counts and the packing is None.
struct Choice {
  fbs::Packing packing = fbs::Packing::None;
  bool ordered = false;  ///< whether rows are stored in the order of their entries (kernels/spmm/sparse_rows.h)
  uint64_t weights = 0;  ///< all of them, zeros included
  uint64_t nonzeros = 0;
  uint64_t macs = 0;                   ///< multiply-adds of one run as if dense
  uint64_t nonzero_macs = 0;           ///< of these, with a non-zero weight
  std::string reason;                  ///< one sentence for people
  std::string pattern;                 ///< how the zeros lie: detect_pattern
  std::vector<PackingTime> predicted;  ///< the dense packing first; without those that the profile does not know
  double break_even = 0;  ///< density of random zeros below which skipping them is predicted to pay; 0: never

  double density() const { return weights == 0 ? 1.0 : static_cast<double>(nonzeros) / static_cast<double>(weights); }
};

/// One choice a node, in order: the packing that `costs` predict to be the fastest.
std::vector<Choice> choose(const Graph& graph, const CostModel& costs);

}  // namespace lacuna
