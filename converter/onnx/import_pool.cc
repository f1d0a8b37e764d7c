// MaxPool, AveragePool, LpPool and the global pools.
#include <algorithm>
#include <numeric>

#include "converter/onnx/window.h"

namespace lacuna::onnx {

namespace {

std::vector<int64_t> kernel_of(const NodeContext& node) {
  const auto kernel = node.ints_attr("kernel_shape");
  if (!kernel.has_value()) malformed("attribute 'kernel_shape' is missing");
  if (static_cast<int>(kernel->size()) != node.rank(0) - 2) malformed("kernel_shape does not fit the input");
  return *kernel;
}

void import_pool(NodeContext& node, fbs::PoolKind kind) {
  Window window = read_padded_window(node, kernel_of(node), node.shape(0));
  const int rank = node.rank(0);
  if (window.dims() == 1) window = window.with_height();
  fbs::PoolAttrsT attrs;
  attrs.kind = kind;
  set_window(window, &attrs);
  attrs.ceil_mode = node.int_attr("ceil_mode", 0) != 0;
  attrs.count_include_pad = node.int_attr("count_include_pad", 0) != 0;
  const ValueId y = node.emit(make_attrs(std::move(attrs)), {lift_to_planes(node, node.input(0))});
  node.set_output(lower_from_planes(node, y, rank));
}

void import_global_pool(NodeContext& node, fbs::ReduceKind kind) {
  if (node.rank(0) < 3) malformed("a global pool needs 3 dimensions at least");
  std::vector<uint32_t> axes(static_cast<size_t>(node.rank(0) - 2));
  std::iota(axes.begin(), axes.end(), 2u);
  node.set_output(node.reduce(kind, node.input(0), axes, true));
}

/// Behind the input as much padding as the last window needs when the output size rounds up.
void pad_for_ceil_mode(const Shape& x, Window* window) {
  for (size_t i = 0; i < window->dims(); ++i) {
    const int64_t size = x[static_cast<int>(i) + 2];
    const int64_t span = size + window->pads_begin[i] + window->pads_end[i] - window->extent(i);
    int64_t steps = (span + window->stride[i] - 1) / window->stride[i];
    if (steps * window->stride[i] >= size + window->pads_begin[i]) --steps;
    window->pads_end[i] += std::max<int64_t>(0, steps * window->stride[i] - span);
  }
}

ValueId power(NodeContext& node, ValueId x, float exponent, const std::string& suffix) {
  return node.binary(fbs::BinaryKind::Pow, x, node.add_scalar(exponent, suffix + "/exponent"), {}, suffix);
}

}  // namespace

void import_max_pool(NodeContext& node) { import_pool(node, fbs::PoolKind::Max); }
void import_average_pool(NodeContext& node) { import_pool(node, fbs::PoolKind::Average); }
void import_global_average_pool(NodeContext& node) { import_global_pool(node, fbs::ReduceKind::Mean); }
void import_global_max_pool(NodeContext& node) { import_global_pool(node, fbs::ReduceKind::Max); }

/// The p-th root of the sum of |x|^p: the sum is a depthwise convolution with ones.
void import_lp_pool(NodeContext& node) {
  const int64_t p = node.int_attr("p", 2);
  if (p < 1) malformed("p is " + std::to_string(p));
  const Shape x = node.shape(0);
  Window window = read_padded_window(node, kernel_of(node), x);
  if (node.int_attr("ceil_mode", 0) != 0) pad_for_ceil_mode(x, &window);
  if (window.dims() == 1) window = window.with_height();

  std::vector<int64_t> weight_dims = {x[1], 1};
  weight_dims.insert(weight_dims.end(), window.kernel.begin(), window.kernel.end());
  const Shape weight_shape = make_shape(weight_dims);
  const auto make_ones = [&] {
    Tensor ones(ElementType::kF32, weight_shape);
    std::fill(ones.f32.begin(), ones.f32.end(), 1.0f);
    return ones;
  };
  const ValueId ones = node.add_folded(ElementType::kF32, weight_shape, make_ones, "/ones");

  fbs::ConvAttrsT attrs;
  attrs.out_channels = attrs.groups = static_cast<uint32_t>(x[1]);
  set_window(window, &attrs);

  ValueId y = node.unary(p == 2 ? fbs::UnaryKind::Square : fbs::UnaryKind::Abs, lift_to_planes(node, node.input(0)),
                         "/magnitudes");
  if (p > 2) y = power(node, y, static_cast<float>(p), "/powers");
  y = node.emit(make_attrs(std::move(attrs)), {y, ones}, "/sum");
  if (p == 2) y = node.unary(fbs::UnaryKind::Sqrt, y);
  if (p > 2) y = power(node, y, 1.0f / static_cast<float>(p), "/root");
  node.set_output(lower_from_planes(node, y, x.rank));
}

}  // namespace lacuna::onnx
