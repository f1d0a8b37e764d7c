// An operator's case as a network of one node.
#pragma once

#include <string>

#include "converter/emit/emit.h"
#include "converter/ir/graph.h"
#include "converter/ir/operands.h"

namespace lacuna {

inline Graph graph_of(const OpCase& op_case) {
  Graph graph;
  graph.name = op_case.name;
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const Tensor& tensor = op_case.inputs[i];
    const Role role = operand_of(host_op(op_case.attrs.type), i).role;
    const bool constant = role != Role::kValue || (i < op_case.constant.size() && op_case.constant[i]);
    const std::string name = "x" + std::to_string(i);
    if (tensor.empty()) {
      inputs.push_back(kNoValue);
    } else if (constant) {
      inputs.push_back(graph.add_constant(name, tensor));
    } else {
      inputs.push_back(graph.add_input(name, tensor.shape));
    }
  }
  Node node{op_case.name, op_case.attrs, inputs, kNoValue};
  const Shape shape = infer_shape(graph, node);
  node.output = graph.add_value("y", ElementType::kF32, shape);
  graph.outputs.push_back(node.output);
  graph.nodes.push_back(std::move(node));
  return graph;
}

/// The file of such a network, its weights in `packing`.
inline std::string file_of(const Graph& graph, fbs::Packing packing) {
  Choice choice;
  choice.packing = packing;
  return emit(graph, {choice}, make_plan(graph), {});
}

}  // namespace lacuna
