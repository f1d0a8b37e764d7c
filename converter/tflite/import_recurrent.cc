// UNIDIRECTIONAL_SEQUENCE_LSTM.
#include "converter/ir/lower_recurrent.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

/// Operands. A number for each gate stands in the order input, forget, cell, output.
constexpr size_t kInputWeights = 1, kRecurrentWeights = 5, kPeepholes = 9, kBiases = 12, kProjection = 16, kState = 18,
                 kCell = 19, kLayerNorm = 20;
enum Gate : size_t { kInput, kForget, kCandidate, kOutput };

ValueId weights_of(const NodeContext& node, size_t operand) {
  const Tensor& tensor = node.constant(operand, "weights");
  if (tensor.type != ElementType::kF32) unsupported("quantised weights are not supported; convert the float model");
  return node.input(operand);
}

/// The weights of the gates that a sigmoid follows, below one another.
ValueId join_gates(NodeContext& node, size_t first, const std::string& suffix) {
  std::vector<ValueId> parts;
  for (const Gate gate : {kInput, kOutput, kForget}) parts.push_back(weights_of(node, first + gate));
  return node.concat(parts, 0, suffix);
}

/// Such a tensor has zeros at the beginning of a run, and nothing to read.
ValueId initial(NodeContext& node, size_t operand, const Shape& shape, const std::string& suffix) {
  if (node.has_input(operand)) return node.input(operand);
  return node.add_folded(
      ElementType::kF32, shape, [&] { return Tensor(ElementType::kF32, shape); }, suffix);
}

void check_variant(const NodeContext& node) {
  if (!node.has_input(kInputWeights)) unsupported("coupled input and forget gates are not supported");
  if (node.has_input(kProjection)) unsupported("a projection of the state is not supported");
  if (node.has_input(kLayerNorm)) unsupported("normalised gates are not supported");
}

}  // namespace

void import_lstm(NodeContext& node) {
  const auto options = node.options<tflite_fbs::UnidirectionalSequenceLSTMOptions>();
  check_variant(node);
  check_rank(node, 0, 3);
  RecurrentLayer layer;
  layer.kind = RecurrentKind::kLstm;
  if (options.cell_clip > 0) layer.cell_clip = options.cell_clip;
  layer.gates = {join_gates(node, kInputWeights, "/gates/weight"),
                 join_gates(node, kRecurrentWeights, "/gates/recurrence"), join_gates(node, kBiases, "/gates/bias")};
  layer.candidate = {weights_of(node, kInputWeights + kCandidate), weights_of(node, kRecurrentWeights + kCandidate),
                     weights_of(node, kBiases + kCandidate)};
  layer.gate_activation = {fbs::UnaryKind::Sigmoid, 0, 0};
  layer.candidate_activation = layer.output_activation = activation_of(options.fused_activation_function);
  if (node.has_input(kPeepholes)) {
    layer.peepholes = {weights_of(node, kPeepholes), weights_of(node, kPeepholes + 2),
                       weights_of(node, kPeepholes + 1)};
  }
  const ValueId x = options.time_major ? node.input(0) : node.transpose(node.input(0), {1, 0, 2}, "/x");
  const Shape sizes = node.shape_of(x);
  const Shape state = make_shape({sizes[1], node.shape_of(layer.candidate.weight)[0]});
  const RecurrentOutputs outputs =
      lower_recurrent(node, layer, x, initial(node, kState, state, "/state"), initial(node, kCell, state, "/cell"), "");
  const ValueId rows = node.concat(outputs.states, 0, "/rows");
  const ValueId y = node.reshape(rows, make_shape({sizes[0], state[0], state[1]}), "/states");
  node.set_output(options.time_major ? y : node.transpose(y, {1, 0, 2}));
}

}  // namespace lacuna::tflite
