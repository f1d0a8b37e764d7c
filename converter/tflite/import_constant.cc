// What is known when the model is imported: shapes, filled tensors, ranges.
#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

/// A tensor with the same number everywhere; `value` is a scalar.
ValueId add_filled(NodeContext& node, const Shape& shape, const Tensor& value) {
  return node.add_folded(value.type, shape, [&] {
    Tensor filled(value.type, shape);
    if (value.type == ElementType::kF32) {
      std::fill(filled.f32.begin(), filled.f32.end(), value.f32.front());
    } else {
      std::fill(filled.i64.begin(), filled.i64.end(), value.i64.front());
    }
    return filled;
  });
}

ElementType element_type(tflite_fbs::TensorType type) { return is_float(type) ? ElementType::kF32 : ElementType::kI64; }

}  // namespace

void import_shape(NodeContext& node) {
  node.set_output(node.add_constant(int_tensor(dims_of<int64_t>(node.shape(0)))));
}

void import_rank(NodeContext& node) {
  node.set_output(node.add_constant(Tensor(Shape(), std::vector<int64_t>{node.shape(0).rank})));
}

void import_fill(NodeContext& node) {
  const std::vector<int64_t> dims = node.ints(0, "shape");
  const Tensor& value = node.constant(1, "value");
  if (count(value.shape) != 1) malformed("the value must be one number");
  if (dims.size() > static_cast<size_t>(kMaxRank)) unsupported("more than 8 dimensions are not supported");
  node.set_output(add_filled(node, make_shape(dims), value));
}

void import_zeros_like(NodeContext& node) {
  node.set_output(add_filled(node, node.shape(0), Tensor(element_type(node.output_type(0)), Shape())));
}

void import_range(NodeContext& node) {
  const Tensor& start = node.constant(0, "start");
  const Tensor& delta = node.constant(2, "delta");
  const int64_t n = host_range_count(start, node.constant(1, "limit"), delta);
  node.set_output(node.add_folded(start.type, make_shape({n}), [&] { return host_range(start, delta, n); }));
}

}  // namespace lacuna::tflite
