#include "converter/onnx/node_context.h"

#include <algorithm>

#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

namespace {

/// What its nodes are called.
std::string name_of(const NodeProto& proto) {
  return !proto.name().empty() || proto.output_size() == 0 ? proto.name() : proto.output(0);
}

std::string quoted(const char* name) { return "'" + std::string(name) + "'"; }

}  // namespace

NodeContext::NodeContext(ImportState& state, const NodeProto& proto, std::vector<ValueId> inputs,
                         ImportSubgraph import_subgraph)
    : GraphBuilder(state.graph, state.budget, name_of(proto)),
      state_(state),
      proto_(proto),
      inputs_(std::move(inputs)),
      outputs_(static_cast<size_t>(proto.output_size())),
      import_subgraph_(std::move(import_subgraph)),
      first_own_value_(state.graph.values.size()) {
  while (!inputs_.empty() && inputs_.back() == kNoValue) inputs_.pop_back();
}

ValueId NodeContext::input(size_t i) const {
  if (!has_input(i)) malformed("input " + std::to_string(i) + " is missing");
  return inputs_[i];
}

const Tensor& NodeContext::constant(size_t i, const char* role) const {
  if (!is_constant(i)) {
    unsupported(std::string("the ") + role + " must be constant, but is computed by the network");
  }
  return state_.graph.constant(input(i));
}

std::vector<int64_t> NodeContext::ints(size_t i, const char* role) const {
  const Tensor& tensor = constant(i, role);
  if (tensor.type != ElementType::kI64) malformed(std::string("the ") + role + " must be integers");
  return tensor.i64;
}

std::vector<float> NodeContext::floats(size_t i, const char* role) const {
  const Tensor& tensor = constant(i, role);
  if (tensor.type != ElementType::kF32) malformed(std::string("the ") + role + " must be floats");
  return tensor.f32;
}

const AttributeProto* NodeContext::find_attr(const char* name, AttributeProto::AttributeType type) const {
  for (const AttributeProto& attr : proto_.attribute()) {
    if (attr.name() != name) continue;
    if (!attr.ref_attr_name().empty()) malformed("attribute " + quoted(name) + " refers to a function's attribute");
    if (attr.has_type() && attr.type() != AttributeProto::UNDEFINED && attr.type() != type) {
      malformed("attribute " + quoted(name) + " has the wrong type");
    }
    return &attr;
  }
  return nullptr;
}

bool NodeContext::has_attr(const char* name) const {
  return std::any_of(proto_.attribute().begin(), proto_.attribute().end(),
                     [name](const AttributeProto& attr) { return attr.name() == name; });
}

int64_t NodeContext::int_attr(const char* name) const {
  if (!has_attr(name)) malformed("attribute " + quoted(name) + " is missing");
  return int_attr(name, 0);
}

int64_t NodeContext::int_attr(const char* name, int64_t default_value) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::INT);
  return attr != nullptr ? attr->i() : default_value;
}

float NodeContext::float_attr(const char* name, float default_value) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::FLOAT);
  return attr != nullptr ? attr->f() : default_value;
}

std::string NodeContext::string_attr(const char* name, const std::string& default_value) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::STRING);
  return attr != nullptr ? attr->s() : default_value;
}

std::optional<std::vector<int64_t>> NodeContext::ints_attr(const char* name) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::INTS);
  if (attr == nullptr) return std::nullopt;
  return std::vector<int64_t>(attr->ints().begin(), attr->ints().end());
}

std::optional<std::vector<float>> NodeContext::floats_attr(const char* name) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::FLOATS);
  if (attr == nullptr) return std::nullopt;
  return std::vector<float>(attr->floats().begin(), attr->floats().end());
}

std::optional<std::vector<std::string>> NodeContext::strings_attr(const char* name) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::STRINGS);
  if (attr == nullptr) return std::nullopt;
  return std::vector<std::string>(attr->strings().begin(), attr->strings().end());
}

std::optional<Tensor> NodeContext::tensor_attr(const char* name) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::TENSOR);
  if (attr == nullptr) return std::nullopt;
  return decode_tensor(attr->t(), state_.folder);
}

std::optional<Tensor> NodeContext::sparse_tensor_attr(const char* name) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::SPARSE_TENSOR);
  if (attr == nullptr) return std::nullopt;
  return decode_sparse_tensor(attr->sparse_tensor(), state_.folder, state_.budget);
}

const GraphProto& NodeContext::graph_attr(const char* name) const {
  const AttributeProto* attr = find_attr(name, AttributeProto::GRAPH);
  if (attr == nullptr) malformed("attribute " + quoted(name) + " is missing");
  return attr->g();
}

ValueId NodeContext::transposed(ValueId matrix) {
  const auto known = state_.transposed.find(matrix);
  if (known != state_.transposed.end()) return known->second;
  const Tensor& tensor = graph().constant(matrix);
  const Shape shape = make_shape({tensor.shape[1], tensor.shape[0]});
  const auto rows = static_cast<size_t>(tensor.shape[0]), columns = static_cast<size_t>(tensor.shape[1]);
  return state_.transposed[matrix] = add_folded(
             ElementType::kF32, shape,
             [&] {
               Tensor result(ElementType::kF32, shape);
               for (size_t i = 0; i < rows; ++i) {
                 for (size_t j = 0; j < columns; ++j) result.f32[j * rows + i] = tensor.f32[i * columns + j];
               }
               return result;
             },
             "/weight");
}

void NodeContext::set_output(ValueId id, size_t i) {
  if (!has_output(i)) return;
  outputs_[i] = id;
  if (id == kNoValue || static_cast<size_t>(id) < first_own_value_) return;
  const bool named = std::count(outputs_.begin(), outputs_.end(), std::optional<ValueId>(id)) > 1;
  if (!named) state_.graph.value(id).name = proto_.output(static_cast<int>(i));
}

std::vector<uint32_t> checked_axes(const std::vector<int64_t>& axes, int rank) {
  std::vector<uint32_t> sorted;
  for (const int64_t axis : axes) sorted.push_back(static_cast<uint32_t>(checked_axis(axis, rank)));
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) malformed("an axis is named twice");
  return sorted;
}

}  // namespace lacuna::onnx
