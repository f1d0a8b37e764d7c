#include "converter/ir/lower_recurrent.h"

#include <cmath>

namespace lacuna {

namespace {

using fbs::BinaryKind;

/// Each step is ten nodes or so.
constexpr int64_t kMostSteps = 2048;

class Unroller {
 public:
  Unroller(GraphBuilder& builder, const RecurrentLayer& layer, ValueId x, const std::string& suffix)
      : builder_(builder), layer_(layer), shape_(builder.shape_of(x)), suffix_(suffix) {
    if (layer.kind != RecurrentKind::kPlain) from_input_ = project(layer.gates, x, "/gates");
    candidate_from_input_ = project(layer.candidate, x, "/candidate");
  }

  int64_t steps() const { return shape_[0]; }

  void advance(int64_t step, ValueId& state, ValueId& cell) {
    step_ = suffix_ + "/" + std::to_string(step);
    at_ = step;
    switch (layer_.kind) {
      case RecurrentKind::kPlain:
        state = activate(layer_.candidate_activation, sum_of(layer_.candidate, candidate_from_input_, state, "/sum"),
                         "/state");
        return;
      case RecurrentKind::kGru:
        state = advance_gru(state);
        return;
      case RecurrentKind::kLstm:
        advance_lstm(state, cell);
    }
  }

 private:
  std::string name(const char* part) const { return step_ + part; }

  ValueId binary(BinaryKind kind, ValueId a, ValueId b, const char* part) {
    return builder_.binary(kind, a, b, {}, name(part));
  }

  ValueId fully_connected(ValueId x, ValueId weight, ValueId bias, const std::string& suffix) {
    const Shape &in = builder_.shape_of(x), &w = builder_.shape_of(weight);
    if (w.rank != 2 || w[1] != in[in.rank - 1]) {
      malformed("weights " + to_string(w) + " do not fit values " + to_string(in));
    }
    fbs::FullyConnectedAttrsT attrs;
    attrs.units = static_cast<uint32_t>(w[0]);
    std::vector<ValueId> inputs = {x, weight};
    if (bias != kNoValue) inputs.push_back(bias);
    return builder_.emit(make_attrs(std::move(attrs)), std::move(inputs), suffix);
  }

  /// W x + b of all steps.
  ValueId project(const Gates& gates, ValueId x, const char* part) {
    return fully_connected(x, gates.weight, gates.bias, suffix_ + part);
  }

  /// This step's part of what `project` made: [batch, units].
  ValueId at_this_step(ValueId projected, const char* part) {
    return builder_.element(projected, 0, at_, name(part) + "/rows");
  }

  ValueId sum_of(const Gates& gates, ValueId projected, ValueId state, const char* part) {
    const ValueId recurrent = fully_connected(state, gates.recurrence, gates.recurrent_bias, name(part) + "/recurrent");
    return binary(BinaryKind::Add, recurrent, at_this_step(projected, part), part);
  }

  ValueId activate(const fbs::Activation& function, ValueId x, const char* part) {
    return builder_.unary(function, clip(x, layer_.clip, part), name(part));
  }

  ValueId clip(ValueId x, float limit, const char* part) {
    if (std::isinf(limit)) return x;
    return builder_.unary({fbs::UnaryKind::Clamp, -limit, limit}, x, name(part) + "/clip");
  }

  /// Gate `index` of [batch, gates * hidden].
  ValueId gate(ValueId gates, int64_t index, const char* part) {
    const int64_t hidden = builder_.shape_of(layer_.candidate.recurrence)[1];
    return builder_.slice(gates, {0, index * hidden}, {1, 1}, make_shape({shape_[1], hidden}), name(part));
  }

