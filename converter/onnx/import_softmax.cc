// Softmax and LogSoftmax.
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

void import_softmax(NodeContext& node, bool log) {
  const Shape shape = node.shape(0);
  // Before opset 13 all dimensions from the axis on were one.
  const bool flattens = node.opset() < 13;
  int axis = checked_axis(node.int_attr("axis", flattens ? 1 : -1), shape.rank);
  ValueId x = node.input(0);
  if (flattens && axis != shape.rank - 1) {
    x = node.reshape(x, make_shape({count(shape, 0, axis), count(shape, axis, shape.rank)}), "/flatten");
    axis = 1;
  }
  fbs::SoftmaxAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(axis);
  attrs.log = log;
  node.set_output(node.reshape(node.emit(make_attrs(std::move(attrs)), {x}), shape, "/unflatten"));
}

}  // namespace

void import_softmax(NodeContext& node) { import_softmax(node, false); }
void import_log_softmax(NodeContext& node) { import_softmax(node, true); }

}  // namespace lacuna::onnx
