// Windows that slide over pixels or channels.
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

using tflite_fbs::BuiltinOperator;

// An L2 pool is the root of the mean of squares.
void import_pool(NodeContext& node) {
  const auto options = node.options<tflite_fbs::Pool2DOptions>();
  check_rank(node, 0, 4);
  const Shape x = node.shape(0);
  const bool l2 = node.builtin() == BuiltinOperator::L2_POOL_2D;
  fbs::PoolAttrsT attrs;
  attrs.kind = node.builtin() == BuiltinOperator::MAX_POOL_2D ? fbs::PoolKind::Max : fbs::PoolKind::Average;
  set_windows(attrs, {resolve_window(options.padding, x[1], options.filter_height, options.stride_h, 1),
                      resolve_window(options.padding, x[2], options.filter_width, options.stride_w, 1)});
  const fbs::Activation activation = activation_of(options.fused_activation_function);
  if (!l2) {
    node.set_output(node.emit_channel_first(make_attrs(std::move(attrs)), {node.input(0)}, activation));
    return;
  }
  const ValueId squares = node.unary(fbs::UnaryKind::Square, node.input(0), "/square");
  const ValueId mean = node.emit_channel_first(make_attrs(std::move(attrs)), {squares});
  node.set_output(node.activate(activation, node.unary(fbs::UnaryKind::Sqrt, mean, "/sqrt")));
}

// y = x * (bias + alpha * sum of squares over channels [c - radius, c + radius]) ^ -beta. The sum is an average pool
// along the channels, padding counted, times its window; for the pool [N, H, W, C] is H channels of W x C.
void import_local_response_normalization(NodeContext& node) {
  const auto options = node.options<tflite_fbs::LocalResponseNormalizationOptions>();
  check_rank(node, 0, 4);
  const Shape shape = node.shape(0);
  if (options.radius < 0 || options.radius > shape[3]) {
    malformed("the radius is " + std::to_string(options.radius) + " for " + std::to_string(shape[3]) + " channels");
  }
  const int64_t window = 2 * int64_t{options.radius} + 1;
  fbs::PoolAttrsT attrs;
  attrs.kind = fbs::PoolKind::Average;
  attrs.count_include_pad = true;
  set_windows(attrs, {{1, 1, 1, 0, 0}, {window, 1, 1, options.radius, options.radius}});

  const ValueId x = node.input(0);
  const ValueId squares = node.unary(fbs::UnaryKind::Square, x, "/square");
  ValueId y = node.emit(make_attrs(std::move(attrs)), {squares}, "/mean");
  const float alpha = options.alpha * static_cast<float>(window);
  y = node.binary(fbs::BinaryKind::Mul, y, node.add_scalar(alpha, "/alpha"), {}, "/sum");
  y = node.binary(fbs::BinaryKind::Add, y, node.add_scalar(options.bias, "/bias"), {}, "/add");
  y = node.binary(fbs::BinaryKind::Pow, y, node.add_scalar(-options.beta, "/beta"), {}, "/factor");
  node.set_output(node.binary(fbs::BinaryKind::Mul, x, y));
}

}  // namespace lacuna::tflite
