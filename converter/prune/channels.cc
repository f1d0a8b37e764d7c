#include "converter/prune/channels.h"

#include <Eigen/LU>
#include <algorithm>
#include <map>
#include <numeric>

#include "converter/passes/rewrite.h"
#include "converter/prune/eigen.h"
#include "converter/prune/network.h"

namespace lacuna::prune {
namespace {

constexpr size_t kX = 0, kWeight = 1, kBias = 2;

/// Values whose channels have one order, joined step by step.
class Classes {
 public:
  explicit Classes(size_t n) : parents_(n), fixed_(n), apart_(n) {
    std::iota(parents_.begin(), parents_.end(), size_t{0});
  }

  size_t of(ValueId id) {
    auto i = static_cast<size_t>(id);
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(ValueId a, ValueId b) {
    const size_t from = of(a), to = of(b);
    fixed_[to] = fixed_[to] || fixed_[from];
    apart_[to] = apart_[to] || apart_[from];
    parents_[from] = to;
  }
  void fix(ValueId id) { fixed_[of(id)] = true; }
  bool is_fixed(size_t i) const { return fixed_[i]; }
  /// Channels may not be mixed.
  void keep_apart(ValueId id) { apart_[of(id)] = true; }
  bool are_apart(size_t i) const { return apart_[i]; }

 private:
  std::vector<size_t> parents_;
  std::vector<bool> fixed_, apart_;
};

/// A layer whose weights [outputs, inputs, ...] are one matrix of the channels of its input and its output.
bool is_matrix(const Graph& graph, const Node& node) {
  if (!is_layer(node)) return false;
  const fbs::ConvAttrsT* conv = node.attrs.AsConv();
  return conv != nullptr ? conv->groups == 1 : graph.shape(node.inputs[kX]).rank == 2;
}

/// Whether each output channel is made from the same channel of every operand, whatever that channel's number is.
bool keeps_channels(const Graph& graph, const Node& node) {
  const Shape& y = graph.shape(node.output);
  if (y.rank != 2 && y.rank != 4) return false;
  const auto has_them = [&](ValueId id) {
    const Shape& x = graph.shape(id);
    return (x.rank == 2 || x.rank == 4) && x[0] == y[0] && x[1] == y[1];
  };
  switch (node.attrs.type) {
    case fbs::OpAttrs::Conv:
      return is_depthwise(graph, node) && graph.shape(node.inputs[kX])[1] == y[1];
    case fbs::OpAttrs::Unary:
    case fbs::OpAttrs::Pool:
    case fbs::OpAttrs::Resize:
      return has_them(node.inputs[kX]);
    case fbs::OpAttrs::Reduce: {
      const std::vector<uint32_t>& axes = node.attrs.AsReduce()->axes;
      return has_them(node.inputs[kX]) && std::all_of(axes.begin(), axes.end(), [](uint32_t axis) { return axis > 1; });
    }
    case fbs::OpAttrs::Reshape:
      return has_them(node.inputs[kX]) && count(y) == y[0] * y[1];
    case fbs::OpAttrs::Binary:
      return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
        return graph.is_constant(id) ? count(graph.shape(id)) == 1 : graph.shape(id).rank == y.rank && has_them(id);
      });
    default:
      return false;
  }
}

/// Whether a node that keeps channels gives, for mixtures of the operands' channels, the same mixtures.
bool is_linear(const Graph& graph, const Node& node) {
  switch (node.attrs.type) {
    case fbs::OpAttrs::Pool:
      return node.attrs.AsPool()->kind == fbs::PoolKind::Average;
    case fbs::OpAttrs::Resize:
    case fbs::OpAttrs::Reshape:
      return true;
    case fbs::OpAttrs::Reduce: {
      const fbs::ReduceKind kind = node.attrs.AsReduce()->kind;
      return kind == fbs::ReduceKind::Mean || kind == fbs::ReduceKind::Sum;
    }
    case fbs::OpAttrs::Binary: {
      const fbs::BinaryKind kind = node.attrs.AsBinary()->kind;
      if (kind != fbs::BinaryKind::Add && kind != fbs::BinaryKind::Sub) return false;
      return std::none_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return graph.is_constant(id); });
    }
    default:
      return false;
  }
}

void join_values(const Graph& graph, const Node& node, Classes& classes) {
  if (is_matrix(graph, node)) return;
  const bool layer = is_layer(node), joined = keeps_channels(graph, node);
  if (!joined) classes.fix(node.output);
  if (!is_linear(graph, node)) classes.keep_apart(node.output);
  for (size_t i = 0; i < (layer ? 1 : node.inputs.size()); ++i) {
    const ValueId id = node.inputs[i];
    if (id == kNoValue || graph.is_constant(id)) continue;
    if (joined) classes.join(id, node.output);
    if (!joined) classes.fix(id);
  }
}

