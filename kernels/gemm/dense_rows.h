// Packings DenseRows8 and DenseRows16 on the device: their bytes and their check.
//
// values are [group][row block][column][8 or 16 rows] float32; the rows of a group's last block that do not
// exist are zeros.
#pragma once

#include "kernels/gemm/gemm.h"
#include "kernels/packed_weights.h"
#include "kernels/split_rows.h"
#include "kernels/tensor_view.h"
#include "sdk/base/status.h"

namespace lacuna {

/// 8 or 16.
inline int64_t rows_of_block(fbs::Packing packing) { return packing == fbs::Packing::DenseRows16 ? 16 : 8; }

inline int64_t dense_block_stride(const PackedWeights& weights) {
  return int64_t{weights.columns} * rows_of_block(weights.packing);
}

/// Blocks of rows of a group.
inline int64_t row_blocks(const PackedWeights& weights) {
  const int64_t block = rows_of_block(weights.packing);
  return (weights.rows / weights.groups + block - 1) / block;
}

/// Whether half of the last block of a group of dense rows is empty.
inline bool has_half_block(const PackedWeights& weights) {
  if (is_sparse(weights.packing)) return false;
  const int64_t block = rows_of_block(weights.packing), last = weights.rows / weights.groups % block;
  return last > 0 && last <= block / 2;
}

/// Rows [first, first + rows) of a group, `first` on a block, and columns [column, column + columns).
inline DenseTile dense_tile(const PackedWeights& weights, int64_t group, int64_t first, int64_t rows, int64_t column,
                            int64_t columns) {
  const int64_t block = rows_of_block(weights.packing);
  DenseTile tile;
  tile.block_stride = dense_block_stride(weights);
  const int64_t at = (group * row_blocks(weights) + first / block) * tile.block_stride + column * block;
  tile.values =
      reinterpret_cast<const float*>(reinterpret_cast<const char*>(weights.values.data) + at * bytes_of(weights.dtype));
  tile.rows = rows;
  tile.columns = columns;
  return tile;
}

/// Verifies that the values have the size that rows, columns and groups say. Errors: MEANING.
inline lacuna_status check_dense_rows(const PackedWeights& weights, lacuna_error* error) {
  int64_t floats;
  if (__builtin_mul_overflow(dense_block_stride(weights), row_blocks(weights) * weights.groups, &floats) ||
      floats != static_cast<int64_t>(weights.values.size) || !weights.index.empty()) {
    return fail(error, LACUNA_ERROR_MEANING, "dense weights: %lld values do not suit rows and columns",
                static_cast<long long>(weights.values.size));
  }
  return LACUNA_OK;
}

/// Ranges of whole row blocks, the same in every group.
inline void cut_dense_rows(const RowRanges& ranges, const PackedWeights& weights) {
  const int64_t blocks = row_blocks(weights), rows = weights.rows / weights.groups;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t range = 0; range <= ranges.count; ++range) {
      ranges.cuts_of(group)[range] = std::min(blocks * range / ranges.count * rows_of_block(weights.packing), rows);
    }
  }
}

}  // namespace lacuna
