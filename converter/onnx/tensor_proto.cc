#include "converter/onnx/tensor_proto.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "converter/ir/error.h"
#include "sdk/base/half.h"

namespace lacuna::onnx {

namespace {

constexpr int64_t kMaxElements = std::numeric_limits<int32_t>::max();

size_t bytes_of(DataType type) {
  switch (type) {
    case DataType::kUint8:
    case DataType::kInt8:
    case DataType::kBool:
      return 1;
    case DataType::kUint16:
    case DataType::kInt16:
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return 2;
    case DataType::kFloat:
    case DataType::kInt32:
    case DataType::kUint32:
      return 4;
    default:
      return 8;
  }
}

/// Where a tensor's elements come from, for messages.
std::string describe(const TensorProto& proto) {
  return "tensor '" + (proto.name().empty() ? std::string("(unnamed)") : proto.name()) + "'";
}

/// Bytes of a file beside the model.
std::string read_external(const TensorProto& proto, const std::string& folder, uint64_t wanted_bytes) {
  std::string location;
  uint64_t offset = 0;
  uint64_t length = wanted_bytes;
  for (const StringStringEntryProto& entry : proto.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      const std::string& digits = entry.value();
      if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) {
        malformed(describe(proto) + ": external data has " + entry.key() + " '" + digits + "', which is no byte count");
      }
      (entry.key() == "offset" ? offset : length) = std::stoull(digits);
    }
  }
  const std::filesystem::path relative(location);
  bool leaves_folder = location.empty() || relative.is_absolute() || location.find('\\') != std::string::npos;
  for (const auto& part : relative) leaves_folder = leaves_folder || part == "..";
  if (leaves_folder) {
    malformed(describe(proto) + ": external data location '" + location + "' is not a file in the model's folder");
  }
  const std::filesystem::path path = std::filesystem::path(folder) / relative;
  std::error_code error;
  const uint64_t file_bytes =
      std::filesystem::is_regular_file(path, error) ? std::filesystem::file_size(path, error) : 0;
  std::ifstream file(path, std::ios::binary);
  if (error || file_bytes == 0 || !file) {
    malformed(describe(proto) + ": cannot read external data file '" + path.string() +
              "'; keep it in the folder of the model");
  }
  if (length != wanted_bytes || offset > file_bytes || length > file_bytes - offset) {
    malformed(describe(proto) + ": needs " + std::to_string(wanted_bytes) + " bytes of '" + location +
              "', but the model gives offset " + std::to_string(offset) + " and length " + std::to_string(length) +
              " in a file of " + std::to_string(file_bytes));
  }
  std::string bytes(static_cast<size_t>(length), '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  if (!file.read(bytes.data(), static_cast<std::streamsize>(length))) {
    malformed(describe(proto) + ": reading external data file '" + path.string() + "' failed");
  }
  return bytes;
}

/// Elements of type `Stored` at `bytes`, each through `convert`.
template <class Stored, class Out, class Convert>
void widen(const std::string& bytes, std::vector<Out>& out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    Stored element;
    std::memcpy(&element, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = convert(element);
  }
}

template <class Stored>
void widen_integers(const std::string& bytes, std::vector<int64_t>& out) {
  widen<Stored>(bytes, out, [](Stored x) { return static_cast<int64_t>(x); });
}

