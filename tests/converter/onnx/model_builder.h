// Builds small ONNX models in memory and imports them.
#pragma once

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "converter/onnx/onnx.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

/// A folder of its own that is removed in the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lacuna_onnx_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

 private:
  std::string path_;
};

/// Bytes of a list as raw_data holds them.
template <class T>
std::string raw_bytes(const std::vector<T>& elements) {
  std::string bytes(elements.size() * sizeof(T), '\0');
  if (!elements.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

template <class T>
TensorProto raw_tensor(const std::string& name, DataType type, const std::vector<int64_t>& dims,
                       const std::vector<T>& elements) {
  TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(static_cast<int32_t>(type));
  for (const int64_t dim : dims) tensor.add_dims(dim);
  tensor.set_raw_data(raw_bytes(elements));
  return tensor;
}

inline AttributeProto int_attribute(const std::string& name, int64_t value) {
  AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(AttributeProto::INT);
  attribute.set_i(value);
  return attribute;
}

inline AttributeProto ints_attribute(const std::string& name, const std::vector<int64_t>& values) {
  AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
  return attribute;
}

inline AttributeProto string_attribute(const std::string& name, const std::string& value) {
  AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(AttributeProto::STRING);
  attribute.set_s(value);
  return attribute;
}

inline void add_value_info(ValueInfoProto* info, const std::string& name, const std::vector<int64_t>& dims,
                           DataType type) {
  info->set_name(name);
  info->mutable_type()->mutable_tensor_type()->set_elem_type(static_cast<int32_t>(type));
  auto* shape = info->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const int64_t dim : dims) {
    auto* proto = shape->add_dim();
    if (dim >= 0) {
      proto->set_dim_value(dim);
    } else {
      proto->set_dim_param("symbol" + std::to_string(-dim));
    }
  }
}

/// Nodes, inputs and constants of one graph. A negative dimension of an input is symbolic.
class GraphProtoBuilder {
 public:
  explicit GraphProtoBuilder(GraphProto* graph) : graph_(graph) {}

  NodeProto* node(const std::string& op_type, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs, const std::vector<AttributeProto>& attributes = {}) {
    NodeProto* proto = graph_->add_node();
    proto->set_op_type(op_type);
    proto->set_name(op_type + "_" + std::to_string(graph_->node_size()));
    for (const std::string& name : inputs) proto->add_input(name);
    for (const std::string& name : outputs) proto->add_output(name);
    for (const AttributeProto& attribute : attributes) *proto->add_attribute() = attribute;
    return proto;
  }
  void input(const std::string& name, const std::vector<int64_t>& dims, DataType type = DataType::kFloat) {
    add_value_info(graph_->add_input(), name, dims, type);
  }
  void output(const std::string& name) { graph_->add_output()->set_name(name); }
  void floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& elements) {
    *graph_->add_initializer() = raw_tensor(name, DataType::kFloat, dims, elements);
  }
  void ints(const std::string& name, const std::vector<int64_t>& elements) {
    *graph_->add_initializer() = raw_tensor(name, DataType::kInt64, {static_cast<int64_t>(elements.size())}, elements);
  }
  GraphProto* proto() { return graph_; }

 private:
  GraphProto* graph_;
};

/// Comes before the other base class, which points into it.
struct ModelHolder {
  ModelProto model_;
};

class ModelBuilder : private ModelHolder, public GraphProtoBuilder {
 public:
  explicit ModelBuilder(int64_t opset = 13) : GraphProtoBuilder(model_.mutable_graph()) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
  }

  ModelProto& model() { return model_; }
  Graph import(const ImportOptions& options = {}) const {
    return import_onnx(scratch_.write("model.onnx", model_.SerializeAsString()), options);
  }
  /// The constant that the output folds to.
  Tensor folded_output() const {
    const Graph graph = import();
    return graph.constant(graph.nodes.back().inputs[0]);
  }
  const ScratchFolder& scratch() const { return scratch_; }

 private:
  ScratchFolder scratch_;
};

/// Exit code of the error that `function` throws (kOk for none); its text goes to `message`.
template <class Function>
ExitCode error_of(Function function, std::string* message) {
  try {
    function();
  } catch (const Error& error) {
    *message = error.what();
    return error.code;
  }
  message->clear();
  return ExitCode::kOk;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace lacuna::onnx
