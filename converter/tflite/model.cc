#include "converter/tflite/model.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "converter/tflite/densify.h"
#include "converter/tflite/tflite.h"
#include "sdk/base/half.h"

namespace lacuna::tflite {

using tflite_fbs::TensorType;

namespace {

constexpr int64_t kMaxElements = std::numeric_limits<int32_t>::max();
constexpr size_t kMaxTableBytes = (size_t{1} << 31) - 64;  // FlatBuffers reach no further; constants may lie behind
constexpr uint32_t kMaxDepth = 64;
constexpr uint32_t kMaxTables = 4000000;

std::string read_file(const std::string& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const uintmax_t bytes = regular ? std::filesystem::file_size(path, error) : 0;
  std::ifstream file(path, std::ios::binary);
  if (!regular || error || !file) malformed("cannot read this file");
  std::string content(static_cast<size_t>(bytes), '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file) malformed("cannot read all of this file");
  return content;
}

/// Elements of type `Stored`, each widened by `convert`.
template <class Stored, class Wide, class Convert>
void widen(const Bytes& bytes, std::vector<Wide>& out, Convert convert) {
  out.reserve(bytes.size / sizeof(Stored));
  for (uint64_t at = 0; at < bytes.size; at += sizeof(Stored)) {
    Stored element;
    std::memcpy(&element, bytes.data + at, sizeof(element));
    out.push_back(convert(element));
  }
}

template <class Stored>
std::vector<int64_t> integers(const Bytes& bytes) {
  std::vector<int64_t> out;
  widen<Stored>(bytes, out, [](Stored x) { return static_cast<int64_t>(x); });
  return out;
}

std::vector<int64_t> decode_integers(TensorType type, const Bytes& bytes) {
  switch (type) {
    case TensorType::BOOL:
    case TensorType::UINT8:
      return integers<uint8_t>(bytes);
    case TensorType::INT8:
      return integers<int8_t>(bytes);
    case TensorType::UINT16:
      return integers<uint16_t>(bytes);
    case TensorType::INT16:
      return integers<int16_t>(bytes);
    case TensorType::UINT32:
      return integers<uint32_t>(bytes);
    case TensorType::INT32:
      return integers<int32_t>(bytes);
    case TensorType::UINT64:
      return integers<uint64_t>(bytes);
    default:
      return integers<int64_t>(bytes);
  }
}

std::vector<float> decode_floats(TensorType type, const Bytes& bytes) {
  std::vector<float> out;
  switch (type) {
    case TensorType::FLOAT16:
      widen<uint16_t>(bytes, out, float_from_half);
      break;
    case TensorType::BFLOAT16:
      widen<uint16_t>(bytes, out, float_from_bfloat);
      break;
    case TensorType::FLOAT64:
      widen<double>(bytes, out, [](double x) { return static_cast<float>(x); });
      break;
    default:
      out.resize(bytes.size / sizeof(float));
      std::memcpy(out.data(), bytes.data, bytes.size);
  }
  return out;
}

/// 0 for types that are not read.
uint64_t bytes_of(TensorType type) {
  switch (type) {
    case TensorType::BOOL:
    case TensorType::UINT8:
    case TensorType::INT8:
      return 1;
    case TensorType::FLOAT16:
    case TensorType::BFLOAT16:
    case TensorType::UINT16:
    case TensorType::INT16:
      return 2;
    case TensorType::FLOAT32:
    case TensorType::UINT32:
    case TensorType::INT32:
      return 4;
    case TensorType::FLOAT64:
    case TensorType::UINT64:
    case TensorType::INT64:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

std::string OpCode::name() const {
  if (builtin == tflite_fbs::BuiltinOperator::CUSTOM) return "custom operator " + custom;
  const char* name = tflite_fbs::EnumNameBuiltinOperator(builtin);
  return *name != '\0' ? name : "operator number " + std::to_string(static_cast<int32_t>(builtin));
}

Model::Model(const std::string& path) : file_(read_file(path)) {
  if (file_.empty()) malformed("the file is empty");
  if (!looks_like_tflite(file_)) malformed("this is not a TFLite model: it does not begin like one");
  const auto* bytes = reinterpret_cast<const uint8_t*>(file_.data());
  flatbuffers::Verifier verifier(bytes, std::min(file_.size(), kMaxTableBytes), kMaxDepth, kMaxTables);
  if (!tflite_fbs::VerifyModelBuffer(verifier)) {
    malformed("this is not a whole TFLite model; the file is damaged or cut short");
  }
  root_ = tflite_fbs::GetModel(bytes);
  if (root_->version() != 3) {
    unsupported("it has version " + std::to_string(root_->version()) + " of TFLite's format; Lacuna reads version 3");
  }
  if (root_->subgraphs() == nullptr || root_->subgraphs()->size() == 0) malformed("the model has no graph");
  refuse_entry_points();
}

/// Graphs that no operator refers to are for the application to run.
void Model::refuse_entry_points() const {
  std::set<int> called;
  for (int i = 0; i < subgraph_count(); ++i) {
    const Subgraph graph = subgraph(i);
    for (uint32_t node = 0; node < graph.operator_count(); ++node) {
      const tflite_fbs::Operator& op = graph.op(node);
      if (const auto* options = op.builtin_options_as_IfOptions()) {
        called.insert({options->then_subgraph_index(), options->else_subgraph_index()});
      } else if (const auto* loop = op.builtin_options_as_WhileOptions()) {
        called.insert({loop->cond_subgraph_index(), loop->body_subgraph_index()});
      }
    }
  }
  for (int i = 1; i < subgraph_count(); ++i) {
    if (called.count(i) != 0) continue;
    unsupported("the model has " + std::to_string(subgraph_count()) +
                " subgraphs and several entry points, Lacuna runs one; export a single signature");
  }
}

Subgraph Model::subgraph(int index) const {
  if (index < 0 || index >= subgraph_count()) malformed("refers to subgraph " + std::to_string(index));
  return Subgraph(*root_->subgraphs()->Get(static_cast<uint32_t>(index)));
}

const tflite_fbs::Tensor& Subgraph::tensor(int index) const {
  if (index < 0 || static_cast<uint32_t>(index) >= tensor_count()) {
    malformed("refers to tensor " + std::to_string(index) + " of " + std::to_string(tensor_count()));
  }
  return *graph_->tensors()->Get(static_cast<uint32_t>(index));
}

std::vector<int> list_of(const flatbuffers::Vector<int32_t>* list) {
  return list == nullptr ? std::vector<int>() : std::vector<int>(list->begin(), list->end());
}

OpCode Model::code(const tflite_fbs::Operator& op) const {
  const auto* codes = root_->operator_codes();
  if (codes == nullptr || op.opcode_index() >= codes->size()) {
    malformed("refers to operator code " + std::to_string(op.opcode_index()) + ", which the model lacks");
  }
  const tflite_fbs::OperatorCode& code = *codes->Get(op.opcode_index());
  const auto builtin = static_cast<tflite_fbs::BuiltinOperator>(
      std::max(static_cast<int32_t>(code.builtin_code()), static_cast<int32_t>(code.deprecated_builtin_code())));
  return {builtin, code.custom_code() != nullptr ? code.custom_code()->str() : ""};
}

Bytes Model::data(const tflite_fbs::Tensor& tensor) const {
  const auto* buffers = root_->buffers();
  if (tensor.buffer() == 0 && (buffers == nullptr || buffers->size() == 0)) return {};
  if (buffers == nullptr || tensor.buffer() >= buffers->size()) {
    malformed("tensor '" + name_of(tensor) + "' refers to buffer " + std::to_string(tensor.buffer()) +
              ", which the model lacks");
  }
  const tflite_fbs::Buffer& buffer = *buffers->Get(tensor.buffer());
  if (buffer.offset() > 1) {
    if (buffer.offset() > file_.size() || buffer.size() > file_.size() - buffer.offset()) {
      malformed("tensor '" + name_of(tensor) + "' lies behind the end of the file");
    }
    return {reinterpret_cast<const uint8_t*>(file_.data()) + buffer.offset(), buffer.size()};
  }
  return buffer.data() == nullptr ? Bytes{} : Bytes{buffer.data()->data(), buffer.data()->size()};
}

Tensor Model::decode(const tflite_fbs::Tensor& tensor) const {
  const Shape shape = shape_of(tensor);
  const Bytes bytes = data(tensor);
  const uint64_t element_bytes = bytes_of(tensor.type());
  if (element_bytes == 0) {
    unsupported("tensor '" + name_of(tensor) + "' has elements of type " +
                tflite_fbs::EnumNameTensorType(tensor.type()) + ", which Lacuna does not read");
  }
  const bool sparse = tensor.sparsity() != nullptr;
  const bool fits =
      sparse ? bytes.size % element_bytes == 0 : bytes.size == static_cast<uint64_t>(count(shape)) * element_bytes;
  if (!fits) {
    malformed("tensor '" + name_of(tensor) + "' " + to_string(shape) + " does not fit its " +
              std::to_string(bytes.size) + " bytes");
  }
  if (is_float(tensor.type())) {
    std::vector<float> elements = decode_floats(tensor.type(), bytes);
    if (sparse) elements = densify(*tensor.sparsity(), shape, elements);
    return Tensor(shape, std::move(elements));
  }
  if (sparse) unsupported("tensor '" + name_of(tensor) + "' is a sparse tensor of integers; only floats may be sparse");
  return Tensor(shape, decode_integers(tensor.type(), bytes));
}

bool is_integer(TensorType type) { return bytes_of(type) != 0 && !is_float(type); }

bool is_float(TensorType type) {
  return type == TensorType::FLOAT32 || type == TensorType::FLOAT16 || type == TensorType::BFLOAT16 ||
         type == TensorType::FLOAT64;
}

bool is_quantized(const tflite_fbs::Tensor& tensor) {
  const auto* quantization = tensor.quantization();
  return !is_float(tensor.type()) && quantization != nullptr && quantization->scale() != nullptr &&
         quantization->scale()->size() != 0;
}

std::string name_of(const tflite_fbs::Tensor& tensor) { return tensor.name() != nullptr ? tensor.name()->str() : ""; }

Shape shape_of(const tflite_fbs::Tensor& tensor) {
  Shape shape;
  if (tensor.shape() == nullptr) return shape;
  if (tensor.shape()->size() > static_cast<uint32_t>(kMaxRank)) {
    unsupported("tensor '" + name_of(tensor) + "' has " + std::to_string(tensor.shape()->size()) +
                " dimensions; Lacuna has at most " + std::to_string(kMaxRank));
  }
  int64_t elements = 1;
  for (const int32_t dim : *tensor.shape()) {
    if (dim < 0) malformed("tensor '" + name_of(tensor) + "' has a dimension of " + std::to_string(dim));
    if (dim != 0 && elements > kMaxElements / dim) {
      malformed("tensor '" + name_of(tensor) + "' has 2^31 elements or more");
    }
    elements *= std::max(dim, 1);
    shape.push_back(dim);
  }
  return shape;
}

}  // namespace lacuna::tflite
