// CumSum: a fully connected layer whose weights are a triangle of ones; of constant integers, a loop.
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

/// Which elements of a line are summed up: those in front, or behind, and the element itself or not.
struct Reach {
  bool exclusive;
  bool reverse;

  bool holds(int64_t output, int64_t input) const {
    const int64_t behind = reverse ? input - output : output - input;
    return exclusive ? behind > 0 : behind >= 0;
  }
};

/// x seen as [outer, n, inner].
struct Lines {
  Lines(const Shape& shape, int axis)
      : outer(count(shape, 0, axis)), n(shape[axis]), inner(count(shape, axis + 1, shape.rank)) {}
  int64_t outer, n, inner;
};

/// Wraps, as integers do elsewhere.
Tensor sum_integers(const Tensor& x, const Lines& lines, const Reach& reach) {
  Tensor result(ElementType::kI64, x.shape);
  const int64_t step = reach.reverse ? -lines.inner : lines.inner;
  for (int64_t line = 0; line < lines.outer * lines.inner; ++line) {
    const int64_t first = line / lines.inner * lines.n * lines.inner + line % lines.inner;
    int64_t at = reach.reverse ? first + (lines.n - 1) * lines.inner : first;
    uint64_t sum = 0;
    for (int64_t i = 0; i < lines.n; ++i, at += step) {
      const uint64_t before = sum;
      sum += static_cast<uint64_t>(x.i64[static_cast<size_t>(at)]);
      result.i64[static_cast<size_t>(at)] = static_cast<int64_t>(reach.exclusive ? before : sum);
    }
  }
  return result;
}

ValueId triangle(NodeContext& node, int64_t n, const Reach& reach) {
  const Shape square = make_shape({n, n});
  node.budget().take(ElementType::kF32, square, node.name());
  Tensor ones(ElementType::kF32, square);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) ones.f32[static_cast<size_t>(i * n + j)] = reach.holds(i, j) ? 1.0f : 0.0f;
  }
  return node.add_constant(std::move(ones), "/triangle");
}

}  // namespace

void import_cumsum(NodeContext& node) {
  const Shape shape = node.shape(0);
  const std::vector<int64_t> axes = node.ints(1, "axis");
  if (axes.size() != 1) malformed("the axis is not a scalar");
  const int axis = checked_axis(axes[0], shape.rank);
  const Reach reach = {node.int_attr("exclusive", 0) != 0, node.int_attr("reverse", 0) != 0};
  const Lines lines(shape, axis);
  if (node.is_integer(node.input(0))) {
    const Tensor& x = node.constant(0, "integer operand");
    return node.set_output(node.add_folded(ElementType::kI64, shape, [&] { return sum_integers(x, lines, reach); }));
  }
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = static_cast<uint32_t>(lines.n);
  const ValueId x = node.reshape(node.input(0), make_shape({lines.outer, lines.n, lines.inner}), "/lines");
  const ValueId last = node.transpose(x, {0, 2, 1}, "/last");
  const ValueId sums = node.emit(make_attrs(std::move(attrs)), {last, triangle(node, lines.n, reach)}, "/sums");
  if (node.is_whole(x)) node.graph().value(sums).meaning = Meaning::kInteger;
  node.set_output(node.reshape(node.transpose(sums, {0, 2, 1}, "/back"), shape));
}

}  // namespace lacuna::onnx
