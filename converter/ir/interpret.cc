#include "converter/ir/interpret.h"

#include <map>

namespace lacuna {

namespace {

/// For every value: how many operands and outputs still want it.
std::vector<int> count_wants(const Graph& graph) {
  std::vector<int> wants(graph.values.size(), 0);
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) ++wants[static_cast<size_t>(id)];
    }
  }
  for (const ValueId id : graph.outputs) ++wants[static_cast<size_t>(id)];
  return wants;
}

void check_inputs(const Graph& graph, const std::vector<Tensor>& inputs) {
  if (inputs.size() != graph.inputs.size()) {
    throw Error(ExitCode::kUsage, "the model has " + std::to_string(graph.inputs.size()) + " inputs, given are " +
                                      std::to_string(inputs.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs[i]);
    if (inputs[i].shape != value.shape || inputs[i].type != value.type) {
      throw Error(ExitCode::kUsage, "input '" + value.name + "' has shape " + to_string(value.shape) + ", given is " +
                                        to_string(inputs[i].shape));
    }
  }
}

}  // namespace

std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs,
                              const InterpretProgress& progress) {
  check_inputs(graph, inputs);
  std::vector<int> wants = count_wants(graph);
  std::map<ValueId, Tensor> alive;
  for (size_t i = 0; i < inputs.size(); ++i) alive[graph.inputs[i]] = inputs[i];
  const auto tensor_of = [&](ValueId id) -> const Tensor* {
    if (id == kNoValue) return nullptr;
    return graph.is_constant(id) ? &graph.constant(id) : &alive.at(id);
  };

  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (progress) progress(i);
    const Node& node = graph.nodes[i];
    std::vector<const Tensor*> operands;
    for (const ValueId id : node.inputs) operands.push_back(tensor_of(id));
    alive[node.output] = evaluate(node.attrs, operands, graph.shape(node.output));
    for (const ValueId id : node.inputs) {
      if (id != kNoValue && --wants[static_cast<size_t>(id)] == 0) alive.erase(id);
    }
  }

  std::vector<Tensor> outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(*tensor_of(id));
  return outputs;
}

}  // namespace lacuna
