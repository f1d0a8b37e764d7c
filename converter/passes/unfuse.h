// The inverse of the fusing passes.
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

/// Gives every residual and every activation of another node a node of its own, as other formats want them. The values
/// of the graph keep their names.
void unfuse(Graph& graph);

}  // namespace lacuna
