// What the handler of a TFLite operator works with: the node's operands and options, checked as they are read, and the
// graph under construction.
//
// A handler reads operands and options, emits nodes and sets all outputs. It throws Error(kMalformed) for a node that
// breaks TFLite's rules and Error(kUnsupported), with what to do about it, for what Lacuna lacks; the importer adds
// which node it was.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "converter/ir/graph_builder.h"
#include "converter/tflite/model.h"

namespace lacuna::tflite {

/// What all nodes of one model share.
struct ImportState {
  explicit ImportState(const std::string& path) : model(path) {}

  Model model;
  Graph graph;
  MemoryBudget budget;
  int64_t turns = 0;                                   ///< of all loops
  std::unordered_map<ValueId, ValueId> channel_first;  ///< of a channel-last value: the same elements channel-first
};

/// A convolution between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, which is a dilated one. One entry a spatial
/// dimension.
struct FoldedDilation {
  std::array<int64_t, 2> dilation;
  std::array<int64_t, 2> pads_begin, pads_end;
  std::array<int64_t, 2> crops_begin, crops_end;
};

class NodeContext : public GraphBuilder {
 public:
  /// Imports another graph of the file, given its inputs, and returns its outputs. Throws kUnsupported for one that
  /// uses what Lacuna does not have.
  using ImportSubgraph = std::function<std::vector<ValueId>(int index, const std::vector<ValueId>& inputs)>;

  /// `name` is the node's: that of its first output.
  NodeContext(ImportState& state, const tflite_fbs::Operator& op, std::vector<ValueId> inputs,
              std::vector<tflite_fbs::TensorType> output_types, const std::string& name, ImportSubgraph import_subgraph)
      : GraphBuilder(state.graph, state.budget, name),
        state_(state),
        op_(op),
        inputs_(std::move(inputs)),
        output_types_(std::move(output_types)),
        outputs_(output_types_.size(), kNoValue),
        import_subgraph_(std::move(import_subgraph)) {}

  tflite_fbs::BuiltinOperator builtin() const { return state_.model.code(op_).builtin; }

  // Operands.
  size_t input_count() const { return inputs_.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i] != kNoValue; }
  ValueId input(size_t i) const;  ///< throws kMalformed when it is missing
  /// A copy: what is emitted may move the graph's values.
  Shape shape(size_t i) const { return graph().shape(input(i)); }
  bool is_constant(size_t i) const { return graph().is_constant(input(i)); }
  bool all_constant() const;
  /// `role` names the operand in the message of kUnsupported when it is not a constant. The tensor lives as long as
  /// the graph.
  const Tensor& constant(size_t i, const char* role) const;
  std::vector<int64_t> ints(size_t i, const char* role) const;
  int64_t scalar_int(size_t i, const char* role) const;

  /// Options of the operator, TFLite's defaults where the file has none.
  template <class Options>
  typename Options::NativeTableType options() const {
    typename Options::NativeTableType native;
    const Options* table = op_.builtin_options_as<Options>();
    if (table != nullptr) table->UnPackTo(&native);
    return native;
  }
  const flatbuffers::Vector<uint8_t>* custom_options() const { return op_.custom_options(); }

  // Outputs.
  size_t output_count() const { return outputs_.size(); }
  tflite_fbs::TensorType output_type(size_t i) const { return output_types_[i]; }
  void set_output(ValueId id, size_t i = 0);
  ValueId output(size_t i) const { return outputs_[i]; }

  std::vector<ValueId> import_subgraph(int index, const std::vector<ValueId>& inputs) const {
    return import_subgraph_(index, inputs);
  }
  /// Throws kUnsupported when loops take too many turns.
  void count_turn();

  // Building.
  /// Appends a node over channel-first values: inputs[0] and the result are channel-last, [N, spatial..., C]. An
  /// activation that the operator has no place for is a node of its own.
  ValueId emit_channel_first(Attrs attrs, std::vector<ValueId> inputs, const fbs::Activation& activation = {});
  ValueId to_channel_first(ValueId x);
  /// `x` is channel-first.
  ValueId to_channel_last(ValueId x);
  /// x itself for the identity.
  ValueId activate(const fbs::Activation& activation, ValueId x);

  /// Set when the node is a convolution of that pattern; its input and output are the pattern's.
  std::optional<FoldedDilation> folded_dilation;

 private:
  ImportState& state_;
  const tflite_fbs::Operator& op_;
  std::vector<ValueId> inputs_;
  std::vector<tflite_fbs::TensorType> output_types_;
  std::vector<ValueId> outputs_;
  ImportSubgraph import_subgraph_;
};

/// Throws kUnsupported for SIGN_BIT, kMalformed for an unknown number.
fbs::Activation activation_of(tflite_fbs::ActivationFunctionType type);

/// Padding of one spatial dimension as TFLite resolves it: SAME puts the odd element behind.
struct Window {
  int64_t kernel, stride, dilation, pad_begin, pad_end;
};
/// Throws kMalformed for a kernel, stride or dilation below 1 or an unknown padding.
Window resolve_window(tflite_fbs::Padding padding, int64_t input, int64_t kernel, int64_t stride, int64_t dilation);

/// Fills kernel, stride, dilation and pads of ConvAttrs or PoolAttrs.
template <class AttrsTable>
void set_windows(AttrsTable& attrs, const std::vector<Window>& windows) {
  for (const Window& window : windows) {
    attrs.kernel.push_back(static_cast<uint32_t>(window.kernel));
    attrs.stride.push_back(static_cast<uint32_t>(window.stride));
    attrs.dilation.push_back(static_cast<uint32_t>(window.dilation));
    attrs.pads_begin.push_back(static_cast<uint32_t>(window.pad_begin));
    attrs.pads_end.push_back(static_cast<uint32_t>(window.pad_end));
  }
}

/// Throws kMalformed when input i has another rank.
void check_rank(const NodeContext& node, size_t i, int rank);

}  // namespace lacuna::tflite
