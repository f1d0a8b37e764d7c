#include "converter/choose/dtypes.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "converter/ir/operands.h"
#include "converter/passes/rewrite.h"

namespace lacuna {
namespace {

constexpr float kLargestHalf = 65504.0f;

int64_t pixels_of(const Shape& shape) { return shape.rank == 4 ? shape[2] * shape[3] : 0; }

/// Whether a node makes more than it reads.
bool grows(const Graph& graph, const Node& node) {
  return count(graph.shape(node.output)) > count(graph.shape(node.inputs.front()));
}

/// Of the largest plane: the input's, which may have its channels last.
int64_t most_pixels(const Graph& graph) {
  int64_t pixels = 0;
  for (const Node& node : graph.nodes) pixels = std::max(pixels, pixels_of(graph.shape(node.output)));
  for (const ValueId id : graph.inputs) pixels = std::max(pixels, pixels_of(graph.shape(id)));
  return pixels;
}

/// The front: nodes behind inputs and front nodes alone whose planes are large, up to where the least is converted.
std::vector<bool> find_front(const Graph& graph) {
  const int64_t large = std::max<int64_t>(most_pixels(graph) / 4, 1);
  const Uses uses(graph);
  std::vector<bool> front(graph.nodes.size());
  for (size_t i = 0; i < front.size(); ++i) {
    const std::vector<ValueId> operands = device_operands(graph.nodes[i]);
    front[i] = pixels_of(graph.shape(graph.nodes[i].output)) >= large &&
               std::all_of(operands.begin(), operands.end(), [&](ValueId id) {
                 const int producer = id == kNoValue ? -1 : uses.producer_of(id);
                 return producer < 0 || front[static_cast<size_t>(producer)];
               });
  }
  for (size_t i = front.size(); i-- > 0;) {
    const std::vector<int>& readers = uses.readers_of(graph.nodes[i].output);
    const bool ends =
        std::none_of(readers.begin(), readers.end(), [&](int r) { return front[static_cast<size_t>(r)]; });
    if (ends && uses.producer_of(graph.nodes[i].inputs.front()) >= 0 && grows(graph, graph.nodes[i])) front[i] = false;
  }
  return front;
}

/// Floats again: what has no weights, no CPU computes in halves, and only floats read.
void keep_ends(const Graph& graph, std::vector<bool>& halves) {
  const Uses uses(graph);
  for (size_t i = halves.size(); i-- > 0;) {
    const OpHost& op = host_op(graph.nodes[i].attrs.type);
    if (op.pack != nullptr || op.run->computes_halves != nullptr) continue;
    const std::vector<int>& readers = uses.readers_of(graph.nodes[i].output);
    halves[i] =
        halves[i] && std::any_of(readers.begin(), readers.end(), [&](int r) { return halves[static_cast<size_t>(r)]; });
  }
}

bool fit_halves(const Graph& graph, const Node& node) {
  const OpHost& op = host_op(node.attrs.type);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    if (!graph.is_constant(id) || operand_of(op, i).role == Role::kBias) continue;
    const std::vector<float>& numbers = graph.constant(id).f32;
    if (std::any_of(numbers.begin(), numbers.end(), [](float x) { return std::fabs(x) > kLargestHalf; })) return false;
  }
  return true;
}

/// Nodes that have to do with integers, of which halves hold those up to 2048 alone: what reads them, and all that
/// places in a table are made of.
std::vector<bool> find_integers(const Graph& graph) {
  const Uses uses(graph);
  std::vector<bool> integers(graph.nodes.size());
  for (size_t i = integers.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const ValueId id = node.inputs[k];
      if (id == kNoValue) continue;
      const bool is_place = node.attrs.type == fbs::OpAttrs::Lookup && k == 1;
      if (graph.value(id).meaning == Meaning::kInteger) integers[i] = true;
      const int producer = uses.producer_of(id);
      if (producer >= 0 && (is_place || (integers[i] && node.attrs.type != fbs::OpAttrs::Lookup))) {
        integers[static_cast<size_t>(producer)] = true;
      }
    }
  }
  return integers;
}

/// Gives each value to each of its readers in the type that the reader computes in.
class Converter {
 public:
  explicit Converter(Graph& graph) : graph_(graph) {}

  void run(const std::vector<bool>& halves) {
    const std::vector<Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (size_t i = 0; i < nodes.size(); ++i) {
      const fbs::Dtype dtype = halves[i] ? fbs::Dtype::F16 : fbs::Dtype::F32;
      Node node = nodes[i];
      const OpHost& op = host_op(node.attrs.type);
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        const Role role = operand_of(op, k).role;
        if (node.inputs[k] == kNoValue || role == Role::kWeight || role == Role::kBias) continue;
        node.inputs[k] = as(node.inputs[k], dtype);
      }
      graph_.value(node.output).dtype = dtype;
      graph_.nodes.push_back(std::move(node));
    }
    for (ValueId& id : graph_.outputs) id = as(id, fbs::Dtype::F32);
  }

 private:
  ValueId as(ValueId id, fbs::Dtype dtype) {
    if (graph_.value(id).dtype == dtype) return id;
    const auto [known, is_new] = converted_.emplace(std::make_pair(id, dtype), kNoValue);
    if (!is_new) return known->second;
    const Value source = graph_.value(id);
    ValueId copy;
    if (source.constant != nullptr) {
      copy = graph_.add_constant(source.name, *source.constant);
    } else {
      copy = graph_.add_value(source.name, source.type, source.shape);
      graph_.nodes.push_back(Node{source.name, make_attrs(fbs::UnaryAttrsT()), {id}, copy});
    }
    graph_.value(copy).dtype = dtype;
    return known->second = copy;
  }

  Graph& graph_;
  std::map<std::pair<ValueId, fbs::Dtype>, ValueId> converted_;
};

}  // namespace

void choose_halves(Graph& graph) {
  const std::vector<bool> front = find_front(graph), integers = find_integers(graph);
  std::vector<bool> halves(graph.nodes.size());
  for (size_t i = 0; i < halves.size(); ++i) {
    const Node& node = graph.nodes[i];
    halves[i] = !front[i] && host_op(node.attrs.type).run->halves &&
                graph.value(node.output).type == ElementType::kF32 && !integers[i] && fit_halves(graph, node);
  }
  keep_ends(graph, halves);
  Converter(graph).run(halves);
}

}  // namespace lacuna
