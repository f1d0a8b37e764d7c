// Builds TFLite models in memory and imports them.
#pragma once

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "converter/ir/interpret.h"
#include "converter/tflite/schema.h"
#include "converter/tflite/tflite.h"

namespace lacuna::tflite {

/// Tensors are known by their index, named "t<index>".
class ModelBuilder {
 public:
  ModelBuilder() {
    model.version = 3;
    model.buffers.push_back(std::make_unique<tflite_fbs::BufferT>());
    model.subgraphs.push_back(std::make_unique<tflite_fbs::SubGraphT>());
  }

  tflite_fbs::SubGraphT& graph() { return *model.subgraphs.front(); }
  tflite_fbs::TensorT& tensor(int index) { return *graph().tensors[static_cast<size_t>(index)]; }

  int add_tensor(const std::vector<int>& shape, tflite_fbs::TensorType type = tflite_fbs::TensorType::FLOAT32) {
    auto tensor = std::make_unique<tflite_fbs::TensorT>();
    tensor->name = "t" + std::to_string(graph().tensors.size());
    tensor->shape = shape;
    tensor->type = type;
    graph().tensors.push_back(std::move(tensor));
    return static_cast<int>(graph().tensors.size()) - 1;
  }

  int add_input(const std::vector<int>& shape) {
    graph().inputs.push_back(add_tensor(shape));
    return graph().inputs.back();
  }

  template <class Element>
  int add_constant(const std::vector<int>& shape, tflite_fbs::TensorType type, const std::vector<Element>& elements) {
    auto buffer = std::make_unique<tflite_fbs::BufferT>();
    buffer->data.resize(elements.size() * sizeof(Element));
    std::memcpy(buffer->data.data(), elements.data(), buffer->data.size());
    const int index = add_tensor(shape, type);
    tensor(index).buffer = static_cast<uint32_t>(model.buffers.size());
    model.buffers.push_back(std::move(buffer));
    return index;
  }
  int add_floats(const std::vector<int>& shape, const std::vector<float>& elements) {
    return add_constant(shape, tflite_fbs::TensorType::FLOAT32, elements);
  }
  int add_ints(const std::vector<int>& shape, const std::vector<int32_t>& elements) {
    return add_constant(shape, tflite_fbs::TensorType::INT32, elements);
  }

  /// Adds an operator; returns its (first) output, whose shape the importer has to find.
  int add_op(tflite_fbs::BuiltinOperator op, const std::vector<int>& inputs, int outputs = 1) {
    auto code = std::make_unique<tflite_fbs::OperatorCodeT>();
    code->builtin_code = op;
    auto node = std::make_unique<tflite_fbs::OperatorT>();
    node->opcode_index = static_cast<uint32_t>(model.operator_codes.size());
    node->inputs = inputs;
    for (int i = 0; i < outputs; ++i) node->outputs.push_back(add_tensor({}));
    model.operator_codes.push_back(std::move(code));
    graph().operators.push_back(std::move(node));
    return graph().operators.back()->outputs.front();
  }

  template <class Options>
  int add_op(tflite_fbs::BuiltinOperator op, const std::vector<int>& inputs, Options options, int outputs = 1) {
    const int output = add_op(op, inputs, outputs);
    graph().operators.back()->builtin_options.Set(std::move(options));
    return output;
  }

  void set_outputs(const std::vector<int>& outputs) { graph().outputs = outputs; }

  std::string bytes() const {
    flatbuffers::FlatBufferBuilder builder;
    tflite_fbs::FinishModelBuffer(builder, tflite_fbs::Model::Pack(builder, &model));
    return std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  }

  tflite_fbs::ModelT model;
};

/// A file that is gone with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() / ("lacuna_tflite_test_" + std::to_string(getpid()) + ".tflite")) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline Graph import_bytes(const std::string& bytes, const ImportOptions& options = {}) {
  return import_tflite(TemporaryFile(bytes).path(), options);
}

inline Graph import_model(const ModelBuilder& builder, const ImportOptions& options = {}) {
  return import_bytes(builder.bytes(), options);
}

/// The exit code and message of an import that must fail.
inline std::pair<ExitCode, std::string> import_error(const std::string& bytes, const ImportOptions& options = {}) {
  try {
    import_bytes(bytes, options);
  } catch (const Error& error) {
    return {error.code, error.what()};
  }
  return {ExitCode::kOk, ""};
}

inline std::pair<ExitCode, std::string> import_error(const ModelBuilder& builder, const ImportOptions& options = {}) {
  return import_error(builder.bytes(), options);
}

/// Outputs for inputs that are given as elements only.
inline std::vector<Tensor> run(const Graph& graph, const std::vector<std::vector<float>>& inputs) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) tensors.emplace_back(graph.shape(graph.inputs[i]), inputs[i]);
  return interpret(graph, tensors);
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace lacuna::tflite
