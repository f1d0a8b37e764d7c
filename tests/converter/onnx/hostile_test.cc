// Small models that made the importer read or write outside of its memory, divide by zero, or take memory without
// bounds.
#include <doctest/doctest.h>

#include "tests/converter/onnx/model_builder.h"

namespace lacuna::onnx {
namespace {

using Inputs = std::vector<std::string>;
using Attributes = std::vector<AttributeProto>;

constexpr int64_t kMost = 0x7fffffff;  // elements of a tensor

/// How the import of one node over input x of shape `dims` ends.
ExitCode ending_of(ModelBuilder& model, const std::vector<int64_t>& dims, const std::string& op, const Inputs& inputs,
                   const Attributes& attributes = {}, const Inputs& outputs = {"y"}) {
  model.input("x", dims);
  model.node(op, inputs, outputs, attributes);
  model.output(outputs.empty() ? "x" : outputs[0]);
  std::string message;
  return error_of([&] { model.import(); }, &message);
}

}  // namespace

TEST_CASE("hostile: integers meet computed floats") {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Mod"}) {
    CAPTURE(op);
    ModelBuilder model;
    model.ints("c", {1, 2});
    CHECK(ending_of(model, {2}, op, {"c", "x"}) == ExitCode::kMalformed);
  }
  ModelBuilder model;
  model.ints("c", {1, 2});
  CHECK(ending_of(model, {}, "Clip", {"c", "x"}) == ExitCode::kMalformed);
}

TEST_CASE("hostile: a Split without outputs") {
  for (const int64_t opset : {13, 18}) {
    ModelBuilder model(opset);
    CHECK(ending_of(model, {4}, "Split", {"x"}, {}, {}) == ExitCode::kMalformed);
  }
}

TEST_CASE("hostile: strides of a transposed convolution whose product wraps") {
  ModelBuilder wraps;
  wraps.floats("w", {1, 16, 1, 1, 1}, std::vector<float>(16));
  const int64_t far = int64_t{1} << 20;
  CHECK(ending_of(wraps, {1, 1, 1, 1, 1}, "ConvTranspose", {"x", "w"}, {ints_attribute("strides", {far, far, far})}) ==
        ExitCode::kUnsupported);
  ModelBuilder dilated;
  dilated.floats("w", {1, 1, 2, 2}, std::vector<float>(4));
  CHECK(ending_of(dilated, {1, 1, 1, 1}, "ConvTranspose", {"x", "w"}, {ints_attribute("dilations", {far, far})}) ==
        ExitCode::kResourceLimit);
}

TEST_CASE("hostile: a transposed convolution with a weight or bias of integers") {
  ModelBuilder weight;
  *weight.proto()->add_initializer() =
      raw_tensor("w", DataType::kInt64, {1, 1, 2, 2}, std::vector<int64_t>{1, 2, 3, 4});
  CHECK(ending_of(weight, {1, 1, 2, 2}, "ConvTranspose", {"x", "w"}) == ExitCode::kUnsupported);
  ModelBuilder bias;
  bias.floats("w", {1, 1, 2, 2}, std::vector<float>(4));
  bias.ints("b", {1});
  CHECK(ending_of(bias, {1, 1, 2, 2}, "ConvTranspose", {"x", "w", "b"}) == ExitCode::kUnsupported);
}

TEST_CASE("hostile: few bytes that ask for many") {
  ModelBuilder scatter;
  *scatter.proto()->add_initializer() = raw_tensor("i", DataType::kInt64, {1, 1}, std::vector<int64_t>{0});
  scatter.floats("u", {1, 1}, {0});
  CHECK(ending_of(scatter, {1, kMost}, "ScatterElements", {"x", "i", "u"}) == ExitCode::kResourceLimit);
  ModelBuilder gather;
  *gather.proto()->add_initializer() = raw_tensor("i", DataType::kInt64, {2, 1}, std::vector<int64_t>{0, 0});
  CHECK(ending_of(gather, {1, kMost}, "GatherND", {"x", "i"}) == ExitCode::kResourceLimit);
  ModelBuilder triangle(14);
  CHECK(ending_of(triangle, {46340, 46340}, "Trilu", {"x"}) == ExitCode::kResourceLimit);
  ModelBuilder pool(11);
  CHECK(ending_of(pool, {1, 16, 1, 1}, "LpPool", {"x"}, {ints_attribute("kernel_shape", {1 << 14, 1 << 14})}) ==
        ExitCode::kResourceLimit);
  ModelBuilder group(18);
  group.floats("s", {1}, {1});
  CHECK(ending_of(group, {1, kMost}, "GroupNormalization", {"x", "s", "s"}, {int_attribute("num_groups", 1)}) ==
        ExitCode::kResourceLimit);
  ModelBuilder sum;
  *sum.proto()->add_initializer() = raw_tensor("n", DataType::kInt64, {0, kMost}, std::vector<int64_t>());
  sum.ints("axes", {0});
  CHECK(ending_of(sum, {1}, "ReduceSum", {"n", "axes"}) == ExitCode::kResourceLimit);
}

TEST_CASE("hostile: backwards through nothing") {
  ModelBuilder model;
  model.ints("nothing", {});
  model.ints("first", {0});
  model.ints("back", {-1});
  CHECK(ending_of(model, {1}, "Slice", {"nothing", "first", "back", "first", "back"}) == ExitCode::kUnsupported);
}

}  // namespace lacuna::onnx