void decode_raw(DataType type, const std::string& bytes, Tensor& out) {
  switch (type) {
    case DataType::kFloat:
      if (!bytes.empty()) std::memcpy(out.f32.data(), bytes.data(), bytes.size());
      break;
    case DataType::kFloat16:
      widen<uint16_t>(bytes, out.f32, float_from_half);
      break;
    case DataType::kBfloat16:
      widen<uint16_t>(bytes, out.f32, float_from_bfloat);
      break;
    case DataType::kDouble:
      widen<double>(bytes, out.f32, [](double x) { return static_cast<float>(x); });
      break;
    case DataType::kBool:
      widen<uint8_t>(bytes, out.i64, [](uint8_t x) { return static_cast<int64_t>(x != 0); });
      break;
    case DataType::kUint8:
      widen_integers<uint8_t>(bytes, out.i64);
      break;
    case DataType::kInt8:
      widen_integers<int8_t>(bytes, out.i64);
      break;
    case DataType::kUint16:
      widen_integers<uint16_t>(bytes, out.i64);
      break;
    case DataType::kInt16:
      widen_integers<int16_t>(bytes, out.i64);
      break;
    case DataType::kInt32:
      widen_integers<int32_t>(bytes, out.i64);
      break;
    case DataType::kUint32:
      widen_integers<uint32_t>(bytes, out.i64);
      break;
    default:
      widen_integers<uint64_t>(bytes, out.i64);
  }
}

template <class List, class Out, class Convert>
void copy_list(const TensorProto& proto, const List& list, int64_t n, std::vector<Out>& out, Convert convert) {
  if (list.size() != n) {
    malformed(describe(proto) + " has " + std::to_string(list.size()) + " elements where its shape needs " +
              std::to_string(n));
  }
  out.reserve(static_cast<size_t>(n));
  for (const auto& element : list) out.push_back(convert(element));
}

Tensor decode_lists(const TensorProto& proto, DataType type, const Shape& shape) {
  Tensor out;
  out.type = element_type_of(type);
  out.shape = shape;
  const int64_t n = count(shape);
  const auto integer = [](auto x) { return static_cast<int64_t>(x); };
  switch (type) {
    case DataType::kFloat:
      copy_list(proto, proto.float_data(), n, out.f32, [](float x) { return x; });
      break;
    case DataType::kDouble:
      copy_list(proto, proto.double_data(), n, out.f32, [](double x) { return static_cast<float>(x); });
      break;
    case DataType::kFloat16:
      copy_list(proto, proto.int32_data(), n, out.f32,
                [](int32_t x) { return float_from_half(static_cast<uint16_t>(x)); });
      break;
    case DataType::kBfloat16:
      copy_list(proto, proto.int32_data(), n, out.f32,
                [](int32_t x) { return float_from_bfloat(static_cast<uint16_t>(x)); });
      break;
    case DataType::kBool:
      copy_list(proto, proto.int32_data(), n, out.i64, [](int32_t x) { return static_cast<int64_t>(x != 0); });
      break;
    case DataType::kInt64:
      copy_list(proto, proto.int64_data(), n, out.i64, integer);
      break;
    case DataType::kUint32:
    case DataType::kUint64:
      copy_list(proto, proto.uint64_data(), n, out.i64, integer);
      break;
    default:
      copy_list(proto, proto.int32_data(), n, out.i64, integer);
  }
  return out;
}

/// The type of a tensor that can be decoded.
DataType checked_type(const TensorProto& proto) {
  const auto type = static_cast<DataType>(proto.data_type());
  if (type == DataType::kUndefined) malformed(describe(proto) + " has no element type");
  if (!is_float(type) && !is_integer(type)) {
    unsupported(describe(proto) + " holds " + name_of(type) +
                "; Lacuna reads fp32, fp16, bf16, fp64, integers and bool");
  }
  return type;
}

}  // namespace

bool is_float(DataType type) {
  return type == DataType::kFloat || type == DataType::kFloat16 || type == DataType::kBfloat16 ||
         type == DataType::kDouble;
}

bool is_integer(DataType type) {
  switch (type) {
    case DataType::kUint8:
    case DataType::kInt8:
    case DataType::kUint16:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kBool:
    case DataType::kUint32:
    case DataType::kUint64:
      return true;
    default:
      return false;
  }
}

