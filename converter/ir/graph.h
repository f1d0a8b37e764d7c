// The converter's picture of a network: values and nodes in execution order.
//
// Convolutional values are channel-first here, [N, C, spatial...]; the TFLite importer puts transposes around what is
// channel-last there and a pass cancels them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "converter/ir/error.h"
#include "converter/ir/tensor.h"
#include "kernels/op_host.h"

namespace lacuna {

using ValueId = int32_t;
/// An omitted optional operand.
constexpr ValueId kNoValue = -1;

using Attrs = fbs::OpAttrsUnion;

/// Attributes of a node from the schema's native table: `make_attrs(fbs::ConvAttrsT{...})`.
template <class NativeTable>
Attrs make_attrs(NativeTable table) {
  Attrs attrs;
  attrs.Set(std::move(table));
  return attrs;
}

/// What fp32 numbers stand for in the source model.
enum class Meaning : uint8_t {
  kNumber,
  kTruth,    ///< a boolean: 0 or 1
  kInteger,  ///< exact up to 2^24
};

struct Value {
  std::string name;  ///< as in the source model, or made from the node's name
  ElementType type = ElementType::kF32;
  Shape shape;
  std::shared_ptr<const Tensor> constant;  ///< null for a value that is computed
  fbs::Dtype dtype = fbs::Dtype::F32;      ///< on the device: converter/choose/dtypes.h
  Meaning meaning = Meaning::kNumber;      ///< of what is computed in fp32
};

struct Node {
  std::string name;  ///< of the source node
  Attrs attrs;
  std::vector<ValueId> inputs;  ///< graph operand order (OpHost::operands); kNoValue for an omitted one
  ValueId output = kNoValue;
};

/// Values are never removed (ids stay valid); nodes are kept in execution order.
struct Graph {
  std::string name;  ///< file name of the source model
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Shape& shape(ValueId id) const { return value(id).shape; }
  bool is_constant(ValueId id) const { return id != kNoValue && value(id).constant != nullptr; }
  const Tensor& constant(ValueId id) const { return *value(id).constant; }

  ValueId add_value(const std::string& value_name, ElementType type, const Shape& shape);
  ValueId add_input(const std::string& value_name, const Shape& shape);
  ValueId add_constant(const std::string& value_name, Tensor tensor);
};

/// Serialized attributes, as the functions of OpRun and OpHost read them.
class PackedAttrs {
 public:
  explicit PackedAttrs(const Attrs& attrs);
  const void* table() const { return table_; }

 private:
  flatbuffers::DetachedBuffer buffer_;
  const void* table_;
};

/// Shape of the node's output. Throws Error(kMalformed) with the node's name when attributes and inputs do not fit.
Shape infer_shape(const Graph& graph, const Node& node);

/// Appends a node, infers its output value (named `output_name`, or after the node) and returns it.
/// A node whose inputs are all constant is evaluated by its reference instead, and its output is a constant.
ValueId append(Graph& graph, Attrs attrs, std::vector<ValueId> inputs, const std::string& name,
               const std::string& output_name = "");

/// Evaluates the operator on constant tensors (graph operand order, null for omitted ones) with its reference.
Tensor evaluate(const Attrs& attrs, const std::vector<const Tensor*>& inputs, const Shape& output_shape);

/// For every value: the node that makes it (-1: input or constant) and the nodes that read it, as indices of
/// Graph::nodes, once for each operand. Valid until nodes change.
struct Uses {
  explicit Uses(const Graph& graph);
  std::vector<int> producer;
  std::vector<std::vector<int>> readers;

  int producer_of(ValueId id) const { return producer[static_cast<size_t>(id)]; }
  const std::vector<int>& readers_of(ValueId id) const { return readers[static_cast<size_t>(id)]; }
};

/// Reads every operand of every node through `replacement` (outputs of the graph as well).
void replace_value(Graph& graph, ValueId from, ValueId to);

/// "Conv 'conv1' [1,3,224,224] -> [1,32,112,112]": how messages name a node.
std::string describe(const Graph& graph, const Node& node);
std::string to_string(const Shape& shape);

}  // namespace lacuna
