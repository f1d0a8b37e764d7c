// RNN, GRU and LSTM.
#include <algorithm>
#include <cctype>
#include <map>

#include "converter/ir/lower_recurrent.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

enum Operand : size_t { kX, kWeight, kRecurrence, kBiases, kLengths, kState, kCell, kPeepholes };

/// Sizes of a layer, x [steps, batch, inputs].
struct Sizes {
  int64_t steps, batch, inputs, directions, hidden;
  int64_t gates;  ///< whose weights stand below one another: RNN 1, GRU 3, LSTM 4
  int64_t units() const { return gates * hidden; }
};

/// Consumes alphas and betas in the order of the functions that have them.
class Activations {
 public:
  Activations(NodeContext& node, std::vector<std::string> names)
      : names_(std::move(names)),
        alphas_(node.floats_attr("activation_alpha").value_or(std::vector<float>())),
        betas_(node.floats_attr("activation_beta").value_or(std::vector<float>())) {}

  fbs::Activation next() {
    struct Known {
      fbs::UnaryKind kind;
      int parameters;
      float alpha, beta;
    };
    static const std::map<std::string, Known> known = {
        {"relu", {fbs::UnaryKind::Clamp, 0, 0, kInfinity}},
        {"tanh", {fbs::UnaryKind::Tanh, 0, 0, 0}},
        {"sigmoid", {fbs::UnaryKind::Sigmoid, 0, 0, 0}},
        {"softsign", {fbs::UnaryKind::Softsign, 0, 0, 0}},
        {"softplus", {fbs::UnaryKind::Softplus, 0, 0, 0}},
        {"leakyrelu", {fbs::UnaryKind::LeakyRelu, 1, 0.01f, 0}},
        {"elu", {fbs::UnaryKind::Elu, 1, 1, 0}},
        {"thresholdedrelu", {fbs::UnaryKind::ThresholdedRelu, 1, 1, 0}},
        {"hardsigmoid", {fbs::UnaryKind::HardSigmoid, 2, 0.2f, 0.5f}},
    };
    std::string name = names_[next_++];
    for (char& letter : name) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    const auto found = known.find(name);
    if (found == known.end()) unsupported("the activation '" + name + "' of a recurrent layer is not supported");
    const Known& function = found->second;
    const float alpha = function.parameters > 0 ? take(alphas_, function.alpha) : function.alpha;
    const float beta = function.parameters > 1 ? take(betas_, function.beta) : function.beta;
    return {function.kind, alpha, beta};
  }

 private:
  static float take(std::vector<float>& values, float otherwise) {
    if (values.empty()) return otherwise;
    const float value = values.front();
    values.erase(values.begin());
    return value;
  }

  std::vector<std::string> names_;
  std::vector<float> alphas_, betas_;
  size_t next_ = 0;
};

/// The functions' names, for each direction in turn.
std::vector<std::string> activation_names(NodeContext& node, const std::vector<std::string>& defaults,
                                          int64_t directions) {
  std::vector<std::string> names = node.strings_attr("activations").value_or(std::vector<std::string>());
  const size_t wanted = defaults.size() * static_cast<size_t>(directions);
  while (names.size() < wanted) names.push_back(defaults[names.size() % defaults.size()]);
  if (names.size() != wanted) malformed("activations has " + std::to_string(names.size()) + " entries");
  return names;
}

const Tensor& weights(NodeContext& node, Operand operand, const char* role, const Shape& shape) {
  const Tensor& tensor = node.constant(operand, role);
  if (tensor.type != ElementType::kF32 || tensor.shape != shape) {
    malformed(std::string("the ") + role + " " + to_string(tensor.shape) + " should be " + to_string(shape));
  }
  return tensor;
}

/// Rows [first, first + rows) of one direction of a tensor [directions, all rows, ...].
ValueId add_rows(NodeContext& node, const Tensor& tensor, int64_t direction, int64_t first, int64_t rows,
                 const std::string& suffix) {
  const int64_t width = count(tensor.shape, 2, tensor.shape.rank);
  const Shape shape = tensor.shape.rank == 2 ? make_shape({rows}) : make_shape({rows, width});
  return node.add_folded(
      ElementType::kF32, shape,
      [&] {
        const auto from = tensor.f32.begin() + (direction * tensor.shape[1] + first) * width;
        return Tensor(shape, std::vector<float>(from, from + rows * width));
      },
      suffix);
}

