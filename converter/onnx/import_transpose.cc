// Transpose, DepthToSpace and SpaceToDepth.
#include <numeric>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

uint32_t block_size(const NodeContext& node) {
  const int64_t block = node.int_attr("blocksize");
  if (block < 1 || block > (1 << 15)) malformed("blocksize is " + std::to_string(block));
  return static_cast<uint32_t>(block);
}

bool is_channel_first(const NodeContext& node) {
  const std::string mode = node.string_attr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") malformed("mode is '" + mode + "'");
  return mode == "CRD";
}

}  // namespace

void import_transpose(NodeContext& node) {
  const int rank = node.rank(0);
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.rbegin(), perm.rend(), 0);
  perm = node.ints_attr("perm").value_or(perm);
  if (static_cast<int>(perm.size()) != rank) malformed("perm has " + std::to_string(perm.size()) + " entries");
  checked_axes(perm, rank);
  std::vector<uint32_t> dims;
  for (const int64_t axis : perm) dims.push_back(static_cast<uint32_t>(checked_axis(axis, rank)));
  node.set_output(node.transpose(node.input(0), dims));
}

void import_depth_to_space(NodeContext& node) {
  fbs::DepthToSpaceAttrsT attrs;
  attrs.block = block_size(node);
  attrs.channel_first = is_channel_first(node);
  node.set_output(node.emit(make_attrs(std::move(attrs)), {node.input(0)}));
}

void import_space_to_depth(NodeContext& node) {
  const bool channel_first = is_channel_first(node);
  fbs::SpaceToDepthAttrsT attrs;
  attrs.block = block_size(node);
  const ValueId y = node.emit(make_attrs(std::move(attrs)), {node.input(0)}, channel_first ? "/depth" : "");
  if (!channel_first) return node.set_output(y);
  // The device has the places in a block before the channels: [N, block^2, C, H, W].
  const Shape x = node.shape(0), shape = node.graph().shape(y);
  const ValueId split = node.reshape(y, make_shape({shape[0], shape[1] / x[1], x[1], shape[2], shape[3]}), "/split");
  node.set_output(node.reshape(node.transpose(split, {0, 2, 1, 3, 4}, "/turned"), shape));
}

}  // namespace lacuna::onnx
