// IF and WHILE, where what decides is known: the branch that is taken, or all turns one behind the other, become part
// of the graph.
#include <algorithm>

#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

bool read_truth(const NodeContext& node, ValueId id) {
  if (!node.graph().is_constant(id)) {
    unsupported("which way it goes depends on what the network computes; export without control flow");
  }
  const Tensor& tensor = node.graph().constant(id);
  if (tensor.i64.size() != 1) malformed("the condition is not a truth");
  return tensor.i64.front() != 0;
}

void set_outputs(NodeContext& node, const std::vector<ValueId>& outputs) {
  if (outputs.size() != node.output_count()) malformed("its subgraph has another number of outputs");
  for (size_t i = 0; i < outputs.size(); ++i) node.set_output(outputs[i], i);
}

}  // namespace

void import_if(NodeContext& node) {
  const auto options = node.options<tflite_fbs::IfOptions>();
  const bool condition = read_truth(node, node.input(0));
  std::vector<ValueId> inputs;
  for (size_t i = 1; i < node.input_count(); ++i) inputs.push_back(node.input(i));
  set_outputs(node,
              node.import_subgraph(condition ? options.then_subgraph_index : options.else_subgraph_index, inputs));
}

void import_while(NodeContext& node) {
  const auto options = node.options<tflite_fbs::WhileOptions>();
  std::vector<ValueId> carried;
  for (size_t i = 0; i < node.input_count(); ++i) carried.push_back(node.input(i));
  const auto goes_on = [&] {
    const std::vector<ValueId> condition = node.import_subgraph(options.cond_subgraph_index, carried);
    if (condition.size() != 1) malformed("the condition has more than one output");
    return read_truth(node, condition.front());
  };
  while (goes_on()) {
    node.count_turn();
    const size_t n = carried.size();
    carried = node.import_subgraph(options.body_subgraph_index, carried);
    if (carried.size() != n) malformed("the body has another number of outputs than inputs");
  }
  set_outputs(node, carried);
}

}  // namespace lacuna::tflite
