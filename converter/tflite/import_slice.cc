// Operators that take some of the elements.
#include <algorithm>
#include <limits>

#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

/// `sizes[i]` elements along dimension `axis` for each output, one after the other.
void split(NodeContext& node, ValueId x, int axis, const std::vector<int64_t>& sizes) {
  const Shape shape = node.shape_of(x);
  std::vector<int64_t> start(static_cast<size_t>(shape.rank), 0);
  for (size_t i = 0; i < sizes.size(); ++i) {
    Shape part = shape;
    part[axis] = sizes[i];
    const ValueId y =
        node.slice(x, start, std::vector<int64_t>(static_cast<size_t>(shape.rank), 1), part, "/" + std::to_string(i));
    node.set_output(y, i);
    start[static_cast<size_t>(axis)] += sizes[i];
  }
}

void check_count(size_t given, size_t wanted, const char* what) {
  if (given != wanted) malformed(std::to_string(given) + " " + what + " for " + std::to_string(wanted));
}

/// A constant list, bounded: no tensor reaches further, and sums of two such numbers do not overflow.
std::vector<int64_t> positions(const NodeContext& node, size_t i, const char* role) {
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  std::vector<int64_t> list = node.ints(i, role);
  for (int64_t& place : list) place = std::clamp(place, -kFar, kFar);
  return list;
}

/// A STRIDED_SLICE, resolved: what is taken of x, and the shape that is given to it.
struct StridedSlice {
  std::vector<int64_t> start;
  std::vector<int64_t> step;
  Shape sizes;
  Shape shape;
};

/// The entries of begin, end and strides, with the bits that belong to them.
class StridedSliceReader {
 public:
  StridedSliceReader(const NodeContext& node, const Shape& x)
      : options_(node.options<tflite_fbs::StridedSliceOptions>()),
        x_(x),
        begin_(positions(node, 1, "begin")),
        end_(positions(node, 2, "end")),
        strides_(positions(node, 3, "strides")) {
    check_count(end_.size(), begin_.size(), "ends");
    check_count(strides_.size(), begin_.size(), "strides");
    if (begin_.size() > 2 * static_cast<size_t>(kMaxRank)) unsupported("too many dimensions");
  }

  StridedSlice read() {
    for (size_t i = 0; i < begin_.size(); ++i) {
      if (has_bit(options_.ellipsis_mask, i)) {
        for (int n = x_.rank - taken_dims(); n > 0; --n) take_whole();
      } else if (has_bit(options_.new_axis_mask, i)) {
        add_dim(1);
      } else {
        take(i);
      }
    }
    while (slice_.sizes.rank < x_.rank) take_whole();
    return slice_;
  }

 private:
  static bool has_bit(int32_t mask, size_t i) { return (static_cast<uint32_t>(mask) >> i & 1) != 0; }

  /// Dimensions of x that have entries of their own.
  int taken_dims() const {
    int n = 0;
    for (size_t i = 0; i < begin_.size(); ++i) {
      if (!has_bit(options_.ellipsis_mask, i) && !has_bit(options_.new_axis_mask, i)) ++n;
    }
    return n;
  }

  void check_left() const {
    if (slice_.sizes.rank >= x_.rank) malformed("it has more entries than " + to_string(x_) + " has dimensions");
  }

  void add_dim(int64_t dim) {
    if (slice_.shape.rank == kMaxRank) unsupported("more than 8 dimensions are not supported");
    slice_.shape.push_back(dim);
  }

  void take_whole() {
    check_left();
    const int64_t dim = x_[slice_.sizes.rank];
    slice_.start.push_back(0);
    slice_.step.push_back(1);
    slice_.sizes.push_back(dim);
    add_dim(dim);
  }

  void take(size_t i) {
    check_left();
    const int d = slice_.sizes.rank;
    const int64_t dim = x_[d];
    const int64_t step = strides_[i];
    if (step == 0) malformed("a stride is 0");
    const auto bound = [dim, step](int64_t place) {
      return std::clamp<int64_t>(place < 0 ? place + dim : place, step > 0 ? 0 : -1, step > 0 ? dim : dim - 1);
    };
    const int64_t first = has_bit(options_.begin_mask, i) ? (step > 0 ? 0 : dim - 1) : bound(begin_[i]);
    if (has_bit(options_.shrink_axis_mask, i)) {
      if (first < 0 || first >= dim)
        malformed("begin " + std::to_string(begin_[i]) + " is outside of " + to_string(x_));
      push(first, 1, 1);
      return;
    }
    const int64_t end = options_.offset ? begin_[i] + end_[i] : end_[i];
    const int64_t last = has_bit(options_.end_mask, i) ? (step > 0 ? dim : -1) : bound(end);
    const int64_t size = step > 0 ? (last - first + step - 1) / step : (first - last - step - 1) / -step;
    push(first, step, std::max<int64_t>(size, 0));
    add_dim(slice_.sizes[d]);
  }

