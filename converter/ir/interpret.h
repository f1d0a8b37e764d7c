// Evaluates a whole graph by the reference operators.
#pragma once

#include <functional>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// Called before each node with its index.
using InterpretProgress = std::function<void(size_t node)>;

/// Outputs of the graph, in its order, for `inputs` in its order. Slow and exact: nodes run one after the other by
/// their references, and a value is freed after its last reader.
/// Throws Error(kUsage) when the inputs do not fit the graph's.
std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs,
                              const InterpretProgress& progress = nullptr);

}  // namespace lacuna
