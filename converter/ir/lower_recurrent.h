// Recurrent layers in terms of FullyConnected and elementwise operators: a sequence has a known length, so its steps
// stand one behind the other. They share their weights, which a file holds once.
#pragma once

#include <limits>
#include <vector>

#include "converter/ir/graph_builder.h"

namespace lacuna {

enum class RecurrentKind : uint8_t {
  kPlain,  ///< h' = g(W x + R h + b)
  kGru,    ///< (z, r) = f(W x + R h + b), n = g(W x + R (r h) + b), h' = (1 - z) n + z h
  kLstm,   ///< (i, o, f) = f(W x + R h + b), c' = f c + i g(W x + R h + b), h' = o h(c')
};

/// The constant weights of gates that take the same activation, `units` of them.
struct Gates {
  ValueId weight;                     ///< [units, inputs]
  ValueId recurrence;                 ///< [units, hidden]
  ValueId bias = kNoValue;            ///< [units] or none
  ValueId recurrent_bias = kNoValue;  ///< [units] or none: beside R h
};

/// One direction of a recurrent layer.
struct RecurrentLayer {
  RecurrentKind kind = RecurrentKind::kPlain;
  Gates gates;      ///< GRU: z, r; LSTM: i, o, f; each `hidden` units
  Gates candidate;  ///< of the new state; all there is in a plain layer
  fbs::Activation gate_activation, candidate_activation, output_activation;
  float clip = std::numeric_limits<float>::infinity();       ///< of what activations take
  float cell_clip = std::numeric_limits<float>::infinity();  ///< LSTM: of c'
  bool reset_after_product = false;                          ///< GRU: n = g(W x + r (R h + b) + b)
  bool couples_forget = false;                               ///< LSTM: f = 1 - i
  std::vector<ValueId> peepholes;  ///< LSTM: none, or of i, o, f: [hidden], times c in the gate
  bool reverse = false;            ///< from the last step to the first
};

struct RecurrentOutputs {
  std::vector<ValueId> states;  ///< [batch, hidden] at each step, in the order of the sequence
  ValueId last_state;           ///< [batch, hidden]
  ValueId last_cell;            ///< LSTM, else kNoValue
};

/// Appends the steps of x [steps, batch, inputs] from `state` and, in an LSTM, `cell`, both [batch, hidden]. Names end
/// in `suffix`. Throws Error: kMalformed when shapes do not fit, kUnsupported for very long sequences, kResourceLimit.
RecurrentOutputs lower_recurrent(GraphBuilder& builder, const RecurrentLayer& layer, ValueId x, ValueId state,
                                 ValueId cell, const std::string& suffix);

}  // namespace lacuna
