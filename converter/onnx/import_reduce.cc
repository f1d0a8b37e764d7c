// The Reduce operators.
#include <map>
#include <numeric>

#include "converter/ir/host_arithmetic.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

fbs::ReduceKind kind_of(const std::string& op_type) {
  static const std::map<std::string, fbs::ReduceKind> kinds = {
      {"ReduceMean", fbs::ReduceKind::Mean},     {"ReduceMax", fbs::ReduceKind::Max},
      {"ReduceMin", fbs::ReduceKind::Min},       {"ReduceSum", fbs::ReduceKind::Sum},
      {"ReduceProd", fbs::ReduceKind::Prod},     {"ReduceL1", fbs::ReduceKind::L1},
      {"ReduceL2", fbs::ReduceKind::L2},         {"ReduceSumSquare", fbs::ReduceKind::SumSquare},
      {"ReduceLogSum", fbs::ReduceKind::LogSum}, {"ReduceLogSumExp", fbs::ReduceKind::LogSumExp},
  };
  return kinds.at(op_type);
}

/// Axes are an attribute in older opsets and an operand in newer ones; none means all.
std::vector<uint32_t> axes_of(const NodeContext& node) {
  std::vector<int64_t> axes = node.ints_attr("axes").value_or(std::vector<int64_t>());
  if (node.has_input(1)) axes = node.ints(1, "axes");
  if (!axes.empty()) return checked_axes(axes, node.rank(0));
  std::vector<uint32_t> all(static_cast<size_t>(node.rank(0)));
  std::iota(all.begin(), all.end(), 0u);
  return node.int_attr("noop_with_empty_axes", 0) != 0 ? std::vector<uint32_t>() : all;
}

void import_integer_reduce(NodeContext& node, fbs::ReduceKind kind, const std::vector<uint32_t>& axes, bool keep_dims) {
  const Tensor& x = node.constant(0, "integer operand");
  const bool has_empty_result = kind == fbs::ReduceKind::Sum || kind == fbs::ReduceKind::Prod;
  if (kind > fbs::ReduceKind::Prod) unsupported("this reduction of integers");
  if (x.empty() && !has_empty_result) malformed("the operand has no elements");
  Shape kept = x.shape;  // may have elements where x has none
  for (const uint32_t axis : axes) kept[static_cast<int>(axis)] = 1;
  node.budget().take(ElementType::kI64, kept, node.name());
  node.set_output(node.add_constant(host_reduce(kind, x, axes, keep_dims)));
}

}  // namespace

void import_reduce(NodeContext& node) {
  const fbs::ReduceKind kind = kind_of(node.op_type());
  const std::vector<uint32_t> axes = axes_of(node);
  const bool keep_dims = node.int_attr("keepdims", 1) != 0;
  const ValueId x = node.input(0);
  if (axes.empty()) return node.set_output(x);
  if (node.is_integer(x)) return import_integer_reduce(node, kind, axes, keep_dims);
  node.set_output(node.reduce(kind, x, axes, keep_dims));
}

}  // namespace lacuna::onnx
