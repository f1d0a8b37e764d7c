// A layer with packed weights as the cost model sees it: what there is to do, in counts.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "converter/ir/graph.h"

namespace lacuna {

/// A node with weights, cut out of its graph. A residual does not count.
struct Layer {
  Attrs attrs;
  Shape x;
  Shape weight;
  Shape y;
  bool has_bias = false;
};

/// The layer of a node with a weight operand.
Layer layer_of(const Graph& graph, const Node& node);

/// Ways of running a layer; each packing has costs of its own for each.
enum class LayerKind : uint8_t {
  kPointwise,  ///< 1x1 convolution at stride 1, read in place
  kWindow,     ///< any other convolution but depthwise: columns are copied out of windows
  kOnePixel,   ///< one output pixel, or one row of x
  kRows,       ///< fully connected over several rows of x
  kDepthwise,
  kSpared,  ///< kWindow in dense rows, of whose products x86 spares some (kernels/ops/conv/winograd.h)
};
constexpr int kLayerKinds = 6;
/// Name of a kind in profiles, such as "pointwise".
const char* name_of(LayerKind kind);

LayerKind kind_of(const Layer& layer);
/// The same in a packing; where no products are spared, profiles have no kSpared, and kWindow stands in.
LayerKind kind_of(const Layer& layer, fbs::Packing packing);

/// What time is proportional to. A profile has nanoseconds for one of each.
///
/// Letters: E entries that the packing stores (weights, zeros of a dense one included), R output rows of all groups,
/// B blocks of columns, I images, P pixels of one (rows of x for kRows); tiles are runs of pixels.
enum class Term : uint8_t {
  kCall,            ///< 1
  kEntryVectors,    ///< E * I * runs of 16 pixels: multiply-adds in whole vectors
  kEntryPixels,     ///< E * I * P / 16: the same without rounding up
  kEntryTiles,      ///< E * I * tiles of 64: reading an entry and its index
  kEntryStrips,     ///< E * I * tiles of 48: the same for kernels of narrower tiles
  kFarVectors,      ///< kEntryVectors * the part of a tile's columns that does not fit 32 KiB
  kRowVectors,      ///< R * B * I * runs of 16 pixels: loading and storing sums
  kRowTiles,        ///< R * B * I * tiles of 64: starting a row
  kCopiedVectors,   ///< columns copied out of windows at stride 1, in runs of 16 pixels
  kStridedVectors,  ///< the same at other strides, and transposed columns of kRows
  kWeightBytes,     ///< values and indices, once
  kFarWeightBytes,  ///< values and indices beyond 512 KiB, in every tile of 64
  kInputBytes,
  kOutputBytes,
};
constexpr int kTerms = 14;
/// Name of a term in profiles, such as "entry_vectors".
const char* name_of(Term term);

using TermCounts = std::array<double, kTerms>;

/// What packed weights take. Sizes come from the packed bytes, so a new packing needs nothing here.
struct PackedSize {
  PackedWeights meta;  ///< `rows` is that of the whole layer
  double entries;
  double index_bytes;
};
PackedSize size_of(const WeightBytes& packed);

/// Counts for weights in some packing.
TermCounts count_terms(const Layer& layer, const PackedSize& packed);

/// Random weights of a shape: each is zero with probability 1 - density. The same seed gives the same weights anywhere.
Tensor random_weights(const Shape& shape, double density, uint32_t seed);

/// The weights of a layer with this density, in a packing, as counts. They are drawn at random for a few rows and
/// scaled up, so that this is fast for any layer.
TermCounts estimate_terms(const Layer& layer, double density, fbs::Packing packing);

/// Whether time is to be had from rows in the order of their entries (kernels/spmm/sparse_rows.h), on CPUs whose
/// profile says so: convolutions of few pixels (docs/decisions/0005).
bool gains_by_order(const Layer& layer, fbs::Packing packing);

/// Packings that can hold the layer's weights, the dense one first.
std::vector<fbs::Packing> packings_of(const Layer& layer);

}  // namespace lacuna
