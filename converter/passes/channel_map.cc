#include "converter/passes/channel_map.h"

#include <algorithm>
#include <cmath>

namespace lacuna {

namespace {

bool all_finite(const std::vector<double>& numbers) {
  // What rounds to a float infinity counts as infinite.
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(static_cast<float>(x)); });
}

bool all_same(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [&](double x) { return x == numbers.front(); });
}

std::optional<ChannelMap> map_of_affine(const Graph& graph, const Node& node, int dim) {
  if (!graph.is_constant(node.inputs[1]) || !graph.is_constant(node.inputs[2])) return std::nullopt;
  const std::vector<float>& scale = graph.constant(node.inputs[1]).f32;
  const std::vector<float>& shift = graph.constant(node.inputs[2]).f32;
  ChannelMap map{node.inputs[0], {scale.begin(), scale.end()}, {shift.begin(), shift.end()}, {}};
  if (dim != 1) {
    if (!all_same(map.scale) || !all_same(map.shift)) return std::nullopt;
    const auto n = static_cast<size_t>(graph.shape(node.output)[dim]);
    map.scale.assign(n, map.scale.front());
    map.shift.assign(n, map.shift.front());
  }
  map.activation = node.attrs.AsAffine()->activation;
  return map;
}

/// Scale and shift of `kind` with the constant on the right or on the left.
bool set_binary(fbs::BinaryKind kind, bool constant_first, const std::vector<double>& numbers, ChannelMap* map) {
  const size_t n = numbers.size();
  map->scale.assign(n, 1);
  map->shift.assign(n, 0);
  switch (kind) {
    case fbs::BinaryKind::Add:
      map->shift = numbers;
      return true;
    case fbs::BinaryKind::Mul:
      map->scale = numbers;
      return true;
    case fbs::BinaryKind::Sub:
      if (constant_first) map->scale.assign(n, -1);
      for (size_t c = 0; c < n; ++c) map->shift[c] = constant_first ? numbers[c] : -numbers[c];
      return true;
    case fbs::BinaryKind::Div:
      for (size_t c = 0; c < n; ++c) map->scale[c] = 1 / numbers[c];
      return !constant_first;
    default:
      return false;
  }
}

std::optional<ChannelMap> map_of_binary(const Graph& graph, const Node& node, int dim) {
  const bool constant_first = graph.is_constant(node.inputs[0]);
  if (constant_first == graph.is_constant(node.inputs[1])) return std::nullopt;
  ChannelMap map;
  map.x = node.inputs[constant_first ? 1 : 0];
  map.activation = node.attrs.AsBinary()->activation;
  const Shape& shape = graph.shape(node.output);
  if (graph.shape(map.x) != shape) return std::nullopt;
  const auto numbers = along_dimension(graph, node.inputs[constant_first ? 0 : 1], shape, dim);
  if (!numbers || !set_binary(node.attrs.AsBinary()->kind, constant_first, *numbers, &map)) return std::nullopt;
  return map;
}

}  // namespace

std::optional<std::vector<double>> along_dimension(const Graph& graph, ValueId constant, const Shape& shape, int dim) {
  const Tensor& tensor = graph.constant(constant);
  if (tensor.type != ElementType::kF32 || tensor.shape.rank > shape.rank) return std::nullopt;
  const auto n = static_cast<size_t>(shape[dim]);
  if (tensor.f32.size() == 1) return std::vector<double>(n, tensor.f32.front());
  const int at = dim - (shape.rank - tensor.shape.rank);
  if (at < 0 || tensor.f32.size() != n || tensor.shape[at] != shape[dim]) return std::nullopt;
  return std::vector<double>(tensor.f32.begin(), tensor.f32.end());
}

std::optional<ChannelMap> channel_map(const Graph& graph, const Node& node, int dim) {
  if (dim >= graph.shape(node.output).rank) return std::nullopt;
  std::optional<ChannelMap> map;
  if (node.attrs.type == fbs::OpAttrs::Affine) map = map_of_affine(graph, node, dim);
  if (node.attrs.type == fbs::OpAttrs::Binary) map = map_of_binary(graph, node, dim);
  if (map && !(all_finite(map->scale) && all_finite(map->shift))) return std::nullopt;
  return map;
}

std::optional<UniformMap> uniform_map(const Graph& graph, const Node& node) {
  if (node.attrs.type == fbs::OpAttrs::Unary && node.attrs.AsUnary()->function.kind() == fbs::UnaryKind::Neg) {
    return UniformMap{node.inputs[0], -1, 0};
  }
  const int rank = graph.shape(node.output).rank;
  if (rank == 0) return std::nullopt;
  const auto map = channel_map(graph, node, std::min(1, rank - 1));
  if (!map || !all_same(map->scale) || !all_same(map->shift)) return std::nullopt;
  return UniformMap{map->x, map->scale.front(), map->shift.front()};
}

ValueId add_vector(Graph& graph, const std::string& name, const std::vector<double>& numbers) {
  std::vector<float> rounded;
  for (const double x : numbers) rounded.push_back(static_cast<float>(x));
  return graph.add_constant(name, Tensor(make_shape({static_cast<int64_t>(numbers.size())}), std::move(rounded)));
}

}  // namespace lacuna
