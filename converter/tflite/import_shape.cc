// Operators that give the same elements another shape or order, repeat or join them.
#include <algorithm>
#include <limits>

#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

Shape shape_from(const std::vector<int64_t>& dims) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) {
    unsupported(std::to_string(dims.size()) + " dimensions; Lacuna has at most " + std::to_string(kMaxRank));
  }
  return make_shape(dims);
}

/// Replaces the one dimension of -1 by what is left of `elements`.
Shape resolve_free(std::vector<int64_t> dims, int64_t elements) {
  const auto free = std::find(dims.begin(), dims.end(), -1);
  int64_t others = 1;
  for (const int64_t dim : dims) {
    if (dim == -1) continue;
    if (dim <= 0 || dim > elements / others)
      malformed("it does not have the elements for " + to_string(shape_from(dims)));
    others *= dim;
  }
  if (free != dims.end()) *free = elements / others;
  return shape_from(dims);
}

/// `shape` with a dimension of size `dim` at `axis`.
Shape with_dim(const Shape& shape, int axis, int64_t dim) {
  std::vector<int64_t> dims(shape.begin(), shape.end());
  dims.insert(dims.begin() + axis, dim);
  return shape_from(dims);
}

}  // namespace

// The new shape is an input or, in old files, an option.
void import_reshape(NodeContext& node) {
  std::vector<int64_t> dims;
  if (node.has_input(1)) {
    dims = node.ints(1, "shape");
  } else {
    const std::vector<int32_t> option = node.options<tflite_fbs::ReshapeOptions>().new_shape;
    dims.assign(option.begin(), option.end());
    if (dims.size() == 1 && dims[0] == 0) dims.clear();  // how old converters wrote a scalar
  }
  node.set_output(node.reshape(node.input(0), resolve_free(dims, count(node.shape(0)))));
}

void import_squeeze(NodeContext& node) {
  const std::vector<int32_t> axes = node.options<tflite_fbs::SqueezeOptions>().squeeze_dims;
  const Shape shape = node.shape(0);
  std::vector<bool> dropped(static_cast<size_t>(shape.rank));
  for (const int32_t axis : axes) {
    const int d = checked_axis(axis, shape.rank);
    if (shape[d] != 1) malformed("dimension " + std::to_string(d) + " of " + to_string(shape) + " is not 1");
    dropped[static_cast<size_t>(d)] = true;
  }
  Shape squeezed;
  for (int d = 0; d < shape.rank; ++d) {
    if (axes.empty() ? shape[d] != 1 : !dropped[static_cast<size_t>(d)]) squeezed.push_back(shape[d]);
  }
  node.set_output(node.reshape(node.input(0), squeezed));
}

void import_expand_dims(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int axis = checked_axis(node.scalar_int(1, "axis"), shape.rank + 1);
  node.set_output(node.reshape(node.input(0), with_dim(shape, axis, 1)));
}

void import_transpose(NodeContext& node) {
  const int rank = node.shape(0).rank;
  std::vector<uint32_t> perm;
  for (const int64_t axis : node.ints(1, "permutation")) {
    perm.push_back(static_cast<uint32_t>(checked_axis(axis, rank)));
  }
  node.set_output(node.transpose(node.input(0), perm));
}

void import_broadcast_to(NodeContext& node) {
  node.set_output(node.expand(node.input(0), shape_from(node.ints(1, "shape"))));
}

void import_tile(NodeContext& node) {
  const std::vector<int64_t> repeats = node.ints(1, "multiples");
  if (static_cast<int>(repeats.size()) != node.shape(0).rank) malformed("one multiple a dimension is needed");
  fbs::TileAttrsT attrs;
  for (const int64_t n : repeats) {
    if (n < 1 || n > std::numeric_limits<int32_t>::max()) unsupported("it repeats " + std::to_string(n) + " times");
    attrs.repeats.push_back(static_cast<uint32_t>(n));
  }
  node.set_output(node.emit(make_attrs(std::move(attrs)), {node.input(0)}));
}

void import_concatenation(NodeContext& node) {
  const auto options = node.options<tflite_fbs::ConcatenationOptions>();
  std::vector<ValueId> values;
  for (size_t i = 0; i < node.input_count(); ++i) values.push_back(node.input(i));
  const ValueId y = node.concat(values, checked_axis(options.axis, node.shape(0).rank));
  node.set_output(node.activate(activation_of(options.fused_activation_function), y));
}

void import_pack(NodeContext& node) {
  const int axis = checked_axis(node.options<tflite_fbs::PackOptions>().axis, node.shape(0).rank + 1);
  std::vector<ValueId> values;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (node.shape(i) != node.shape(0)) malformed("its inputs have different shapes");
    values.push_back(node.reshape(node.input(i), with_dim(node.shape(i), axis, 1), "/" + std::to_string(i)));
  }
  node.set_output(node.concat(values, axis));
}

}  // namespace lacuna::tflite
