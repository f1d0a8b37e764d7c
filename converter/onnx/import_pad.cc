// Pad and CenterCropPad.
#include <algorithm>
#include <map>
#include <numeric>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

fbs::PadMode mode_of(const std::string& mode) {
  static const std::map<std::string, fbs::PadMode> modes = {{"constant", fbs::PadMode::Constant},
                                                            {"reflect", fbs::PadMode::Reflect},
                                                            {"edge", fbs::PadMode::Edge},
                                                            {"wrap", fbs::PadMode::Wrap}};
  const auto found = modes.find(mode);
  if (found == modes.end()) malformed("mode is '" + mode + "'");
  return found->second;
}

float fill_value(const NodeContext& node) {
  if (node.opset() < 11) return node.float_attr("value", 0);
  if (!node.has_input(2)) return 0;
  const Tensor& value = node.constant(2, "fill value");
  if (count(value.shape) != 1) malformed("the fill value is not a scalar");
  return value.type == ElementType::kF32 ? value.f32[0] : static_cast<float>(value.i64[0]);
}

}  // namespace

void import_pad(NodeContext& node) {
  const int rank = node.rank(0);
  const bool old = node.opset() < 11;
  if (old && !node.has_attr("pads")) malformed("attribute 'pads' is missing");
  const std::vector<int64_t> pads = old ? *node.ints_attr("pads") : node.ints(1, "pads");
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has_input(3)) axes = node.ints(3, "axes");
  if (pads.size() != 2 * axes.size()) malformed("pads has " + std::to_string(pads.size()) + " entries");
  checked_axes(axes, rank);
  std::vector<int64_t> begin(static_cast<size_t>(rank), 0);
  std::vector<int64_t> end = begin;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<size_t>(checked_axis(axes[i], rank));
    begin[d] = pads[i];
    end[d] = pads[axes.size() + i];
  }
  const fbs::PadMode mode = mode_of(node.string_attr("mode", "constant"));
  node.set_output(node.pad(mode, node.input(0), begin, end, fill_value(node)));
}

void import_center_crop_pad(NodeContext& node) {
  const Shape shape = node.shape(0);
  const std::vector<int64_t> target = node.ints(1, "shape");
  std::vector<int64_t> axes(static_cast<size_t>(shape.rank));
  std::iota(axes.begin(), axes.end(), 0);
  axes = node.ints_attr("axes").value_or(axes);
  if (target.size() != axes.size()) malformed("the shape has " + std::to_string(target.size()) + " entries");
  checked_axes(axes, shape.rank);
  std::vector<int64_t> begin(static_cast<size_t>(shape.rank), 0);
  std::vector<int64_t> end = begin;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int d = checked_axis(axes[i], shape.rank);
    if (target[i] < 1 || target[i] > std::numeric_limits<int32_t>::max()) malformed("the shape has an entry below 1");
    const int64_t change = target[i] - shape[d];
    begin[static_cast<size_t>(d)] = change / 2;  // towards zero: an odd element is cropped or padded behind
    end[static_cast<size_t>(d)] = change - change / 2;
  }
  node.set_output(node.pad(fbs::PadMode::Constant, node.input(0), begin, end));
}

}  // namespace lacuna::onnx
