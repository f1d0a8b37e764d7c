// The layers of a network and which of them are pruned.
#pragma once

#include <string>
#include <vector>

#include "converter/ir/graph.h"
#include "converter/prune/network.h"
#include "converter/prune/solver.h"

namespace lacuna::prune {

/// A convolution or fully connected node. Its weights are `groups` matrices [rows, columns], one behind the other.
struct PrunedLayer {
  size_t node = 0;  ///< index in the graph
  ValueId weight = kNoValue;
  ValueId bias = kNoValue;
  std::string name;
  std::string op;
  int64_t groups = 1;
  int64_t rows = 0;          ///< outputs of one group
  int64_t columns = 0;       ///< inputs of one group, taps included
  int64_t positions = 1;     ///< outputs of one channel: how often each weight is used in one run
  bool counts = false;       ///< its weights are part of what --sparsity is a share of
  std::string kept_because;  ///< not empty: the layer is left alone, and why
  bool frozen = false;       ///< training leaves it alone too
  double density = 1;        ///< to be reached

  int64_t weights() const { return groups * rows * columns; }
  bool pruned() const { return kept_because.empty(); }
};

struct LayerRules {
  std::vector<std::string> keep;  ///< names of nodes, or beginnings that end in '*'
  Pattern pattern = Pattern::kFree;
  size_t samples = 0;
};

/// Every layer with its reason. Throws Error(kUsage) for a name in `keep` that no layer has and when nothing is left to
/// prune.
std::vector<PrunedLayer> find_layers(const Graph& graph, const LayerRules& rules);

/// Leaves alone the layers at the front that have no more than `part` of all weights that count together: zeros there
/// cost much and save little, and what they give need not be computed twice when the rest is trained.
void keep_front(std::vector<PrunedLayer>& layers, double part);

/// Gives every layer a bias of its own.
void add_biases(Graph& graph);

/// Rows of the layer's input matrix, one an output position: what the columns of its weights meet. `x` is the input of
/// one sample; `group` picks the channels. Positions are indices of output pixels (rows of x for fully connected).
void gather_rows(const Graph& graph, const PrunedLayer& layer, int64_t group, const float* x,
                 const std::vector<int64_t>& positions, float* rows);

}  // namespace lacuna::prune
