// Operators that change the grid of pixels.
#include <algorithm>
#include <limits>
#include <numeric>

#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

/// A constant [n, 2] of counts that are not negative: begin and end of n dimensions.
struct Margins {
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
};

Margins margins_of(const NodeContext& node, size_t i, int n, const char* role) {
  const std::vector<int64_t> list = node.ints(i, role);
  if (static_cast<int>(list.size()) != 2 * n) malformed(std::string("the ") + role + " do not fit the dimensions");
  Margins margins;
  for (size_t d = 0; d < list.size(); ++d) {
    if (list[d] < 0 || list[d] > std::numeric_limits<int32_t>::max()) {
      malformed(std::string("the ") + role + " contain " + std::to_string(list[d]));
    }
    (d % 2 == 0 ? margins.begin : margins.end).push_back(list[d]);
  }
  return margins;
}

/// y[i] = x[i - begin] along `axis`, mirrored at the borders, the outermost element repeated.
ValueId pad_symmetric(NodeContext& node, ValueId x, int axis, int64_t begin, int64_t end) {
  const int64_t size = node.shape_of(x)[axis];
  if (begin > size || end > size) malformed("a mirror cannot be wider than the dimension of " + std::to_string(size));
  std::vector<int64_t> indices = node.index_list(begin + size + end);
  for (int64_t i = begin; i > 0; --i) indices.push_back(i - 1);
  for (int64_t i = 0; i < size; ++i) indices.push_back(i);
  for (int64_t i = 0; i < end; ++i) indices.push_back(size - 1 - i);
  const Shape index_shape = make_shape({static_cast<int64_t>(indices.size())});
  return node.gather(x, axis, indices, index_shape, "/" + std::to_string(axis));
}

ValueId emit_resize(NodeContext& node, fbs::ResizeAttrsT attrs) {
  check_rank(node, 0, 4);
  const Shape x = node.shape(0);
  const std::vector<int64_t> sizes = node.ints(1, "size");
  if (sizes.size() != 2 || std::any_of(sizes.begin(), sizes.end(), [](int64_t n) { return n < 1 || n > 1 << 30; })) {
    malformed("the new size must be two positive numbers");
  }
  const Shape from = make_shape({x[0], x[3], x[1], x[2]});
  const Shape to = make_shape({x[0], x[3], sizes[0], sizes[1]});
  attrs.sizes = dims_of<uint32_t>(to);
  for (int i = 0; i < 4; ++i) {
    if (from[i] < 1) malformed("the input is empty");
    attrs.scales.push_back(static_cast<float>(to[i]) / static_cast<float>(from[i]));
  }
  return node.emit_channel_first(make_attrs(std::move(attrs)), {node.input(0)});
}

fbs::CoordinateMode coordinates_of(bool align_corners, bool half_pixel_centers, fbs::CoordinateMode half_pixel) {
  if (align_corners && half_pixel_centers) malformed("align_corners and half_pixel_centers exclude each other");
  if (align_corners) return fbs::CoordinateMode::AlignCorners;
  return half_pixel_centers ? half_pixel : fbs::CoordinateMode::Asymmetric;
}

uint32_t block_of(int32_t block) {
  if (block < 1) malformed("the block size is " + std::to_string(block));
  return static_cast<uint32_t>(block);
}

/// The sizes of blocks of SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, and their product.
struct Blocks {
  std::vector<int64_t> sizes;
  int64_t product;
};

Blocks blocks_of(const NodeContext& node, int rank) {
  Blocks blocks{node.ints(1, "block shape"), 1};
  if (blocks.sizes.empty() || static_cast<int>(blocks.sizes.size()) >= rank ||
      static_cast<int>(blocks.sizes.size()) + rank > kMaxRank) {
    unsupported(std::to_string(blocks.sizes.size()) + " block sizes for " + std::to_string(rank) +
                " dimensions are not supported");
  }
  for (const int64_t size : blocks.sizes) {
    if (size < 1 || size > (1 << 15)) malformed("a block size is " + std::to_string(size));
    blocks.product *= size;
  }
  if (blocks.product > std::numeric_limits<int32_t>::max()) {
    malformed("the blocks have " + std::to_string(blocks.product) + " elements");
  }
  return blocks;
}

}  // namespace

void import_pad(NodeContext& node) {
  const Margins pads = margins_of(node, 1, node.shape(0).rank, "paddings");
  float value = 0;
  if (node.has_input(2)) {
    const Tensor& tensor = node.constant(2, "padding value");
    if (tensor.type != ElementType::kF32 || tensor.f32.size() != 1) malformed("the padding value must be one float");
    value = tensor.f32.front();
  }
  node.set_output(node.pad(fbs::PadMode::Constant, node.input(0), pads.begin, pads.end, value));
}

void import_mirror_pad(NodeContext& node) {
  const auto mode = node.options<tflite_fbs::MirrorPadOptions>().mode;
  const Margins pads = margins_of(node, 1, node.shape(0).rank, "paddings");
  if (mode == tflite_fbs::MirrorPadMode::REFLECT) {
    node.set_output(node.pad(fbs::PadMode::Reflect, node.input(0), pads.begin, pads.end));
    return;
  }
  ValueId y = node.input(0);
  for (size_t d = 0; d < pads.begin.size(); ++d) {
    if (pads.begin[d] + pads.end[d] != 0) y = pad_symmetric(node, y, static_cast<int>(d), pads.begin[d], pads.end[d]);
  }
  node.set_output(y);
}