/// Gates [first, first + gates) of a direction. Their two biases are added up, unless `apart`.
Gates read_gates(NodeContext& node, const Sizes& sizes, int64_t direction, int64_t first, int64_t gates, bool apart,
                 const std::string& suffix) {
  const int64_t row = first * sizes.hidden, rows = gates * sizes.hidden;
  Gates result;
  result.weight = add_rows(node, node.constant(kWeight, "weight"), direction, row, rows, suffix + "/weight");
  result.recurrence =
      add_rows(node, node.constant(kRecurrence, "recurrence"), direction, row, rows, suffix + "/recurrence");
  if (!node.has_input(kBiases)) return result;
  const Tensor& biases = node.constant(kBiases, "bias");
  const ValueId bias = add_rows(node, biases, direction, row, rows, suffix + "/bias");
  const ValueId recurrent = add_rows(node, biases, direction, sizes.units() + row, rows, suffix + "/recurrent_bias");
  result.bias = apart ? bias : node.binary(fbs::BinaryKind::Add, bias, recurrent, {}, suffix + "/biases");
  if (apart) result.recurrent_bias = recurrent;
  return result;
}

Sizes read_sizes(NodeContext& node, ValueId x, int64_t gates) {
  const Shape &shape = node.graph().shape(x), &weight = node.constant(kWeight, "weight").shape,
              &recurrence = node.constant(kRecurrence, "recurrence").shape;
  const std::string direction = node.string_attr("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    malformed("direction is '" + direction + "'");
  }
  if (shape.rank != 3 || recurrence.rank != 3 || weight.rank != 3) malformed("input and weights need 3 dimensions");
  const Sizes sizes = {shape[0], shape[1], shape[2], direction == "bidirectional" ? 2 : 1, recurrence[2], gates};
  if (sizes.steps < 1 || sizes.batch < 1 || sizes.hidden < 1) malformed("a dimension is 0");
  if (node.int_attr("hidden_size", sizes.hidden) != sizes.hidden) malformed("hidden_size is not that of the weights");
  weights(node, kWeight, "weight", make_shape({sizes.directions, sizes.units(), sizes.inputs}));
  weights(node, kRecurrence, "recurrence", make_shape({sizes.directions, sizes.units(), sizes.hidden}));
  if (node.has_input(kBiases)) weights(node, kBiases, "bias", make_shape({sizes.directions, 2 * sizes.units()}));
  return sizes;
}

/// Steps of the sequence that count; the same for all of the batch.
int64_t read_length(NodeContext& node, const Sizes& sizes) {
  if (!node.has_input(kLengths)) return sizes.steps;
  const std::vector<int64_t> lengths = node.ints(kLengths, "lengths of the sequences");
  if (static_cast<int64_t>(lengths.size()) != sizes.batch) malformed("there is not one length a sequence");
  const int64_t length = lengths.front();
  if (length < 1 || length > sizes.steps) malformed("a sequence has " + std::to_string(length) + " steps");
  if (std::any_of(lengths.begin(), lengths.end(), [&](int64_t other) { return other != length; })) {
    unsupported("sequences of different lengths in one batch are not supported; run one at a time");
  }
  return length;
}

/// Dimensions 0 and 1 of rank 3, or with a direction in between, in ONNX's other layout.
class Layout {
 public:
  explicit Layout(NodeContext& node) : node_(node), batch_first_(node.int_attr("layout", 0) != 0) {}

  /// [batch, steps, inputs] or [batch, directions, hidden] with the first two exchanged, if that is the layout.
  ValueId exchange(ValueId x, const std::string& suffix) const {
    return batch_first_ ? node_.transpose(x, {1, 0, 2}, suffix) : x;
  }
  /// [steps, directions, batch, hidden] as the output has it.
  ValueId of_states(ValueId y, const std::string& suffix) const {
    return batch_first_ ? node_.transpose(y, {2, 0, 1, 3}, suffix) : y;
  }

 private:
  NodeContext& node_;
  const bool batch_first_;
};

/// [batch, hidden] of one direction of an initial state, zeros without one.
ValueId initial(NodeContext& node, const Layout& layout, const Sizes& sizes, Operand operand, int64_t direction,
                const std::string& suffix) {
  const Shape shape = make_shape({sizes.batch, sizes.hidden});
  if (!node.has_input(operand)) {
    return node.add_folded(
        ElementType::kF32, shape, [&] { return Tensor(ElementType::kF32, shape); }, suffix);
  }
  const ValueId all = layout.exchange(node.input(operand), suffix + "/turned");
  if (node.graph().shape(all) != make_shape({sizes.directions, sizes.batch, sizes.hidden})) {
    malformed("an initial state " + to_string(node.shape(operand)) + " does not fit");
  }
  return node.element(all, 0, direction, suffix);
}

std::vector<ValueId> read_peepholes(NodeContext& node, const Sizes& sizes, int64_t direction,
                                    const std::string& suffix) {
  if (!node.has_input(kPeepholes)) return {};
  const Tensor& all = weights(node, kPeepholes, "peepholes", make_shape({sizes.directions, 3 * sizes.hidden}));
  std::vector<ValueId> peepholes;
  for (int64_t gate = 0; gate < 3; ++gate) {
    peepholes.push_back(add_rows(node, all, direction, gate * sizes.hidden, sizes.hidden,
                                 suffix + "/peephole_" + std::to_string(gate)));
  }
  return peepholes;
}