  void push(int64_t start, int64_t step, int64_t size) {
    slice_.start.push_back(start);
    slice_.step.push_back(step);
    slice_.sizes.push_back(size);
  }

  tflite_fbs::StridedSliceOptionsT options_;
  Shape x_;
  std::vector<int64_t> begin_, end_, strides_;
  StridedSlice slice_;
};

}  // namespace

void import_slice(NodeContext& node) {
  const Shape shape = node.shape(0);
  const std::vector<int64_t> begin = positions(node, 1, "begin");
  std::vector<int64_t> sizes = positions(node, 2, "size");
  const auto rank = static_cast<size_t>(shape.rank);
  check_count(begin.size(), rank, "begins");
  check_count(sizes.size(), rank, "sizes");
  for (size_t i = 0; i < rank; ++i) {
    if (sizes[i] == -1) sizes[i] = shape[static_cast<int>(i)] - begin[i];
  }
  node.set_output(node.slice(node.input(0), begin, std::vector<int64_t>(rank, 1), make_shape(sizes)));
}

void import_strided_slice(NodeContext& node) {
  const StridedSlice slice = StridedSliceReader(node, node.shape(0)).read();
  const ValueId y = node.slice(node.input(0), slice.start, slice.step, slice.sizes);
  node.set_output(node.reshape(y, slice.shape, "/shape"));
}

// Inputs: axis, x.
void import_split(NodeContext& node) {
  const Shape shape = node.shape(1);
  const int axis = checked_axis(node.scalar_int(0, "axis"), shape.rank);
  const auto parts = static_cast<int64_t>(node.output_count());
  if (shape[axis] % parts != 0) {
    malformed("dimension " + std::to_string(axis) + " of " + to_string(shape) + " cannot be split into " +
              std::to_string(parts));
  }
  split(node, node.input(1), axis, std::vector<int64_t>(node.output_count(), shape[axis] / parts));
}

// Inputs: x, sizes, axis.
void import_split_v(NodeContext& node) {
  const Shape shape = node.shape(0);
  std::vector<int64_t> sizes = positions(node, 1, "sizes");
  const int axis = checked_axis(node.scalar_int(2, "axis"), shape.rank);
  check_count(sizes.size(), node.output_count(), "sizes");
  const auto free = std::find(sizes.begin(), sizes.end(), -1);
  if (free != sizes.end()) {
    *free = shape[axis];
    for (auto size = sizes.begin(); size != sizes.end(); ++size) {
      if (size != free) *free -= *size;
    }
  }
  split(node, node.input(0), axis, sizes);
}

void import_unpack(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int axis = checked_axis(node.options<tflite_fbs::UnpackOptions>().axis, shape.rank);
  check_count(node.output_count(), static_cast<size_t>(shape[axis]), "outputs");
  split(node, node.input(0), axis, std::vector<int64_t>(node.output_count(), 1));
  Shape unpacked;
  for (int d = 0; d < shape.rank; ++d) {
    if (d != axis) unpacked.push_back(shape[d]);
  }
  for (size_t i = 0; i < node.output_count(); ++i) {
    node.set_output(node.reshape(node.output(i), unpacked, "/" + std::to_string(i) + "/shape"), i);
  }
}

void import_reverse(NodeContext& node) {
  const Shape shape = node.shape(0);
  std::vector<int64_t> start(static_cast<size_t>(shape.rank), 0);
  std::vector<int64_t> step(static_cast<size_t>(shape.rank), 1);
  for (const int64_t given : node.ints(1, "axes")) {
    const int axis = checked_axis(given, shape.rank);
    start[static_cast<size_t>(axis)] = shape[axis] - 1;
    step[static_cast<size_t>(axis)] = -1;
  }
  node.set_output(node.slice(node.input(0), start, step, shape));
}

void import_gather(NodeContext& node) {
  const auto options = node.options<tflite_fbs::GatherOptions>();
  if (options.batch_dims != 0) unsupported("batch_dims other than 0 are not supported");
  const int axis = checked_axis(options.axis, node.shape(0).rank);
  if (!node.is_constant(1)) {
    if (axis != 0) unsupported("places that the network computes are only looked up along dimension 0");
    return node.set_output(node.lookup(node.input(0), node.input(1)));
  }
  node.set_output(node.gather(node.input(0), axis, node.ints(1, "indices"), node.shape(1)));
}

void import_embedding_lookup(NodeContext& node) {
  if (node.is_constant(0)) {
    return node.set_output(node.gather(node.input(1), 0, node.ints(0, "places"), node.shape(0)));
  }
  node.set_output(node.lookup(node.input(1), node.input(0)));
}

}  // namespace lacuna::tflite
