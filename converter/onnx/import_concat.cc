// Concat and Split.
#include <algorithm>
#include <numeric>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

std::vector<int64_t> split_sizes(const NodeContext& node, int64_t size) {
  if (node.has_input(1)) return node.ints(1, "sizes of the split");
  if (const auto list = node.ints_attr("split"); list.has_value()) return *list;
  const auto parts = static_cast<int64_t>(node.output_count());
  if (parts == 0) malformed("it has no output");
  if (node.int_attr("num_outputs", parts) != parts) malformed("num_outputs is not the number of outputs");
  if (node.opset() < 18 && size % parts != 0) malformed("the dimension does not split into equal parts");
  const int64_t part = (size + parts - 1) / parts;
  std::vector<int64_t> sizes(static_cast<size_t>(parts), part);
  sizes.back() = size - part * (parts - 1);
  return sizes;
}

}  // namespace

void import_concat(NodeContext& node) {
  int axis = 0;
  std::vector<ValueId> parts;
  for (size_t i = 0; i < node.input_count(); ++i) {
    axis = checked_axis(node.int_attr("axis"), node.rank(i));
    if (count(node.shape(i)) != 0) parts.push_back(node.input(i));  // parts of a shape may be empty
  }
  if (parts.empty()) parts.push_back(node.input(0));
  node.set_output(node.concat(std::move(parts), axis));
}

void import_split(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int axis = checked_axis(node.int_attr("axis", 0), shape.rank);
  const std::vector<int64_t> sizes = split_sizes(node, shape[axis]);
  const bool positive = std::all_of(sizes.begin(), sizes.end(), [&](int64_t n) { return n >= 0 && n <= shape[axis]; });
  if (sizes.size() != node.output_count() || !positive ||
      std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) != shape[axis]) {
    malformed("the parts do not add up to dimension " + std::to_string(axis));
  }
  std::vector<int64_t> start(static_cast<size_t>(shape.rank), 0);
  const std::vector<int64_t> step(start.size(), 1);
  for (size_t i = 0; i < sizes.size(); ++i) {
    Shape part = shape;
    part[axis] = sizes[i];
    node.set_output(node.slice(node.input(0), start, step, part, "/" + std::to_string(i)), i);
    start[static_cast<size_t>(axis)] += sizes[i];
  }
}

}  // namespace lacuna::onnx
