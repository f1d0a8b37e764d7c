// Constants: given, of a shape, and what is known of a value's shape.
#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "converter/onnx/node_context.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

namespace {

Tensor constant_of(const NodeContext& node) {
  if (auto tensor = node.tensor_attr("value")) return std::move(*tensor);
  if (auto tensor = node.sparse_tensor_attr("sparse_value")) return std::move(*tensor);
  if (node.has_attr("value_int")) return Tensor(Shape(), std::vector<int64_t>{node.int_attr("value_int")});
  if (node.has_attr("value_float")) return Tensor(Shape(), std::vector<float>{node.float_attr("value_float", 0)});
  if (auto list = node.ints_attr("value_ints")) return int_tensor(*list);
  if (auto list = node.floats_attr("value_floats")) {
    return Tensor(make_shape({static_cast<int64_t>(list->size())}), std::move(*list));
  }
  if (node.has_attr("value_string") || node.has_attr("value_strings")) unsupported("strings are not supported");
  malformed("a constant without a value");
}

}  // namespace

void import_constant(NodeContext& node) { node.set_output(node.add_constant(constant_of(node))); }

void import_constant_of_shape(NodeContext& node) {
  const Shape shape = checked_shape(node.ints(0, "shape"), "the result");
  const Tensor value = node.tensor_attr("value").value_or(Tensor(make_shape({1}), std::vector<float>{0}));
  if (count(value.shape) != 1) malformed("the value is not a scalar");
  node.set_output(node.add_folded(value.type, shape, [&] {
    Tensor result(value.type, shape);
    if (value.type == ElementType::kF32) {
      std::fill(result.f32.begin(), result.f32.end(), value.f32[0]);
    } else {
      std::fill(result.i64.begin(), result.i64.end(), value.i64[0]);
    }
    return result;
  }));
}

void import_eye_like(NodeContext& node) {
  const Shape shape = node.shape(0);
  if (shape.rank != 2) malformed("the input is not a matrix");
  ElementType type = node.graph().value(node.input(0)).type;
  if (node.has_attr("dtype")) {
    const auto data_type = static_cast<DataType>(node.int_attr("dtype"));
    if (!is_float(data_type) && !is_integer(data_type)) unsupported("a matrix of " + name_of(data_type));
    type = element_type_of(data_type);
  }
  const int64_t k = std::clamp(node.int_attr("k", 0), -shape[0], shape[1]);
  node.set_output(node.add_folded(type, shape, [&] {
    Tensor result(type, shape);
    for (int64_t i = std::max<int64_t>(0, -k); i < shape[0] && i + k < shape[1]; ++i) {
      const auto at = static_cast<size_t>(i * shape[1] + i + k);
      if (type == ElementType::kF32) result.f32[at] = 1;
      if (type == ElementType::kI64) result.i64[at] = 1;
    }
    return result;
  }));
}

void import_shape(NodeContext& node) {
  const Shape shape = node.shape(0);
  const auto position = [&](const char* name, int64_t default_value) {
    const int64_t at = node.int_attr(name, default_value);
    return std::clamp<int64_t>(at < 0 ? at + shape.rank : at, 0, shape.rank);
  };
  const int64_t start = position("start", 0);
  const int64_t end = std::max(start, position("end", shape.rank));
  node.set_output(node.add_constant(int_tensor({shape.begin() + start, shape.begin() + end})));
}

void import_size(NodeContext& node) {
  node.set_output(node.add_constant(Tensor(Shape(), std::vector<int64_t>{count(node.shape(0))})));
}

void import_range(NodeContext& node) {
  const Tensor& start = node.constant(0, "start");
  const Tensor& delta = node.constant(2, "step");
  const int64_t n = host_range_count(start, node.constant(1, "limit"), delta);
  node.set_output(node.add_folded(start.type, make_shape({n}), [&] { return host_range(start, delta, n); }));
}

}  // namespace lacuna::onnx