RecurrentLayer read_layer(NodeContext& node, RecurrentKind kind, const Sizes& sizes, int64_t direction,
                          Activations& activations, const std::string& suffix) {
  RecurrentLayer layer;
  layer.kind = kind;
  layer.reverse = direction == 1 || node.string_attr("direction", "forward") == "reverse";
  layer.clip = node.float_attr("clip", kInfinity);
  layer.reset_after_product = kind == RecurrentKind::kGru && node.int_attr("linear_before_reset", 0) != 0;
  layer.couples_forget = kind == RecurrentKind::kLstm && node.int_attr("input_forget", 0) != 0;
  if (kind == RecurrentKind::kLstm) layer.peepholes = read_peepholes(node, sizes, direction, suffix);
  if (sizes.gates > 1) {
    layer.gates = read_gates(node, sizes, direction, 0, sizes.gates - 1, false, suffix + "/gates");
    layer.gate_activation = activations.next();
  }
  layer.candidate =
      read_gates(node, sizes, direction, sizes.gates - 1, 1, layer.reset_after_product, suffix + "/candidate");
  layer.candidate_activation = activations.next();
  if (kind == RecurrentKind::kLstm) layer.output_activation = activations.next();
  return layer;
}

/// One value a direction, [batch, hidden], as [directions, batch, hidden].
ValueId stack(NodeContext& node, const Layout& layout, const Sizes& sizes, const std::vector<ValueId>& values,
              const std::string& suffix) {
  const ValueId rows = node.concat(values, 0, suffix + "/rows");
  const ValueId all = node.reshape(rows, make_shape({sizes.directions, sizes.batch, sizes.hidden}), suffix + "/stack");
  return layout.exchange(all, suffix);
}

/// States of all steps, those of the directions side by side, zeros behind the end of the sequence.
ValueId stack_states(NodeContext& node, const Layout& layout, const Sizes& sizes,
                     const std::vector<RecurrentOutputs>& directions) {
  std::vector<ValueId> states;
  const auto length = static_cast<int64_t>(directions.front().states.size());
  for (int64_t step = 0; step < length; ++step) {
    for (const RecurrentOutputs& outputs : directions) states.push_back(outputs.states[static_cast<size_t>(step)]);
  }
  ValueId y = node.concat(states, 0, "/y/rows");
  y = node.reshape(y, make_shape({length, sizes.directions, sizes.batch, sizes.hidden}), "/y/stack");
  if (length < sizes.steps) {
    y = node.pad(fbs::PadMode::Constant, y, {0, 0, 0, 0}, {sizes.steps - length, 0, 0, 0}, 0, "/y/padded");
  }
  return layout.of_states(y, "/y");
}

void import_recurrent(NodeContext& node, RecurrentKind kind, int64_t gates, const std::vector<std::string>& defaults) {
  if (!node.has_input(kWeight) || !node.has_input(kRecurrence)) unsupported("a recurrent layer needs constant weights");
  const Layout layout(node);
  ValueId x = layout.exchange(node.input(kX), "/x");
  const Sizes sizes = read_sizes(node, x, gates);
  const int64_t length = read_length(node, sizes);
  x = node.slice(x, {0, 0, 0}, {1, 1, 1}, make_shape({length, sizes.batch, sizes.inputs}), "/x/cut");
  Activations activations(node, activation_names(node, defaults, sizes.directions));
  std::vector<RecurrentOutputs> directions;
  std::vector<ValueId> states, cells;
  for (int64_t direction = 0; direction < sizes.directions; ++direction) {
    const std::string suffix = sizes.directions == 1 ? "" : direction == 0 ? "/forward" : "/backward";
    const RecurrentLayer layer = read_layer(node, kind, sizes, direction, activations, suffix);
    const ValueId state = initial(node, layout, sizes, kState, direction, suffix + "/state");
    const ValueId cell =
        kind == RecurrentKind::kLstm ? initial(node, layout, sizes, kCell, direction, suffix + "/cell") : kNoValue;
    directions.push_back(lower_recurrent(node, layer, x, state, cell, suffix));
    states.push_back(directions.back().last_state);
    cells.push_back(directions.back().last_cell);
  }
  if (node.has_output(0)) node.set_output(stack_states(node, layout, sizes, directions), 0);
  if (node.has_output(1)) node.set_output(stack(node, layout, sizes, states, "/y_h"), 1);
  if (node.has_output(2)) node.set_output(stack(node, layout, sizes, cells, "/y_c"), 2);
}

}  // namespace

void import_rnn(NodeContext& node) { import_recurrent(node, RecurrentKind::kPlain, 1, {"Tanh"}); }

void import_gru(NodeContext& node) { import_recurrent(node, RecurrentKind::kGru, 3, {"Sigmoid", "Tanh"}); }

void import_lstm(NodeContext& node) { import_recurrent(node, RecurrentKind::kLstm, 4, {"Sigmoid", "Tanh", "Tanh"}); }

}  // namespace lacuna::onnx
