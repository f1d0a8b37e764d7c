#include "converter/cost/layer.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "converter/ir/operands.h"
#include "kernels/ops/conv/winograd.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

constexpr const char* kKindNames[kLayerKinds] = {"pointwise", "window", "one_pixel", "rows", "depthwise", "spared"};
constexpr const char* kTermNames[kTerms] = {"call",           "entry_vectors",   "entry_pixels", "entry_tiles",
                                            "entry_strips",   "far_vectors",     "row_vectors",  "row_tiles",
                                            "copied_vectors", "strided_vectors", "weight_bytes", "far_weight_bytes",
                                            "input_bytes",    "output_bytes"};

constexpr double kVectorPixels = 16, kTilePixels = 64, kStripPixels = 48;
constexpr double kNearColumnBytes = 32 << 10;
constexpr double kNearWeightBytes = 512 << 10;
constexpr double kFloatBytes = sizeof(float);
/// Rows of a group that estimate_terms draws: whole blocks of every packing.
constexpr int64_t kSampleRows = 32;

bool all_are(const std::vector<uint32_t>& numbers, uint32_t wanted) {
  return std::all_of(numbers.begin(), numbers.end(), [&](uint32_t n) { return n == wanted; });
}

bool is_pointwise(const fbs::ConvAttrsT& attrs) {
  return all_are(attrs.kernel, 1) && all_are(attrs.stride, 1) && all_are(attrs.pads_begin, 0) &&
         all_are(attrs.pads_end, 0);
}

/// One pixel, or one row of x, can be read where it is.
bool is_in_place(const Layer& layer) {
  const fbs::ConvAttrsT* conv = layer.attrs.AsConv();
  return conv == nullptr || is_pointwise(*conv);
}

bool is_depthwise(const fbs::ConvAttrsT& attrs, const Shape& weight) {
  return attrs.groups > 1 && weight[1] == 1 && weight.rank == 4;
}

double runs(double pixels, double run) { return std::ceil(pixels / run); }

/// Images and the pixels of each, as kernels walk them.
struct Extent {
  double images;
  double pixels;
};

Extent extent_of(const Layer& layer, LayerKind kind) {
  if (layer.attrs.type == fbs::OpAttrs::FullyConnected) {
    return {1, static_cast<double>(count(layer.y, 0, layer.y.rank - 1))};
  }
  // Kernels that look at neighbours walk a volume plane by plane; depthwise ones walk a plane row by row.
  const int first = kind == LayerKind::kDepthwise ? layer.y.rank - 1
                    : kind == LayerKind::kWindow  ? layer.y.rank - 2
                                                  : 2;
  const double pixels = static_cast<double>(count(layer.y, first, layer.y.rank));
  return {static_cast<double>(count(layer.y)) / static_cast<double>(layer.y[1]) / pixels, pixels};
}

bool is_strided(const Layer& layer) {
  const fbs::ConvAttrsT* attrs = layer.attrs.AsConv();
  return attrs == nullptr || !all_are(attrs->stride, 1);
}

}  // namespace

const char* name_of(LayerKind kind) { return kKindNames[static_cast<size_t>(kind)]; }
const char* name_of(Term term) { return kTermNames[static_cast<size_t>(term)]; }

Layer layer_of(const Graph& graph, const Node& node) {
  Layer layer;
  layer.attrs = node.attrs;
  layer.x = graph.shape(node.inputs[0]);
  layer.weight = graph.shape(operand_with_role(node, Role::kWeight));
  layer.y = graph.shape(node.output);
  layer.has_bias = operand_with_role(node, Role::kBias) != kNoValue;
  return layer;
}

LayerKind kind_of(const Layer& layer) {
  const fbs::ConvAttrsT* conv = layer.attrs.AsConv();
  if (conv != nullptr && is_depthwise(*conv, layer.weight)) return LayerKind::kDepthwise;
  const int64_t units = layer.y[conv != nullptr ? 1 : layer.y.rank - 1];
  if (count(layer.y) == units) return LayerKind::kOnePixel;
  if (conv == nullptr) return LayerKind::kRows;
  return is_pointwise(*conv) ? LayerKind::kPointwise : LayerKind::kWindow;
}

LayerKind kind_of(const Layer& layer, fbs::Packing packing) {
  const LayerKind kind = kind_of(layer);
  if (kind != LayerKind::kWindow || packing != fbs::Packing::DenseRows8) return kind;
  const PackedAttrs attrs(layer.attrs);
  ConvGeometry geometry;
  lacuna_error error;
  const bool known =
      conv_geometry(*static_cast<const fbs::ConvAttrs*>(attrs.table()), layer.x, &geometry, &error) == LACUNA_OK;
  return known && suits_winograd(geometry) ? LayerKind::kSpared : kind;
}

