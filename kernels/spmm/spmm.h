// Sparse rows x planar tile: the kernels of packings SparseRows and SparseRows4 (kernels/spmm/sparse_rows.h).
#pragma once

#include <cstddef>

#include "kernels/built.h"
#include "kernels/tile.h"
#include "lacuna_generated.h"

namespace lacuna {

/// The streams of neighbouring rows in one block of columns.
struct SparseTile {
  const uint8_t* counts;  ///< [rows or blocks of 4][segments] little-endian uint16: entries of each
  const int8_t* moves;    ///< [rows] from where a row stands to where it belongs; null: it stands there
  const uint8_t* gaps;    ///< of each entry, from the one before; from column 0 at the start of a row
  const float* values;    ///< of each entry, 1 or 4; for kernels/halves they are halves
  int64_t rows;
  int64_t segments;  ///< of a row

  /// The row that stands at `at`.
  int64_t row(int64_t at) const { return is_built(TileKind::kOrderedRows) && moves != nullptr ? at + moves[at] : at; }
};

/// Pixels of a line (TileInput) that every kernel of SparseRows keeps in registers.
constexpr int kMostLine = 32;

/// out = rows x in. Where pixels come in lines, they are whole ones, and the sums move on by a pixel behind each
/// segment but the last: pixel p of row r is the sum of what segment s has for pixel p - (segments - 1 - s). What moves
/// out of a line comes into the next one; zeros come into the first. The sum of an output runs over its entries in
/// stream order (kTile), or in four interleaved parts (kVector).
using SpmmFunction = void (*)(const SparseTile& rows, const TileInput& in, const TileOutput& out);

enum class SpmmShape : uint8_t {
  kTile,    ///< any run of pixels
  kVector,  ///< one pixel
};

constexpr bool is_built(SpmmShape shape) {
  if (shape == SpmmShape::kVector) return is_built(TileKind::kOnePixel);
  return is_built(AnyTile{{TileKind::kSparsePlanes, TileKind::kSparsePixels, TileKind::kSparseLines}});
}

struct SpmmKernel {
  Isa isa;
  fbs::Packing packing;
  SpmmShape shape;
  SpmmFunction function;
  const char* name;
};

#define LACUNA_SPMM_KERNEL(isa, packing, shape, function) \
  void function(const SparseTile& rows, const TileInput& in, const TileOutput& out);
#include "kernels/spmm/kernels.inc"
#undef LACUNA_SPMM_KERNEL

constexpr SpmmKernel kSpmmKernels[] = {
#define LACUNA_SPMM_KERNEL(isa, packing, shape, function)                                                          \
  {isa, fbs::Packing::packing, SpmmShape::shape, if_built(function, isa, fbs::Packing::packing, SpmmShape::shape), \
   #function},
#include "kernels/spmm/kernels.inc"
#undef LACUNA_SPMM_KERNEL
};

}  // namespace lacuna