/// Changes the numbers of a constant in double precision.
template <class Change>
void change_constant(Graph& graph, ValueId id, Change change) {
  Tensor tensor = graph.constant(id);
  RowMajor numbers = Eigen::Map<const Eigen::RowVectorXf>(tensor.f32.data(), count(tensor.shape)).cast<double>();
  change(tensor.shape, numbers);
  std::copy_n(numbers.data(), numbers.size(), tensor.f32.data());
  graph.value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
}

/// Layers that share constants cannot be in two orders.
void fix_shared(const Graph& graph, Classes& classes) {
  std::map<ValueId, int> layers;
  for (const Node& node : graph.nodes) {
    for (const size_t i : {kWeight, kBias}) {
      if (is_layer(node) && operand(node, i) != kNoValue) ++layers[operand(node, i)];
    }
  }
  for (const Node& node : graph.nodes) {
    if (!is_layer(node) || (layers[node.inputs[kWeight]] == 1 && layers[operand(node, kBias)] <= 1)) continue;
    classes.fix(node.inputs[kX]);
    classes.fix(node.output);
  }
}

/// Slices [outer][channels][inner] of a constant in another order.
void reorder_constant(Graph& graph, ValueId id, int axis, const std::vector<int64_t>& order) {
  Tensor tensor = graph.constant(id);
  const Shape& shape = tensor.shape;
  const int64_t outer = count(shape, 0, axis), inner = count(shape, axis + 1, shape.rank), n = shape[axis];
  const std::vector<float> from = tensor.f32;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < n; ++i) {
      std::copy_n(from.data() + (o * n + order[static_cast<size_t>(i)]) * inner, inner,
                  tensor.f32.data() + (o * n + i) * inner);
    }
  }
  graph.value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
}

}  // namespace

std::vector<Bundle> find_bundles(const Graph& graph) {
  Classes classes(graph.values.size());
  for (const Node& node : graph.nodes) join_values(graph, node, classes);
  fix_shared(graph, classes);
  for (const ValueId id : graph.inputs) classes.fix(id);
  for (const ValueId id : graph.outputs) classes.fix(id);
  std::map<size_t, Bundle> bundles;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!is_layer(node)) continue;
    const size_t in = classes.of(node.inputs[kX]), out = classes.of(node.output);
    if (!is_matrix(graph, node)) {
      if (!classes.is_fixed(out)) bundles[out].depthwise.push_back(i);
      continue;
    }
    if (!classes.is_fixed(in)) bundles[in].readers.push_back(i);
    if (classes.is_fixed(out)) continue;
    bundles[out].makers.push_back(i);
    bundles[out].channels = graph.shape(node.output)[1];
  }
  std::vector<Bundle> found;
  for (auto& [id, bundle] : bundles) {
    bundle.linear = !classes.are_apart(id);
    if (!bundle.makers.empty()) found.push_back(std::move(bundle));
  }
  return found;
}

void reorder(Graph& graph, const Bundle& bundle, const std::vector<int64_t>& order) {
  for (const std::vector<size_t>* nodes : {&bundle.makers, &bundle.depthwise}) {
    for (const size_t i : *nodes) {
      reorder_constant(graph, graph.nodes[i].inputs[kWeight], 0, order);
      const ValueId bias = operand(graph.nodes[i], kBias);
      if (bias != kNoValue) reorder_constant(graph, bias, 0, order);
    }
  }
  for (const size_t i : bundle.readers) reorder_constant(graph, graph.nodes[i].inputs[kWeight], 1, order);
}

void change_basis(Graph& graph, const Bundle& bundle, const std::vector<double>& basis) {
  const RowMajor q = Eigen::Map<const RowMajor>(basis.data(), bundle.channels, bundle.channels);
  const RowMajor inverse = q.inverse();
  for (const size_t i : bundle.makers) {
    for (const size_t operand : {kWeight, kBias}) {
      change_constant(graph, graph.nodes[i].inputs[operand], [&](const Shape& shape, RowMajor& numbers) {
        numbers = q * Eigen::Map<const RowMajor>(numbers.data(), bundle.channels, count(shape) / bundle.channels);
      });
    }
  }
  for (const size_t i : bundle.readers) {
    change_constant(graph, graph.nodes[i].inputs[kWeight], [&](const Shape& shape, RowMajor& numbers) {
      // [rows, channels, taps]: every row is a matrix of its own.
      const int64_t taps = count(shape, 2, shape.rank);
      for (int64_t row = 0; row < shape[0]; ++row) {
        Eigen::Map<RowMajor> of_row(numbers.data() + row * bundle.channels * taps, bundle.channels, taps);
        of_row = (inverse.transpose() * of_row).eval();
      }
    });
  }
}

}  // namespace lacuna::prune
