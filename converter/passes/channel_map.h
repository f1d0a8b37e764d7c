// Nodes that scale and shift along one dimension, however they are written.
#pragma once

#include <optional>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// y = activation(x * scale[c] + shift[c]), c along one dimension of x.
struct ChannelMap {
  ValueId x = kNoValue;
  std::vector<double> scale;
  std::vector<double> shift;
  fbs::Activation activation;
};

/// The node as a map along dimension `dim` of its output: an Affine node, or a Binary node of a computed value and a
/// constant. Nothing for other nodes, and for factors that are not finite.
std::optional<ChannelMap> channel_map(const Graph& graph, const Node& node, int dim);

/// A map with the same factor and term everywhere.
struct UniformMap {
  ValueId x = kNoValue;
  double scale = 1;
  double shift = 0;
};

/// The node (without its activation) as such a map; Unary Neg as well.
std::optional<UniformMap> uniform_map(const Graph& graph, const Node& node);

/// The constant as numbers along dimension `dim` of a value with this shape, one each, or the same everywhere;
/// nothing if it differs along another dimension.
std::optional<std::vector<double>> along_dimension(const Graph& graph, ValueId constant, const Shape& shape, int dim);

/// Rounds to float, as a constant [n] of the graph.
ValueId add_vector(Graph& graph, const std::string& name, const std::vector<double>& numbers);

}  // namespace lacuna
