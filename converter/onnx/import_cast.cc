// Cast and CastLike: floats of all widths are one type here, and so are integers.
#include "converter/ir/truths.h"
#include "converter/onnx/node_context.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

void import_cast(NodeContext& node) {
  const ValueId x = node.input(0);
  const auto type = static_cast<DataType>(node.int_attr("to"));
  if (!is_float(type) && !is_integer(type)) unsupported("a cast to " + name_of(type));
  const ElementType element_type = element_type_of(type);
  if (type == DataType::kBool) return node.set_output(as_truth(node, x));
  if (!node.is_constant(0)) return node.set_output(is_float(type) ? as_number(node, x) : as_integer(node, x));
  if (node.graph().value(x).type == element_type) return node.set_output(x);
  const Tensor& tensor = node.constant(0, "operand");
  node.set_output(node.add_folded(element_type, tensor.shape, [&] { return host_cast(tensor, element_type); }));
}

void import_cast_like(NodeContext& node) {
  const ValueId x = node.input(0);
  const ElementType type = node.graph().value(node.input(1)).type;
  if (node.graph().value(x).type == type) return node.set_output(x);
  const Tensor& tensor = node.constant(0, "operand of a cast to integers");
  node.set_output(node.add_folded(type, tensor.shape, [&] { return host_cast(tensor, type); }));
}

}  // namespace lacuna::onnx