PackedSize size_of(const WeightBytes& packed) {
  return {packed.meta, static_cast<double>(packed.values.size()), static_cast<double>(packed.index.size())};
}

TermCounts count_terms(const Layer& layer, const PackedSize& packed) {
  const LayerKind kind = kind_of(layer);
  const auto [images, pixels] = extent_of(layer, kind);
  const PackedWeights& meta = packed.meta;
  const double entries = packed.entries;
  const double bytes = entries * kFloatBytes + packed.index_bytes;
  const double rows = meta.rows, groups = meta.groups;
  const double block = meta.block == 0 ? meta.columns : meta.block;
  const double blocks = std::ceil(meta.columns / block);
  const double vectors = images * runs(pixels, kVectorPixels), tiles = images * runs(pixels, kTilePixels);
  const double near_part = kNearColumnBytes / (block * std::min(pixels, kTilePixels) * kFloatBytes);
  const bool copies =
      kind == LayerKind::kWindow || kind == LayerKind::kRows || (kind == LayerKind::kOnePixel && !is_in_place(layer));
  const double copied = copies ? groups * meta.columns * vectors : 0;

  TermCounts counts = {};
  const auto set = [&](Term term, double n) { counts[static_cast<size_t>(term)] = n; };
  set(Term::kCall, 1);
  set(Term::kEntryVectors, entries * vectors);
  set(Term::kEntryPixels, entries * images * pixels / kVectorPixels);
  set(Term::kEntryTiles, entries * tiles);
  set(Term::kEntryStrips, entries * images * runs(pixels, kStripPixels));
  set(Term::kFarVectors, kind == LayerKind::kDepthwise ? 0 : entries * vectors * std::max(0.0, 1 - near_part));
  set(Term::kRowVectors, rows * blocks * vectors);
  set(Term::kRowTiles, rows * blocks * tiles);
  const bool strided = is_strided(layer);
  // Strided windows of a depthwise layer are not copied as columns, but reading them costs alike.
  const double windows = kind == LayerKind::kDepthwise ? rows * vectors : copied;
  set(Term::kCopiedVectors, strided ? 0 : windows);
  set(Term::kStridedVectors, strided ? windows : 0);
  set(Term::kWeightBytes, bytes);
  set(Term::kFarWeightBytes, std::max(0.0, bytes - kNearWeightBytes) * tiles);
  set(Term::kInputBytes, static_cast<double>(count(layer.x)) * kFloatBytes);
  set(Term::kOutputBytes, static_cast<double>(count(layer.y)) * kFloatBytes);
  return counts;
}

Tensor random_weights(const Shape& shape, double density, uint32_t seed) {
  Tensor weights(ElementType::kF32, shape);
  std::mt19937 rng(seed);
  const double limit = density * 4294967296.0;
  for (float& weight : weights.f32) {
    const auto drawn = static_cast<double>(rng());
    if (drawn < limit) weight = static_cast<float>(0.5 + drawn / limit);
  }
  return weights;
}

TermCounts estimate_terms(const Layer& layer, double density, fbs::Packing packing) {
  constexpr uint32_t kSeed = 1;
  Layer sample = layer;
  const fbs::ConvAttrsT* conv = layer.attrs.AsConv();
  const int64_t groups = conv == nullptr ? 1 : conv->groups;
  sample.weight[0] = std::min(layer.weight[0], kSampleRows * groups);
  const PackedAttrs attrs(layer.attrs);
  WeightBytes packed =
      host_op(layer.attrs.type).pack(attrs.table(), random_weights(sample.weight, density, kSeed), nullptr, packing);
  const double scale = static_cast<double>(layer.weight[0]) / static_cast<double>(sample.weight[0]);
  packed.meta.rows = static_cast<uint32_t>(layer.weight[0]);
  const PackedSize sampled = size_of(packed);
  return count_terms(layer, PackedSize{sampled.meta, sampled.entries * scale, sampled.index_bytes * scale});
}

bool gains_by_order(const Layer& layer, fbs::Packing packing) {
  constexpr int64_t kMostPixels = 256;
  const int64_t pixels = count(layer.y, 2, layer.y.rank);
  return packing == fbs::Packing::SparseRows && layer.attrs.AsConv() != nullptr && pixels > 1 && pixels <= kMostPixels;
}

std::vector<fbs::Packing> packings_of(const Layer& layer) {
  Tensor weight;
  weight.shape = layer.weight;
  const PackedAttrs attrs(layer.attrs);
  return host_op(layer.attrs.type).packings(attrs.table(), weight);
}

}  // namespace lacuna
