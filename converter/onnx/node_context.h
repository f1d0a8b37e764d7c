// What the handler of an ONNX operator works with: the node's operands and attributes, checked as they are read, and
// the graph under construction.
//
// A handler reads operands and attributes, emits nodes and sets the outputs it has. It throws Error(kMalformed) for a
// node that breaks ONNX's rules and Error(kUnsupported), with what to do about it, for what Lacuna lacks; the importer
// adds which node it was. Outputs that a handler leaves unset are reported when something reads them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "converter/ir/graph_builder.h"
#include "onnx_subset.pb.h"

namespace lacuna::onnx {

/// What all nodes of one model share.
struct ImportState {
  Graph graph;
  std::string folder;  ///< of external data
  int64_t opset = 0;
  MemoryBudget budget;
  std::unordered_map<ValueId, ValueId> transposed;  ///< matrices: nodes that read one, as turns of a loop do, share it
};

class NodeContext : public GraphBuilder {
 public:
  /// Imports a nested graph, given its inputs, in the node's scope and returns its outputs; kNoValue for one that could
  /// not be made, which has been reported.
  using ImportSubgraph = std::function<std::vector<ValueId>(const GraphProto&, const std::vector<ValueId>&)>;

  NodeContext(ImportState& state, const NodeProto& proto, std::vector<ValueId> inputs, ImportSubgraph import_subgraph);

  int64_t opset() const { return state_.opset; }
  const std::string& op_type() const { return proto_.op_type(); }

  // Operands. Trailing omitted ones do not count.
  size_t input_count() const { return inputs_.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i] != kNoValue; }
  ValueId input(size_t i) const;  ///< throws kMalformed when it is missing
  ValueId optional_input(size_t i) const { return has_input(i) ? inputs_[i] : kNoValue; }
  Shape shape(size_t i) const { return state_.graph.shape(input(i)); }
  int rank(size_t i) const { return shape(i).rank; }
  bool is_constant(size_t i) const { return state_.graph.is_constant(input(i)); }
  /// `role` names the operand in the message of kUnsupported when it is not a constant.
  const Tensor& constant(size_t i, const char* role) const;
  std::vector<int64_t> ints(size_t i, const char* role) const;
  std::vector<float> floats(size_t i, const char* role) const;

  // Attributes. kMalformed when the type is wrong or, without a default, when it is missing.
  bool has_attr(const char* name) const;
  int64_t int_attr(const char* name) const;
  int64_t int_attr(const char* name, int64_t default_value) const;
  float float_attr(const char* name, float default_value) const;
  std::string string_attr(const char* name, const std::string& default_value) const;
  std::optional<std::vector<int64_t>> ints_attr(const char* name) const;
  std::optional<std::vector<float>> floats_attr(const char* name) const;
  std::optional<std::vector<std::string>> strings_attr(const char* name) const;
  std::optional<Tensor> tensor_attr(const char* name) const;
  std::optional<Tensor> sparse_tensor_attr(const char* name) const;
  const GraphProto& graph_attr(const char* name) const;

  // Outputs.
  size_t output_count() const { return outputs_.size(); }
  bool has_output(size_t i) const { return i < outputs_.size() && !proto_.output(static_cast<int>(i)).empty(); }
  /// A value that this node made gets the output's name. kNoValue: the output could not be made (already reported).
  void set_output(ValueId id, size_t i = 0);
  const std::optional<ValueId>& output(size_t i) const { return outputs_[i]; }

  /// A constant matrix with rows and columns exchanged.
  ValueId transposed(ValueId matrix);

  std::vector<ValueId> import_subgraph(const GraphProto& graph, const std::vector<ValueId>& inputs) const {
    return import_subgraph_(graph, inputs);
  }

 private:
  const AttributeProto* find_attr(const char* name, AttributeProto::AttributeType type) const;

  ImportState& state_;
  const NodeProto& proto_;
  std::vector<ValueId> inputs_;
  std::vector<std::optional<ValueId>> outputs_;
  ImportSubgraph import_subgraph_;
  size_t first_own_value_;
};

/// Sorted and in [0, rank). Throws kMalformed for axes outside of [-rank, rank) and for duplicates.
std::vector<uint32_t> checked_axes(const std::vector<int64_t>& axes, int rank);

}  // namespace lacuna::onnx