  ValueId advance_gru(ValueId state) {
    const ValueId gates =
        activate(layer_.gate_activation, sum_of(layer_.gates, from_input_, state, "/gates/sum"), "/gates");
    const ValueId update = gate(gates, 0, "/update"), reset = gate(gates, 1, "/reset");
    ValueId sum;
    if (layer_.reset_after_product) {
      const ValueId recurrent = fully_connected(state, layer_.candidate.recurrence, layer_.candidate.recurrent_bias,
                                                name("/candidate/recurrent"));
      const ValueId kept = binary(BinaryKind::Mul, reset, recurrent, "/candidate/kept");
      sum = binary(BinaryKind::Add, kept, at_this_step(candidate_from_input_, "/candidate"), "/candidate/sum");
    } else {
      const ValueId kept = binary(BinaryKind::Mul, reset, state, "/candidate/kept");
      sum = sum_of(layer_.candidate, candidate_from_input_, kept, "/candidate/sum");
    }
    const ValueId candidate = activate(layer_.candidate_activation, sum, "/candidate");
    const ValueId change = binary(BinaryKind::Sub, state, candidate, "/change");
    const ValueId kept = binary(BinaryKind::Mul, update, change, "/kept");
    return binary(BinaryKind::Add, candidate, kept, "/state");
  }

  /// The sum of a gate with what it sees of the cell.
  ValueId peep(ValueId sum, size_t index, ValueId cell, const char* part) {
    const ValueId seen = builder_.binary(BinaryKind::Mul, cell, layer_.peepholes[index], {}, name(part) + "/peephole");
    return builder_.binary(BinaryKind::Add, sum, seen, {}, name(part) + "/sum");
  }

  void advance_lstm(ValueId& state, ValueId& cell) {
    const bool peeps = !layer_.peepholes.empty();
    const ValueId sums = sum_of(layer_.gates, from_input_, state, "/gates/sum");
    const ValueId gates = peeps ? kNoValue : activate(layer_.gate_activation, sums, "/gates");
    const auto open = [&](int64_t index, ValueId seen, const char* part) {
      if (!peeps) return gate(gates, index, part);
      const ValueId sum = peep(gate(sums, index, part), static_cast<size_t>(index), seen, part);
      return activate(layer_.gate_activation, sum, part);
    };
    const ValueId candidate =
        activate(layer_.candidate_activation, sum_of(layer_.candidate, candidate_from_input_, state, "/candidate/sum"),
                 "/candidate");
    const ValueId input = open(0, cell, "/input");
    const ValueId forget = layer_.couples_forget
                               ? binary(BinaryKind::Sub, builder_.add_scalar(1, name("/one")), input, "/forget")
                               : open(2, cell, "/forget");
    const ValueId kept = binary(BinaryKind::Mul, forget, cell, "/kept");
    const ValueId entered = binary(BinaryKind::Mul, input, candidate, "/entered");
    cell = clip(binary(BinaryKind::Add, kept, entered, "/cell"), layer_.cell_clip, "/cell");
    const ValueId output = open(1, cell, "/output");
    state = binary(BinaryKind::Mul, output, builder_.unary(layer_.output_activation, cell, name("/shown")), "/state");
  }

  GraphBuilder& builder_;
  const RecurrentLayer& layer_;
  const Shape shape_;
  const std::string suffix_;
  ValueId from_input_ = kNoValue, candidate_from_input_;
  std::string step_;  ///< what names of this step begin with
  int64_t at_ = 0;
};

}  // namespace

RecurrentOutputs lower_recurrent(GraphBuilder& builder, const RecurrentLayer& layer, ValueId x, ValueId state,
                                 ValueId cell, const std::string& suffix) {
  const int64_t steps = builder.shape_of(x)[0];
  if (steps > kMostSteps) {
    unsupported("a sequence of " + std::to_string(steps) + " steps is too long, " + std::to_string(kMostSteps) +
                " at most; run it in parts that take and give the state");
  }
  Unroller unroller(builder, layer, x, suffix);
  RecurrentOutputs outputs;
  outputs.states.resize(static_cast<size_t>(steps));
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t step = layer.reverse ? steps - 1 - i : i;
    unroller.advance(step, state, cell);
    outputs.states[static_cast<size_t>(step)] = state;
  }
  outputs.last_state = state;
  outputs.last_cell = layer.kind == RecurrentKind::kLstm ? cell : kNoValue;
  return outputs;
}

}  // namespace lacuna
