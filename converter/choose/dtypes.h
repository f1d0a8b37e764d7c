// Which values of a network are halves on the device.
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

/// Makes values halves, by Value::dtype, and puts conversions (Unary Identity) between nodes of different types. Floats
/// remain: the network's inputs and outputs; what operators without OpRun::halves compute; what has a weight beyond the
/// range of halves; what has no weights, is not computed in halves anyway and lies in front of floats; and the front of
/// the network, as long as its planes have at least a quarter of the largest plane's pixels, for all that follows
/// amplifies its errors (docs/decisions/0011-halves.md). Run after all passes.
void choose_halves(Graph& graph);

}  // namespace lacuna
