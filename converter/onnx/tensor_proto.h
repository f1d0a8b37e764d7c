// Decodes ONNX tensors: every storage form and element type into the converter's two.
#pragma once

#include <string>

#include "converter/ir/memory_budget.h"
#include "converter/ir/tensor.h"
#include "onnx_subset.pb.h"

namespace lacuna::onnx {

/// Numbers of TensorProto.data_type and TypeProto.Tensor.elem_type.
enum class DataType : int32_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
};

bool is_float(DataType type);    ///< fp16, bf16, fp32 or fp64: becomes f32
bool is_integer(DataType type);  ///< an integer of 8 to 64 bits or bool: becomes i64
/// What one of these becomes.
inline ElementType element_type_of(DataType type) { return is_float(type) ? ElementType::kF32 : ElementType::kI64; }
std::string name_of(DataType type);

/// A shape from untrusted dimensions. Throws Error(kMalformed) for negative dimensions or 2^31 elements and more,
/// kUnsupported for more than kMaxRank dimensions. `what` begins the message. Dimensions of 0 are let through.
Shape checked_shape(const std::vector<int64_t>& dims, const std::string& what);

/// The elements of `proto`, fp32 or i64. `folder` is where external data lies: names that leave it are refused.
/// Throws Error(kMalformed) when sizes do not fit, kUnsupported for strings, complex numbers and fp8 or 4-bit types.
Tensor decode_tensor(const TensorProto& proto, const std::string& folder);

/// The dense tensor of `proto`, taken from `budget`.
Tensor decode_sparse_tensor(const SparseTensorProto& proto, const std::string& folder, MemoryBudget& budget);

}  // namespace lacuna::onnx
