// A TFLite file in memory: verified structure, typed access.
#pragma once

#include <string>
#include <vector>

#include "converter/ir/graph.h"
#include "converter/tflite/schema.h"

namespace lacuna::tflite {

/// Which operator a node is.
struct OpCode {
  tflite_fbs::BuiltinOperator builtin = tflite_fbs::BuiltinOperator::CUSTOM;
  std::string custom;  ///< name of a custom operator
  std::string name() const;
};

/// Tensors of a node or graph, -1 for an omitted one.
std::vector<int> list_of(const flatbuffers::Vector<int32_t>* list);

/// Bytes inside the file.
struct Bytes {
  const uint8_t* data = nullptr;
  uint64_t size = 0;
};

/// One of the graphs of a file: the main one, or a branch or the body of a loop.
class Subgraph {
 public:
  explicit Subgraph(const tflite_fbs::SubGraph& graph) : graph_(&graph) {}

  uint32_t tensor_count() const { return graph_->tensors() == nullptr ? 0 : graph_->tensors()->size(); }
  uint32_t operator_count() const { return graph_->operators() == nullptr ? 0 : graph_->operators()->size(); }
  const tflite_fbs::Tensor& tensor(int index) const;  ///< throws kMalformed when there is none
  const tflite_fbs::Operator& op(uint32_t index) const { return *graph_->operators()->Get(index); }
  std::vector<int> inputs() const { return list_of(graph_->inputs()); }
  std::vector<int> outputs() const { return list_of(graph_->outputs()); }

 private:
  const tflite_fbs::SubGraph* graph_;
};

/// Messages of its errors do not name the file.
class Model {
 public:
  /// Reads and verifies. Throws Error: kMalformed; kUnsupported for more than one graph that can be run.
  explicit Model(const std::string& path);

  uint64_t file_bytes() const { return file_.size(); }
  int subgraph_count() const { return static_cast<int>(root_->subgraphs()->size()); }
  /// The main one is 0. Throws kMalformed when there is none.
  Subgraph subgraph(int index) const;
  OpCode code(const tflite_fbs::Operator& op) const;

  /// Elements that the file holds for a tensor. Throws kMalformed for a place outside of the file.
  Bytes data(const tflite_fbs::Tensor& tensor) const;

  /// The constant tensor, dense, as f32 or i64. Throws Error: kMalformed when data and shape do not fit; kUnsupported
  /// for element types that Lacuna does not read.
  Tensor decode(const tflite_fbs::Tensor& tensor) const;

 private:
  void refuse_entry_points() const;

  std::string file_;
  const tflite_fbs::Model* root_ = nullptr;
};

bool is_integer(tflite_fbs::TensorType type);  ///< an integer of 8 to 64 bits or bool: becomes i64
bool is_float(tflite_fbs::TensorType type);    ///< fp16, bf16, fp32 or fp64: becomes f32
/// Integers that stand for real numbers.
bool is_quantized(const tflite_fbs::Tensor& tensor);
std::string name_of(const tflite_fbs::Tensor& tensor);
/// The shape as the file gives it. Throws Error: kMalformed for negative dimensions or 2^31 elements and more,
/// kUnsupported for more than kMaxRank dimensions. Dimensions of 0 are let through.
Shape shape_of(const tflite_fbs::Tensor& tensor);

}  // namespace lacuna::tflite