std::string name_of(DataType type) {
  static const char* const kNames[] = {"undefined", "float",  "uint8",     "int8",       "uint16", "int16",
                                       "int32",     "int64",  "string",    "bool",       "fp16",   "fp64",
                                       "uint32",    "uint64", "complex64", "complex128", "bf16",   "fp8",
                                       "fp8",       "fp8",    "fp8",       "uint4",      "int4",   "fp4"};
  const auto i = static_cast<size_t>(type);
  return i < std::size(kNames) ? kNames[i] : "type " + std::to_string(static_cast<int32_t>(type));
}

Shape checked_shape(const std::vector<int64_t>& dims, const std::string& what) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) {
    unsupported(what + " has " + std::to_string(dims.size()) + " dimensions; Lacuna has at most " +
                std::to_string(kMaxRank));
  }
  int64_t elements = 1;
  for (const int64_t dim : dims) {
    if (dim < 0) malformed(what + " has a negative dimension " + std::to_string(dim));
    if (dim > kMaxElements || elements > kMaxElements / std::max<int64_t>(dim, 1)) {
      malformed(what + " has 2^31 elements or more");
    }
    elements *= std::max<int64_t>(dim, 1);
  }
  return make_shape(dims);
}

Tensor decode_tensor(const TensorProto& proto, const std::string& folder) {
  const DataType type = checked_type(proto);
  const Shape shape = checked_shape({proto.dims().begin(), proto.dims().end()}, describe(proto));
  const bool external = proto.data_location() == TensorProto::EXTERNAL;
  if (!external && !proto.has_raw_data()) return decode_lists(proto, type, shape);

  const uint64_t wanted_bytes = static_cast<uint64_t>(count(shape)) * bytes_of(type);
  const std::string external_bytes =
      external && wanted_bytes != 0 ? read_external(proto, folder, wanted_bytes) : std::string();
  const std::string& bytes = external ? external_bytes : proto.raw_data();
  if (bytes.size() != wanted_bytes) {
    malformed(describe(proto) + " has " + std::to_string(bytes.size()) + " bytes where its shape needs " +
              std::to_string(wanted_bytes));
  }
  Tensor out(element_type_of(type), shape);
  decode_raw(type, bytes, out);
  return out;
}

Tensor decode_sparse_tensor(const SparseTensorProto& proto, const std::string& folder, MemoryBudget& budget) {
  const std::string what = "sparse " + describe(proto.values());
  const Shape shape = checked_shape({proto.dims().begin(), proto.dims().end()}, what);
  const Tensor values = decode_tensor(proto.values(), folder);
  const Tensor indices = decode_tensor(proto.indices(), folder);
  const int64_t n = count(values.shape);
  const bool linear = indices.shape == make_shape({n});
  const bool coordinates = indices.shape == make_shape({n, shape.rank});
  if (values.shape.rank != 1 || indices.type != ElementType::kI64 || (!linear && !coordinates)) {
    malformed(what + " needs values [n] and integer indices [n] or [n, rank]");
  }
  budget.take(values.type, shape, what);
  Tensor out(values.type, shape);
  const Shape strides = contiguous_strides(shape);
  for (int64_t i = 0; i < n; ++i) {
    int64_t place = 0;
    bool inside = true;
    if (linear) {
      place = indices.i64[static_cast<size_t>(i)];
      inside = place >= 0 && place < count(shape);
    } else {
      for (int d = 0; d < shape.rank; ++d) {
        const int64_t coordinate = indices.i64[static_cast<size_t>(i * shape.rank + d)];
        inside = inside && coordinate >= 0 && coordinate < shape[d];
        place += inside ? coordinate * strides[d] : 0;
      }
    }
    if (!inside) malformed(what + ": index number " + std::to_string(i) + " lies outside");
    if (out.type == ElementType::kF32) {
      out.f32[static_cast<size_t>(place)] = values.f32[static_cast<size_t>(i)];
    } else {
      out.i64[static_cast<size_t>(place)] = values.i64[static_cast<size_t>(i)];
    }
  }
  return out;
}

}  // namespace lacuna::onnx
