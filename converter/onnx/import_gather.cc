// Gather and Scatter operators. At constant indices all but Gather and Compress work on the flattened operand: place i
// of the result comes from a place that is known while importing. Computed indices look rows up.
#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

int64_t checked_index(int64_t index, int64_t size) {
  if (index < -size || index >= size) {
    malformed("index " + std::to_string(index) + " is outside of a dimension of " + std::to_string(size));
  }
  return index < 0 ? index + size : index;
}

const Tensor& indices_of(const NodeContext& node, size_t i = 1) {
  const Tensor& indices = node.constant(i, "index");
  if (indices.type != ElementType::kI64) malformed("the indices are not integers");
  return indices;
}

ValueId flat(NodeContext& node, ValueId x, const std::string& suffix) {
  return node.reshape(x, make_shape({count(node.graph().shape(x))}), suffix);
}

/// The elements of flattened x at `places`, as `shape`.
ValueId gather_flat(NodeContext& node, ValueId x, const std::vector<int64_t>& places, const Shape& shape) {
  return node.gather(flat(node, x, "/flatten"), 0, places, shape);
}

/// Places in `data` that indices [..., k] name by their last dimension, each the start of a block of `*block` elements.
std::vector<int64_t> block_starts(const Tensor& indices, const Shape& data, int batch_dims, int64_t* block) {
  const Shape& shape = indices.shape;
  if (shape.rank < 1 || shape[shape.rank - 1] < 1 || batch_dims + shape[shape.rank - 1] > data.rank) {
    malformed("indices of shape " + to_string(shape) + " do not fit " + to_string(data));
  }
  const int64_t k = shape[shape.rank - 1];
  const int64_t tuples = count(shape, 0, shape.rank - 1);
  const int64_t batches = count(data, 0, batch_dims);
  const Shape strides = contiguous_strides(data);
  *block = count(data, batch_dims + static_cast<int>(k), data.rank);
  std::vector<int64_t> starts;
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t place = (t / std::max<int64_t>(1, tuples / batches)) * (count(data) / batches);
    for (int64_t j = 0; j < k; ++j) {
      const int d = batch_dims + static_cast<int>(j);
      place += checked_index(indices.i64[static_cast<size_t>(t * k + j)], data[d]) * strides[d];
    }
    starts.push_back(place);
  }
  return starts;
}

/// For each element of `indices` its place in `data` when the coordinate along `axis` is replaced by the index.
std::vector<int64_t> element_places(const Tensor& indices, const Shape& data, int axis) {
  if (indices.shape.rank != data.rank) malformed("data and indices have different numbers of dimensions");
  for (int d = 0; d < data.rank; ++d) {
    if (d != axis && indices.shape[d] > data[d]) malformed("the indices are larger than the data");
  }
  const Shape data_strides = contiguous_strides(data);
  const Shape strides = contiguous_strides(indices.shape);
  std::vector<int64_t> places;
  for (size_t i = 0; i < indices.i64.size(); ++i) {
    int64_t place = 0;
    for (int d = 0; d < data.rank; ++d) {
      const int64_t own = static_cast<int64_t>(i) / strides[d] % indices.shape[d];
      place += (d == axis ? checked_index(indices.i64[i], data[d]) : own) * data_strides[d];
    }
    places.push_back(place);
  }
  return places;
}

/// All elements of the blocks that begin at `starts`.
std::vector<int64_t> block_places(NodeContext& node, const std::vector<int64_t>& starts, int64_t block) {
  std::vector<int64_t> places = node.index_list(static_cast<int64_t>(starts.size()) * block);
  for (const int64_t first : starts) {
    for (int64_t i = 0; i < block; ++i) places.push_back(first + i);
  }
  return places;
}

/// data with elements at `places` replaced by those of `updates`: a gather from both, laid end to end.
ValueId scatter(NodeContext& node, const std::vector<int64_t>& places) {
  const Shape shape = node.shape(0);
  if (node.string_attr("reduction", "none") != "none") unsupported("scattering with a reduction");
  if (static_cast<int64_t>(places.size()) != count(node.shape(2))) malformed("the updates do not fit the indices");
  if (places.empty()) return node.input(0);
  std::vector<int64_t> sources = node.index_list(count(shape));
  for (int64_t i = 0; i < count(shape); ++i) sources.push_back(i);
  for (size_t i = 0; i < places.size(); ++i) {
    sources[static_cast<size_t>(places[i])] = count(shape) + static_cast<int64_t>(i);
  }
  const ValueId data = flat(node, node.input(0), "/data");
  const ValueId updates = flat(node, node.input(2), "/updates");
  return node.gather(node.concat({data, updates}, 0, "/both"), 0, sources, shape);
}

}  // namespace

