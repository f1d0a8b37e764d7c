#include "converter/onnx/window.h"

#include <algorithm>

namespace lacuna::onnx {

namespace {

constexpr int64_t kMaxWindow = 1 << 20;

std::vector<int64_t> list_attr(const NodeContext& node, const char* name, size_t size, int64_t default_value,
                               int64_t lowest) {
  std::vector<int64_t> list = node.ints_attr(name).value_or(std::vector<int64_t>(size, default_value));
  if (list.size() != size) {
    malformed("'" + std::string(name) + "' has " + std::to_string(list.size()) + " entries instead of " +
              std::to_string(size));
  }
  for (const int64_t entry : list) {
    if (entry < lowest || entry > kMaxWindow) {
      malformed("'" + std::string(name) + "' has an entry " + std::to_string(entry));
    }
  }
  return list;
}

}  // namespace

Window Window::with_height() const {
  const auto insert = [](std::vector<int64_t> list, int64_t entry) {
    list.insert(list.begin(), entry);
    return list;
  };
  return {insert(kernel, 1), insert(stride, 1), insert(dilation, 1), insert(pads_begin, 0), insert(pads_end, 0)};
}

Window read_window(const NodeContext& node, std::vector<int64_t> kernel) {
  const size_t dims = kernel.size();
  for (const int64_t entry : kernel) {
    if (entry < 1 || entry > kMaxWindow) malformed("the kernel has a size " + std::to_string(entry));
  }
  Window window;
  window.kernel = std::move(kernel);
  window.stride = list_attr(node, "strides", dims, 1, 1);
  window.dilation = list_attr(node, "dilations", dims, 1, 1);
  const std::vector<int64_t> pads = list_attr(node, "pads", 2 * dims, 0, 0);
  window.pads_begin.assign(pads.begin(), pads.begin() + static_cast<ptrdiff_t>(dims));
  window.pads_end.assign(pads.begin() + static_cast<ptrdiff_t>(dims), pads.end());
  return window;
}

Window read_padded_window(const NodeContext& node, std::vector<int64_t> kernel, const Shape& x) {
  Window window = read_window(node, std::move(kernel));
  const std::string auto_pad = node.string_attr("auto_pad", "NOTSET");
  if (auto_pad == "NOTSET" || auto_pad.empty()) return window;
  const bool upper = auto_pad == "SAME_UPPER";
  if (!upper && auto_pad != "SAME_LOWER" && auto_pad != "VALID") malformed("auto_pad is '" + auto_pad + "'");
  for (size_t i = 0; i < window.dims(); ++i) {
    const int64_t size = x[static_cast<int>(i) + 2];
    const int64_t outputs = (size + window.stride[i] - 1) / window.stride[i];
    const int64_t needed = (outputs - 1) * window.stride[i] + window.extent(i) - size;
    split_padding(auto_pad == "VALID" ? 0 : std::max<int64_t>(needed, 0), upper, &window.pads_begin[i],
                  &window.pads_end[i]);
  }
  return window;
}

void split_padding(int64_t total, bool upper, int64_t* begin, int64_t* end) {
  *begin = upper ? total / 2 : total - total / 2;
  *end = total - *begin;
}

ValueId lift_to_planes(NodeContext& node, ValueId x) {
  const Shape shape = node.graph().shape(x);
  if (shape.rank < 3 || shape.rank > 5) unsupported("only 1 to 3 spatial dimensions are supported");
  if (shape.rank != 3) return x;
  return node.reshape(x, make_shape({shape[0], shape[1], 1, shape[2]}), "/lift");
}

ValueId lower_from_planes(NodeContext& node, ValueId y, int rank) {
  if (rank != 3) return y;
  const Shape shape = node.graph().shape(y);
  return node.reshape(y, make_shape({shape[0], shape[1], shape[3]}), "/lower");
}

}  // namespace lacuna::onnx
