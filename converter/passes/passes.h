// Rewrites of the graph that keep what it computes. Each pass is one file and one line of passes.inc; it returns
// whether it changed anything, leaves the nodes in execution order, and keeps the ids and names of the graph's inputs
// and outputs (materialize_outputs alone gives an output a new id).
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

#define LACUNA_PASS(name) bool name(Graph& graph);
#include "converter/passes/passes.inc"
#undef LACUNA_PASS

/// Runs all passes in rounds until a round changes nothing, at most kMaxPassRounds times.
/// Outputs stay within float rounding of the original's; folded products are computed in double.
void run_passes(Graph& graph);

constexpr int kMaxPassRounds = 64;

}  // namespace lacuna
