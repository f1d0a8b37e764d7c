// Reshape, Flatten, Squeeze, Unsqueeze and what leaves its operand as it is.
#include <algorithm>

#include "converter/onnx/node_context.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna::onnx {

namespace {

/// Axes are an attribute before opset 13 and an operand from then on.
std::vector<int64_t> axes_of(const NodeContext& node) {
  if (node.has_input(1)) return node.ints(1, "axes");
  return node.ints_attr("axes").value_or(std::vector<int64_t>());
}

}  // namespace

void import_reshape(NodeContext& node) {
  const Shape shape = node.shape(0);
  std::vector<int64_t> dims = node.ints(1, "shape");
  const bool zero_is_size = node.int_attr("allowzero", 0) != 0;
  int64_t known = 1;
  int64_t* open = nullptr;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !zero_is_size) {
      if (static_cast<int>(i) >= shape.rank) malformed("dimension " + std::to_string(i) + " has nothing to copy");
      dims[i] = shape[static_cast<int>(i)];
    }
    if (dims[i] < -1) malformed("the shape has an entry " + std::to_string(dims[i]));
    if (dims[i] == -1 && open != nullptr) malformed("the shape has more than one unknown dimension");
    if (dims[i] == -1) {
      open = &dims[i];
    } else if (dims[i] != 0 && known > std::numeric_limits<int32_t>::max() / dims[i]) {
      malformed("the shape has 2^31 elements or more");
    } else {
      known *= dims[i];
    }
  }
  if (open != nullptr) *open = known == 0 ? 0 : count(shape) / known;
  node.set_output(node.reshape(node.input(0), checked_shape(dims, "the shape")));
}

void import_flatten(NodeContext& node) {
  const Shape shape = node.shape(0);
  int64_t axis = node.int_attr("axis", 1);
  if (axis < -shape.rank || axis > shape.rank) malformed("axis is " + std::to_string(axis));
  if (axis < 0) axis += shape.rank;
  const int split = static_cast<int>(axis);
  node.set_output(node.reshape(node.input(0), make_shape({count(shape, 0, split), count(shape, split, shape.rank)})));
}

void import_squeeze(NodeContext& node) {
  const Shape shape = node.shape(0);
  const std::vector<uint32_t> axes = checked_axes(axes_of(node), shape.rank);
  Shape result;
  for (int i = 0; i < shape.rank; ++i) {
    const bool named = std::find(axes.begin(), axes.end(), static_cast<uint32_t>(i)) != axes.end();
    if (named && shape[i] != 1) malformed("dimension " + std::to_string(i) + " is not 1");
    if (!named && (!axes.empty() || shape[i] != 1)) result.push_back(shape[i]);
  }
  node.set_output(node.reshape(node.input(0), result));
}

void import_unsqueeze(NodeContext& node) {
  const Shape shape = node.shape(0);
  const std::vector<int64_t> list = axes_of(node);
  const int rank = shape.rank + static_cast<int>(std::min<size_t>(list.size(), 2 * kMaxRank));
  if (rank > kMaxRank) unsupported("the result has more than " + std::to_string(kMaxRank) + " dimensions");
  const std::vector<uint32_t> axes = checked_axes(list, rank);
  Shape result;
  int from = 0;
  for (int i = 0; i < rank; ++i) {
    const bool added = std::find(axes.begin(), axes.end(), static_cast<uint32_t>(i)) != axes.end();
    result.push_back(added ? 1 : shape[from++]);
  }
  node.set_output(node.reshape(node.input(0), result));
}

void import_identity(NodeContext& node) { node.set_output(node.input(0)); }

void import_dropout(NodeContext& node) {
  const bool training = node.has_input(2) && node.constant(2, "training mode").i64 != std::vector<int64_t>{0};
  const auto drops = [&node] { return !node.has_input(1) || node.floats(1, "ratio") != std::vector<float>{0}; };
  if (training && drops()) unsupported("training mode; export the model for inference");
  node.set_output(node.input(0));
}

}  // namespace lacuna::onnx