void import_gather(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int axis = checked_axis(node.int_attr("axis", 0), shape.rank);
  if (!node.is_constant(1)) {
    if (axis != 0) unsupported("places that the network computes are only looked up along dimension 0");
    return node.set_output(node.lookup(node.input(0), node.input(1)));
  }
  const Tensor& indices = indices_of(node);
  std::vector<int64_t> checked;
  for (const int64_t index : indices.i64) checked.push_back(checked_index(index, shape[axis]));
  if (checked.empty() && node.is_constant(0)) {
    std::vector<int64_t> dims(shape.begin(), shape.begin() + axis);
    dims.insert(dims.end(), indices.shape.begin(), indices.shape.end());
    dims.insert(dims.end(), shape.begin() + axis + 1, shape.end());
    if (dims.size() > static_cast<size_t>(kMaxRank)) unsupported("the result has too many dimensions");
    const ElementType type = node.graph().value(node.input(0)).type;
    const Shape nothing = make_shape(dims);
    return node.set_output(node.add_folded(type, nothing, [&] { return Tensor(type, nothing); }));
  }
  node.set_output(node.gather(node.input(0), axis, checked, indices.shape));
}

void import_gather_elements(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int axis = checked_axis(node.int_attr("axis", 0), shape.rank);
  if (!node.is_constant(1)) {
    const Shape places = node.shape(1);
    if (shape[axis] != count(shape) || places.rank != shape.rank || places[axis] != count(places)) {
      unsupported("places that the network computes are only looked up where all other dimensions are 1");
    }
    const ValueId y = node.lookup(flat(node, node.input(0), "/flatten"), flat(node, node.input(1), "/places"), "/rows");
    return node.set_output(node.reshape(y, places));
  }
  const Tensor& indices = indices_of(node);
  node.set_output(gather_flat(node, node.input(0), element_places(indices, shape, axis), indices.shape));
}

void import_gather_nd(NodeContext& node) {
  const Shape shape = node.shape(0);
  const Tensor& indices = indices_of(node);
  const int64_t batch_dims = node.int_attr("batch_dims", 0);
  if (batch_dims < 0 || batch_dims >= std::min(shape.rank, indices.shape.rank)) malformed("batch_dims is out of range");
  for (int d = 0; d < batch_dims; ++d) {
    if (shape[d] != indices.shape[d]) malformed("data and indices have different batch dimensions");
  }
  int64_t block = 1;
  const std::vector<int64_t> starts = block_starts(indices, shape, static_cast<int>(batch_dims), &block);
  const std::vector<int64_t> places = block_places(node, starts, block);
  std::vector<int64_t> dims(indices.shape.begin(), indices.shape.end() - 1);
  const int64_t k = indices.shape[indices.shape.rank - 1];
  dims.insert(dims.end(), shape.begin() + batch_dims + k, shape.end());
  if (dims.size() > static_cast<size_t>(kMaxRank)) unsupported("the result has too many dimensions");
  node.set_output(gather_flat(node, node.input(0), places, make_shape(dims)));
}

void import_scatter_elements(NodeContext& node) {
  const int axis = checked_axis(node.int_attr("axis", 0), node.rank(0));
  node.set_output(scatter(node, element_places(indices_of(node), node.shape(0), axis)));
}

void import_scatter_nd(NodeContext& node) {
  int64_t block = 1;
  const std::vector<int64_t> starts = block_starts(indices_of(node), node.shape(0), 0, &block);
  if (static_cast<int64_t>(starts.size()) * block != count(node.shape(2)))
    malformed("the updates do not fit the indices");
  node.set_output(scatter(node, block_places(node, starts, block)));
}

/// Takes where a constant condition is true, along an axis or of the flattened operand.
void import_compress(NodeContext& node) {
  const Tensor& condition = indices_of(node);
  ValueId x = node.input(0);
  int axis = 0;
  if (node.has_attr("axis")) {
    axis = checked_axis(node.int_attr("axis"), node.rank(0));
  } else {
    x = flat(node, x, "/flatten");
  }
  std::vector<int64_t> kept;
  for (size_t i = 0; i < condition.i64.size(); ++i) {
    if (condition.i64[i] != 0) kept.push_back(static_cast<int64_t>(i));
  }
  node.set_output(node.gather(x, axis, kept, make_shape({static_cast<int64_t>(kept.size())})));
}

}  // namespace lacuna::onnx