void import_resize_bilinear(NodeContext& node) {
  const auto options = node.options<tflite_fbs::ResizeBilinearOptions>();
  fbs::ResizeAttrsT attrs;
  attrs.mode = fbs::ResizeMode::Linear;
  attrs.coordinates = coordinates_of(options.align_corners, options.half_pixel_centers, fbs::CoordinateMode::HalfPixel);
  node.set_output(emit_resize(node, std::move(attrs)));
}

void import_resize_nearest(NodeContext& node) {
  const auto options = node.options<tflite_fbs::ResizeNearestNeighborOptions>();
  fbs::ResizeAttrsT attrs;
  attrs.mode = fbs::ResizeMode::Nearest;
  attrs.coordinates =
      coordinates_of(options.align_corners, options.half_pixel_centers, fbs::CoordinateMode::TfHalfPixelForNn);
  attrs.nearest = options.align_corners ? fbs::NearestMode::RoundPreferCeil : fbs::NearestMode::Floor;
  node.set_output(emit_resize(node, std::move(attrs)));
}

void import_depth_to_space(NodeContext& node) {
  check_rank(node, 0, 4);
  fbs::DepthToSpaceAttrsT attrs;
  attrs.block = block_of(node.options<tflite_fbs::DepthToSpaceOptions>().block_size);
  node.set_output(node.emit_channel_first(make_attrs(std::move(attrs)), {node.input(0)}));
}

void import_space_to_depth(NodeContext& node) {
  check_rank(node, 0, 4);
  fbs::SpaceToDepthAttrsT attrs;
  attrs.block = block_of(node.options<tflite_fbs::SpaceToDepthOptions>().block_size);
  node.set_output(node.emit_channel_first(make_attrs(std::move(attrs)), {node.input(0)}));
}

// [N, S..., rest] is padded and split to [N, S/b, b, ..., rest]; the b go in front, [b..., N, S/b..., rest].
void import_space_to_batch(NodeContext& node) {
  const int rank = node.shape(0).rank;
  const Blocks blocks = blocks_of(node, rank);
  const auto m = static_cast<int>(blocks.sizes.size());
  Margins pads = margins_of(node, 2, m, "paddings");
  pads.begin.insert(pads.begin.begin(), 0);
  pads.end.insert(pads.end.begin(), 0);
  pads.begin.resize(static_cast<size_t>(rank), 0);
  pads.end.resize(static_cast<size_t>(rank), 0);
  const ValueId padded = node.pad(fbs::PadMode::Constant, node.input(0), pads.begin, pads.end, 0, "/pad");

  const Shape x = node.shape_of(padded);
  std::vector<int64_t> split = {x[0]};
  std::vector<int64_t> merged = {x[0] * blocks.product};
  std::vector<uint32_t> perm;
  for (int i = 0; i < m; ++i) perm.push_back(static_cast<uint32_t>(2 * i + 2));
  perm.push_back(0);
  for (int i = 0; i < m; ++i) {
    const int64_t block = blocks.sizes[static_cast<size_t>(i)];
    if (x[i + 1] % block != 0) {
      malformed("blocks of " + std::to_string(block) + " do not divide " + std::to_string(x[i + 1]));
    }
    split.insert(split.end(), {x[i + 1] / block, block});
    merged.push_back(x[i + 1] / block);
    perm.push_back(static_cast<uint32_t>(2 * i + 1));
  }
  for (int d = m + 1; d < rank; ++d) {
    split.push_back(x[d]);
    merged.push_back(x[d]);
    perm.push_back(static_cast<uint32_t>(d + m));
  }
  const ValueId blocked = node.transpose(node.reshape(padded, make_shape(split), "/blocks"), perm, "/order");
  node.set_output(node.reshape(blocked, make_shape(merged)));
}

// The other way round: [b..., N, S..., rest] becomes [N, S, b, ..., rest], joined and cropped.
void import_batch_to_space(NodeContext& node) {
  const Shape x = node.shape(0);
  const Blocks blocks = blocks_of(node, x.rank);
  const auto m = static_cast<int>(blocks.sizes.size());
  const Margins crops = margins_of(node, 2, m, "crops");
  if (x[0] % blocks.product != 0) malformed("the blocks do not divide a batch of " + std::to_string(x[0]));
  const int64_t batch = x[0] / blocks.product;

  std::vector<int64_t> split = blocks.sizes;
  split.insert(split.end(), {batch});
  split.insert(split.end(), x.begin() + 1, x.end());
  std::vector<int64_t> merged = {batch};
  std::vector<uint32_t> perm = {static_cast<uint32_t>(m)};
  std::vector<int64_t> start = {0};
  std::vector<int64_t> sizes = {batch};
  for (int i = 0; i < m; ++i) {
    const auto d = static_cast<size_t>(i);
    perm.insert(perm.end(), {static_cast<uint32_t>(m + 1 + i), static_cast<uint32_t>(i)});
    merged.push_back(x[i + 1] * blocks.sizes[d]);
    start.push_back(crops.begin[d]);
    sizes.push_back(merged.back() - crops.begin[d] - crops.end[d]);
  }
  for (int d = m + 1; d < x.rank; ++d) {
    perm.push_back(static_cast<uint32_t>(m + d));
    merged.push_back(x[d]);
    start.push_back(0);
    sizes.push_back(x[d]);
  }
  const ValueId ordered = node.transpose(node.reshape(node.input(0), make_shape(split), "/blocks"), perm, "/order");
  const ValueId joined = node.reshape(ordered, make_shape(merged), "/joined");
  node.set_output(node.slice(joined, start, std::vector<int64_t>(start.size(), 1), make_shape(sizes)));
}

}  // namespace lacuna::tflite
