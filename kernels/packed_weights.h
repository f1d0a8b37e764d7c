// Weights as a step holds them: ranges of the weight segment in the form that its packing names.
#pragma once

#include <cstdint>

#include "kernels/built.h"
#include "lacuna_generated.h"
#include "sdk/base/span.h"
#include "sdk/base/status.h"

namespace lacuna {

/// Read-only view of one step's weights. The bytes of each packing are described where they are packed:
/// kernels/spmm/sparse_rows.h (SparseRows, SparseRows4), kernels/gemm/dense_rows.h (DenseRows), kernels/dwconv/pack.h
/// (Depthwise).
struct PackedWeights {
  fbs::Packing packing = fbs::Packing::None;
  uint32_t rows = 0;      ///< output channels or units, of all groups
  uint32_t columns = 0;   ///< weights of a row when dense
  uint32_t groups = 1;    ///< rows are split evenly among them
  uint32_t block = 0;     ///< of sparse packings: columns of a block
  uint32_t segments = 1;  ///< of sparse packings: runs of entries of a row in a block
  bool ordered = false;   ///< of SparseRows: whether rows stand in the order of their entries
  Span<const uint8_t> index;
  Span<const float> values;  ///< of elements of `dtype`
  Span<const float> bias;    ///< [rows], or empty
  fbs::Dtype dtype = fbs::Dtype::F32;
};

/// Refuses (MEANING) packings that this build has no kernels for.
inline lacuna_status check_built(fbs::Packing packing, lacuna_error* error) {
  if (static_cast<int>(packing) <= static_cast<int>(fbs::Packing::MAX) && is_built(packing)) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_MEANING, "this library has no kernels for packing %d", static_cast<int>(packing));
}

/// The same for tiles.
inline lacuna_status check_built(TileKind kind, lacuna_error* error) {
  if (is_built(kind)) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_MEANING, "this library has no kernels for %s",
              kTileKindNames[static_cast<int>(kind)]);
}

/// Whether rows stand in the order of their entries; false where no file that this build takes has such.
inline bool is_ordered(const PackedWeights& weights) { return is_built(TileKind::kOrderedRows) && weights.ordered; }

/// Whether a packing leaves zeros out.
inline bool is_sparse(fbs::Packing packing) {
  return packing == fbs::Packing::SparseRows || packing == fbs::Packing::SparseRows4;
}

}  // namespace lacuna
