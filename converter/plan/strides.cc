#include <algorithm>

#include "converter/ir/operands.h"
#include "converter/plan/plan.h"

namespace lacuna {
namespace {

/// Planes smaller than this stay contiguous: padding would cost more memory than aligned loads give back.
constexpr int64_t kSmallestPaddedPlane = 32;
constexpr auto kLineBytes = static_cast<int64_t>(kAlignment);
/// Channel strides that are a multiple of this fall on the same cache sets.
constexpr int64_t kPoisonBytes = 1024;

Shape padded_strides(const Value& value) {
  const Shape& shape = value.shape;
  const int64_t element = bytes_of(value.dtype);
  Shape strides = contiguous_strides(shape);
  int64_t plane = ceil_div(count(shape, 2, shape.rank) * element, kLineBytes) * kLineBytes;
  if (plane % kPoisonBytes == 0) plane += kLineBytes;
  plane /= element;
  strides[1] = plane;
  strides[0] = plane * shape[1];
  return strides;
}

bool wants_padding(const Shape& shape) {
  return shape.rank >= 4 && count(shape, 2, shape.rank) >= kSmallestPaddedPlane;
}

/// Whether a Slice keeps whole rows of every channel: steps of 1, and only dimension 2 is cut.
bool is_band(const Graph& graph, const Node& node) {
  const fbs::SliceAttrsT& attrs = *node.attrs.AsSlice();
  const Shape& whole = graph.shape(node.inputs[0]);
  const Shape& band = graph.shape(node.output);
  for (int i = 0; i < whole.rank; ++i) {
    if (attrs.step[static_cast<size_t>(i)] != 1 || (i != 2 && whole[i] != band[i])) return false;
  }
  return whole.rank >= 4;
}

/// Bands of rows lie inside the value that they are cut from or put together to: they take its strides.
void follow_bands(const Graph& graph, const std::vector<bool>& contiguous, std::vector<Shape>& strides) {
  const Uses uses(graph);
  const auto follow = [&](ValueId band, ValueId whole) {
    if (!contiguous[static_cast<size_t>(band)])
      strides[static_cast<size_t>(band)] = strides[static_cast<size_t>(whole)];
  };
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (node->attrs.type != fbs::OpAttrs::Concat || node->attrs.AsConcat()->axis != 2) continue;
    if (graph.shape(node->output).rank < 4) continue;
    for (const ValueId part : node->inputs) {
      if (!graph.is_constant(part) && uses.readers_of(part).size() == 1) follow(part, node->output);
    }
  }
  for (const Node& node : graph.nodes) {
    if (node.attrs.type == fbs::OpAttrs::Slice && is_band(graph, node)) follow(node.output, node.inputs[0]);
  }
}

}  // namespace

std::vector<Shape> choose_strides(const Graph& graph) {
  std::vector<bool> contiguous(graph.values.size(), false);
  const auto restrict_to = [&](ValueId id, Layout layout) {
    if (id != kNoValue && layout == Layout::kContiguous) contiguous[static_cast<size_t>(id)] = true;
  };
  for (const Node& node : graph.nodes) {
    const OpRun& run = *host_op(node.attrs.type).run;
    for (const ValueId id : device_operands(node)) restrict_to(id, run.input_layout);
    restrict_to(node.output, run.output_layout);
  }
  std::vector<Shape> strides;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    const bool padded = !contiguous[i] && value.constant == nullptr && wants_padding(value.shape);
    strides.push_back(padded ? padded_strides(value) : contiguous_strides(value.shape));
  }
  follow_bands(graph, contiguous, strides);
  return strides;
}

}  // namespace lacuna
