#include "converter/onnx/tensor_proto.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/converter/onnx/model_builder.h"

namespace lacuna::onnx {
namespace {

TensorProto typed_tensor(DataType type, const std::vector<int64_t>& dims) {
  TensorProto tensor;
  tensor.set_data_type(static_cast<int32_t>(type));
  for (const int64_t dim : dims) tensor.add_dims(dim);
  return tensor;
}

TensorProto external_tensor(const std::string& location, const std::string& offset, const std::string& length) {
  TensorProto tensor = typed_tensor(DataType::kFloat, {2});
  tensor.set_data_location(TensorProto::EXTERNAL);
  const std::pair<const char*, std::string> entries[] = {
      {"location", location}, {"offset", offset}, {"length", length}};
  for (const auto& [key, value] : entries) {
    if (value.empty()) continue;
    StringStringEntryProto* entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  return tensor;
}

SparseTensorProto sparse_tensor(const std::vector<int64_t>& index_dims, const std::vector<int64_t>& indices) {
  SparseTensorProto sparse;
  *sparse.mutable_values() = raw_tensor<float>("s", DataType::kFloat, {2}, {5, 7});
  *sparse.mutable_indices() = raw_tensor("", DataType::kInt64, index_dims, indices);
  sparse.add_dims(2);
  sparse.add_dims(3);
  return sparse;
}

}  // namespace

TEST_CASE("fp16 and bf16 widen exactly at zero, subnormals, infinity and NaN") {
  const Tensor half = decode_tensor(
      raw_tensor<uint16_t>("h", DataType::kFloat16, {6}, {0x0000, 0x8001, 0x3c00, 0x7bff, 0xfc00, 0x7e00}), "");
  CHECK(half.f32[0] == 0.0f);
  CHECK(half.f32[1] == -std::ldexp(1.0f, -24));
  CHECK(half.f32[2] == 1.0f);
  CHECK(half.f32[3] == 65504.0f);
  CHECK(half.f32[4] == -INFINITY);
  CHECK(std::isnan(half.f32[5]));
  const Tensor bfloat = decode_tensor(raw_tensor<uint16_t>("b", DataType::kBfloat16, {2}, {0x3fc0, 0xff80}), "");
  CHECK(bfloat.f32[0] == 1.5f);
  CHECK(bfloat.f32[1] == -INFINITY);
}

TEST_CASE("16-bit floats in typed lists are bit patterns") {
  TensorProto tensor = typed_tensor(DataType::kFloat16, {2});
  tensor.add_int32_data(0x3c00);
  tensor.add_int32_data(0xc000);
  CHECK(decode_tensor(tensor, "").f32 == std::vector<float>{1, -2});
}

TEST_CASE("integers of every width widen with their sign") {
  CHECK(decode_tensor(raw_tensor<int8_t>("", DataType::kInt8, {1}, {-1}), "").i64[0] == -1);
  CHECK(decode_tensor(raw_tensor<uint8_t>("", DataType::kUint8, {1}, {255}), "").i64[0] == 255);
  CHECK(decode_tensor(raw_tensor<uint32_t>("", DataType::kUint32, {1}, {4294967295u}), "").i64[0] == 4294967295);
  CHECK(decode_tensor(raw_tensor<uint8_t>("", DataType::kBool, {2}, {0, 2}), "").i64 == std::vector<int64_t>{0, 1});
  TensorProto typed = typed_tensor(DataType::kUint64, {});
  typed.add_uint64_data(9);
  CHECK(decode_tensor(typed, "").i64 == std::vector<int64_t>{9});
}

TEST_CASE("a tensor whose bytes do not fit its shape is malformed") {
  std::string message;
  TensorProto one_short = raw_tensor<float>("w", DataType::kFloat, {2, 3}, {1, 2, 3, 4, 5});
  CHECK(error_of([&] { decode_tensor(one_short, ""); }, &message) == ExitCode::kMalformed);
  CHECK(contains(message, "'w'"));
  TensorProto absurd = raw_tensor<float>("w", DataType::kFloat, {int64_t{1} << 40, int64_t{1} << 40}, {});
  CHECK(error_of([&] { decode_tensor(absurd, ""); }, &message) == ExitCode::kMalformed);
  TensorProto negative = raw_tensor<float>("w", DataType::kFloat, {-1}, {});
  CHECK(error_of([&] { decode_tensor(negative, ""); }, &message) == ExitCode::kMalformed);
  TensorProto empty_list = typed_tensor(DataType::kFloat, {1 << 30});
  CHECK(error_of([&] { decode_tensor(empty_list, ""); }, &message) == ExitCode::kMalformed);
  TensorProto strings = typed_tensor(DataType::kString, {1});
  CHECK(error_of([&] { decode_tensor(strings, ""); }, &message) == ExitCode::kUnsupported);
}

TEST_CASE("external data is read at its offset and refused outside of the file and the folder") {
  const ScratchFolder scratch;
  scratch.write("data.bin", raw_bytes<float>({1, 2, 3, 4}));
  const auto decode = [&](const TensorProto& tensor) { return decode_tensor(tensor, scratch.path()); };
  CHECK(decode(external_tensor("data.bin", "8", "8")).f32 == std::vector<float>{3, 4});
  CHECK(decode(external_tensor("data.bin", "", "")).f32 == std::vector<float>{1, 2});

  std::string message;
  for (const TensorProto& tensor :
       {external_tensor("data.bin", "9", "8"), external_tensor("data.bin", "999999999999999999", "8"),
        external_tensor("data.bin", "0", "4"), external_tensor("data.bin", "-8", ""),
        external_tensor("data.bin", "18446744073709551615", ""), external_tensor("missing.bin", "", ""),
        external_tensor("", "", ""), external_tensor("../data.bin", "", ""), external_tensor("a/../../b", "", ""),
        external_tensor(scratch.path() + "/data.bin", "", ""), external_tensor(".", "", "")}) {
    CHECK(error_of([&] { decode(tensor); }, &message) == ExitCode::kMalformed);
  }
}

TEST_CASE("sparse tensors take linear indices and coordinates") {
  MemoryBudget budget;
  const std::vector<float> expected = {0, 5, 0, 0, 0, 7};
  CHECK(decode_sparse_tensor(sparse_tensor({2}, {1, 5}), "", budget).f32 == expected);
  CHECK(decode_sparse_tensor(sparse_tensor({2, 2}, {0, 1, 1, 2}), "", budget).f32 == expected);
}

TEST_CASE("sparse tensors with indices outside, or too large when dense, are refused") {
  MemoryBudget budget;
  std::string message;
  for (const SparseTensorProto& sparse : {sparse_tensor({2}, {1, 6}), sparse_tensor({2}, {-1, 0}),
                                          sparse_tensor({2, 2}, {0, 3, 0, 0}), sparse_tensor({3}, {0, 1, 2})}) {
    CHECK(error_of([&] { decode_sparse_tensor(sparse, "", budget); }, &message) == ExitCode::kMalformed);
  }
  SparseTensorProto huge = sparse_tensor({2}, {0, 1});
  huge.set_dims(0, 1 << 15);
  huge.set_dims(1, 1 << 15);
  CHECK(error_of([&] { decode_sparse_tensor(huge, "", budget); }, &message) == ExitCode::kResourceLimit);
}

}  // namespace lacuna::onnx
