// Slice and ReverseSequence.
#include <algorithm>
#include <numeric>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

struct Bounds {
  std::vector<int64_t> starts, ends, axes, steps;
};

/// Bounds are attributes before opset 10 and operands from then on.
Bounds read_bounds(const NodeContext& node) {
  Bounds bounds;
  if (node.opset() < 10) {
    if (!node.has_attr("starts") || !node.has_attr("ends")) malformed("attributes 'starts' and 'ends' are needed");
    bounds.starts = *node.ints_attr("starts");
    bounds.ends = *node.ints_attr("ends");
    bounds.axes = node.ints_attr("axes").value_or(std::vector<int64_t>());
  } else {
    bounds.starts = node.ints(1, "starts");
    bounds.ends = node.ints(2, "ends");
    if (node.has_input(3)) bounds.axes = node.ints(3, "axes");
    if (node.has_input(4)) bounds.steps = node.ints(4, "steps");
  }
  if (bounds.axes.empty()) {
    bounds.axes.resize(bounds.starts.size());
    std::iota(bounds.axes.begin(), bounds.axes.end(), 0);
  }
  if (bounds.steps.empty()) bounds.steps.assign(bounds.starts.size(), 1);
  if (bounds.ends.size() != bounds.starts.size() || bounds.axes.size() != bounds.starts.size() ||
      bounds.steps.size() != bounds.starts.size()) {
    malformed("starts, ends, axes and steps have different lengths");
  }
  return bounds;
}

/// Python's rules: negative positions count from the end, positions outside are cut.
int64_t cut(int64_t position, int64_t size, int64_t low, int64_t high) {
  if (position < 0) position = position < -size ? low : position + size;
  return std::clamp(position, low, high);
}

}  // namespace

void import_slice(NodeContext& node) {
  const Bounds bounds = read_bounds(node);
  const Shape shape = node.shape(0);
  Shape sizes = shape;
  std::vector<int64_t> start(static_cast<size_t>(shape.rank), 0);
  std::vector<int64_t> step(start.size(), 1);
  checked_axes(bounds.axes, shape.rank);
  for (size_t i = 0; i < bounds.axes.size(); ++i) {
    const int d = checked_axis(bounds.axes[i], shape.rank);
    const int64_t size = shape[d];
    int64_t by = bounds.steps[i];
    if (by == 0) malformed("a step is 0");
    if (size == 0) continue;
    by = std::clamp(by, -size - 1, size + 1);  // farther steps reach the same single element
    const bool forward = by > 0;
    const int64_t first = cut(bounds.starts[i], size, 0, forward ? size : size - 1);
    const int64_t last = cut(bounds.ends[i], size, forward ? 0 : -1, forward ? size : size - 1);
    start[static_cast<size_t>(d)] = first;
    step[static_cast<size_t>(d)] = by;
    sizes[d] = std::max<int64_t>(0, forward ? (last - first + by - 1) / by : (last - first + by + 1) / by);
  }
  const ValueId x = node.input(0);
  const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  if (empty && node.is_constant(0)) {
    return node.set_output(node.add_constant(Tensor(node.graph().value(x).type, sizes)));
  }
  node.set_output(node.slice(x, start, step, sizes));
}

void import_reverse_sequence(NodeContext& node) {
  const Shape shape = node.shape(0);
  const int batch_axis = checked_axis(node.int_attr("batch_axis", 1), shape.rank);
  const int time_axis = checked_axis(node.int_attr("time_axis", 0), shape.rank);
  if (batch_axis == time_axis) malformed("batch and time are the same dimension");
  const std::vector<int64_t> lengths = node.ints(1, "lengths of the sequences");
  if (static_cast<int64_t>(lengths.size()) != shape[batch_axis]) malformed("there is not one length a sequence");
  const std::vector<int64_t> ones(static_cast<size_t>(shape.rank), 1);
  std::vector<ValueId> sequences;
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 1 || lengths[i] > shape[time_axis]) malformed("a length is " + std::to_string(lengths[i]));
    std::vector<int64_t> start(ones.size(), 0), step = ones;
    start[static_cast<size_t>(batch_axis)] = static_cast<int64_t>(i);
    Shape part = shape;
    part[batch_axis] = 1;
    const std::string suffix = "/" + std::to_string(i);
    std::vector<ValueId> pieces;
    part[time_axis] = lengths[i];
    start[static_cast<size_t>(time_axis)] = lengths[i] - 1;
    step[static_cast<size_t>(time_axis)] = -1;
    pieces.push_back(node.slice(node.input(0), start, step, part, suffix + "/reversed"));
    if (lengths[i] < shape[time_axis]) {
      part[time_axis] = shape[time_axis] - lengths[i];
      start[static_cast<size_t>(time_axis)] = lengths[i];
      pieces.push_back(node.slice(node.input(0), start, ones, part, suffix + "/rest"));
    }
    sequences.push_back(node.concat(pieces, time_axis, suffix));
  }
  node.set_output(node.concat(sequences, batch_axis));
}

}  // namespace lacuna::onnx
