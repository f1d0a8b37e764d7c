// If, Loop and Scan, where what decides is known: the branch that is taken, or all turns one behind the other, become
// part of the graph.
#include <algorithm>
#include <limits>

#include "converter/ir/host_arithmetic.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

bool read_truth(NodeContext& node, ValueId id, const char* role) {
  if (!node.graph().is_constant(id)) {
    unsupported(std::string("the ") + role + " depends on what the network computes; export without control flow");
  }
  const Tensor& tensor = node.graph().constant(id);
  if (tensor.i64.size() != 1) malformed(std::string("the ") + role + " is not a truth");
  return tensor.i64.front() != 0;
}

/// What turns of a loop give beside what the next one takes: concatenated over all of them.
class ScanOutputs {
 public:
  explicit ScanOutputs(size_t n) : turns_(n) {}

  void add(const std::vector<ValueId>& outputs, size_t first) {
    if (outputs.size() != first + turns_.size()) malformed("the body has a different number of outputs");
    for (size_t i = 0; i < turns_.size(); ++i) turns_[i].push_back(outputs[first + i]);
  }

  /// Sets the node's outputs from `first` on, with the turns along dimension axes[i] and backwards where reversed[i].
  void set(NodeContext& node, size_t first, const std::vector<int64_t>& axes, const std::vector<int64_t>& reversed) {
    for (size_t i = 0; i < turns_.size(); ++i) {
      if (!node.has_output(first + i)) continue;
      std::vector<ValueId> turns = turns_[i];
      if (turns.empty()) unsupported("it takes no turn, so that an output has no elements");
      if (reversed[i] != 0) std::reverse(turns.begin(), turns.end());
      const Shape shape = node.graph().shape(turns.front());
      const int axis = checked_axis(axes[i], shape.rank + 1);
      std::vector<int64_t> dims = dims_of<int64_t>(shape);
      dims.insert(dims.begin() + axis, 1);
      const std::string suffix = "/scan_" + std::to_string(i);
      for (ValueId& turn : turns) {
        if (node.graph().shape(turn) != shape) unsupported("the sizes of its outputs change from turn to turn");
        turn = node.reshape(turn, make_shape(dims), suffix + "/turn");
      }
      node.set_output(node.concat(turns, axis, suffix), first + i);
    }
  }

 private:
  std::vector<std::vector<ValueId>> turns_;  ///< of each output
};

/// One turn. False: something in it could not be made, which has been reported.
bool take_turn(NodeContext& node, const GraphProto& body, const std::vector<ValueId>& inputs,
               std::vector<ValueId>* outputs) {
  node.check_turn();
  *outputs = node.import_subgraph(body, inputs);
  return std::count(outputs->begin(), outputs->end(), kNoValue) == 0;
}

void set_missing(NodeContext& node) {
  for (size_t i = 0; i < node.output_count(); ++i) node.set_output(kNoValue, i);
}

/// One entry for each of n, zeros without the attribute.
std::vector<int64_t> list_attr(NodeContext& node, const char* name, size_t n) {
  std::vector<int64_t> list = node.ints_attr(name).value_or(std::vector<int64_t>(n, 0));
  if (list.size() != n) malformed(std::string(name) + " has " + std::to_string(list.size()) + " entries");
  return list;
}

}  // namespace

void import_if(NodeContext& node) {
  const bool condition = read_truth(node, node.input(0), "condition");
  const std::vector<ValueId> outputs =
      node.import_subgraph(node.graph_attr(condition ? "then_branch" : "else_branch"), {});
  if (outputs.size() != node.output_count()) malformed("the branch has a different number of outputs");
  for (size_t i = 0; i < outputs.size(); ++i) node.set_output(outputs[i], i);
}

void import_loop(NodeContext& node) {
  const GraphProto& body = node.graph_attr("body");
  const std::vector<int64_t> limit =
      node.has_input(0) ? node.ints(0, "number of turns") : std::vector<int64_t>{kEndless};
  if (limit.size() != 1) malformed("the number of turns is not a scalar");
  ValueId condition = node.has_input(1) ? node.input(1) : node.add_constant(int_tensor({1}), "/condition");
  std::vector<ValueId> carried;
  for (size_t i = 2; i < node.input_count(); ++i) carried.push_back(node.input(i));
  if (node.output_count() < carried.size()) malformed("it has fewer outputs than values go around");
  ScanOutputs scans(node.output_count() - carried.size());
  for (int64_t turn = 0; turn < limit[0] && read_truth(node, condition, "condition of the loop"); ++turn) {
    std::vector<ValueId> inputs = {node.add_constant(Tensor(Shape(), std::vector<int64_t>{turn}), "/turn"), condition};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    std::vector<ValueId> outputs;
    if (!take_turn(node, body, inputs, &outputs)) return set_missing(node);
    scans.add(outputs, 1 + carried.size());
    condition = outputs[0];
    std::copy_n(outputs.begin() + 1, carried.size(), carried.begin());
  }
  for (size_t i = 0; i < carried.size(); ++i) node.set_output(carried[i], i);
  const size_t n = node.output_count() - carried.size();
  scans.set(node, carried.size(), std::vector<int64_t>(n, 0), std::vector<int64_t>(n, 0));
}

void import_scan(NodeContext& node) {
  if (node.opset() < 9) unsupported("Scan of opset 8 is not supported; export with a later one");
  const GraphProto& body = node.graph_attr("body");
  const int64_t scanned = node.int_attr("num_scan_inputs");
  if (scanned < 1 || scanned > static_cast<int64_t>(node.input_count())) malformed("num_scan_inputs does not fit");
  const auto inputs_scanned = static_cast<size_t>(scanned);
  const size_t states = node.input_count() - inputs_scanned;
  if (node.output_count() < states) malformed("it has fewer outputs than states");
  const size_t outputs_scanned = node.output_count() - states;
  const std::vector<int64_t> axes = list_attr(node, "scan_input_axes", inputs_scanned);
  const std::vector<int64_t> backwards = list_attr(node, "scan_input_directions", inputs_scanned);
  std::vector<ValueId> carried;
  for (size_t i = 0; i < states; ++i) carried.push_back(node.input(i));
  ScanOutputs scans(outputs_scanned);
  const int64_t turns = node.shape(states)[checked_axis(axes[0], node.rank(states))];
  for (int64_t turn = 0; turn < turns; ++turn) {
    std::vector<ValueId> inputs = carried, outputs;
    for (size_t i = 0; i < inputs_scanned; ++i) {
      const int axis = checked_axis(axes[i], node.rank(states + i));
      if (node.shape(states + i)[axis] != turns) malformed("its inputs have different lengths");
      const int64_t at = backwards[i] != 0 ? turns - 1 - turn : turn;
      inputs.push_back(node.element(node.input(states + i), axis, at, "/in_" + std::to_string(i)));
    }
    if (!take_turn(node, body, inputs, &outputs)) return set_missing(node);
    scans.add(outputs, states);
    std::copy_n(outputs.begin(), states, carried.begin());
  }
  for (size_t i = 0; i < states; ++i) node.set_output(carried[i], i);
  scans.set(node, states, list_attr(node, "scan_output_axes", outputs_scanned),
            list_attr(node, "scan_output_directions", outputs_scanned));
}

}  // namespace lacuna::onnx
