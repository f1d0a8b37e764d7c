// Packings SparseRows and SparseRows4 on the device: their bytes, their check, and where rows lie in them.
//
// The columns of a group's rows are cut in blocks of `block` columns (the last one may be narrower). Streams, all in
// the order [group][block][row of the group][segment], where SparseRows4 has blocks of 4 rows for rows:
//   index   counts, uint16 little-endian: entries of each segment of each row; behind all counts, where rows are
//           ordered, moves, int8, a row: from where it stands to where it belongs; then the gaps, uint8: columns from
//           the entry before, or from the block's first column at the start of a segment
//   values  float32, one for each row of an entry; 0 for rows that the last block of 4 lacks
// A gap over 255 is bridged by entries of gap 255 and value 0. See docs/decisions/0001.
// Ordered rows (SparseRows alone): the rows of a group are cut into windows of order_window, and in a block those of
// each window stand in the order of their entries, so that the processor foresees where a row ends.
#pragma once

#include "kernels/packed_weights.h"
#include "kernels/split_rows.h"
#include "kernels/spmm/spmm.h"
#include "sdk/base/align.h"
#include "sdk/base/status.h"

namespace lacuna {

/// Widest block: its entries can be counted in 16 bits.
constexpr uint32_t kMaxSparseBlock = 65535;
/// Narrowest block of several.
constexpr uint32_t kMinSparseBlock = 16;
/// Most segments of a row.
constexpr uint32_t kMaxSegments = 8;

/// Rows that share entries: 1 or 4.
inline int64_t rows_of_sparse_group(fbs::Packing packing) { return packing == fbs::Packing::SparseRows4 ? 4 : 1; }

/// Row groups of one group of the convolution.
inline int64_t sparse_row_groups(const PackedWeights& weights) {
  const int64_t height = rows_of_sparse_group(weights.packing);
  return (weights.rows / weights.groups + height - 1) / height;
}

/// Rows of a window of ordered rows, the last one may have fewer: at most 64, and few enough for four threads to share
/// any number of rows evenly.
inline int64_t order_window(int64_t rows) { return ceil_div(rows, 4 * ceil_div(rows, int64_t{256})); }

/// Row groups that ranges of rows are cut between.
inline int64_t sparse_row_step(const PackedWeights& weights) {
  return is_ordered(weights) ? order_window(sparse_row_groups(weights)) : 1;
}
inline int64_t sparse_row_steps(const PackedWeights& weights) {
  return ceil_div(sparse_row_groups(weights), sparse_row_step(weights));
}

/// Blocks of columns.
inline int64_t sparse_blocks(const PackedWeights& weights) {
  return (int64_t{weights.columns} + weights.block - 1) / weights.block;
}

/// Verifies sizes, counts and gaps, so that kernels can trust them. Rows, columns, groups are taken as given.
/// Errors: MEANING.
lacuna_status check_sparse_rows(const PackedWeights& weights, lacuna_error* error);

/// Rows [first, first + rows) of a group in a block, `first` on a row group, when their first entry is entry number
/// `entry` of all.
SparseTile sparse_tile(const PackedWeights& weights, int64_t group, int64_t block, int64_t first, int64_t rows,
                       int64_t entry);

/// Fills the tables: ranges of about as many entries, and where they start in the streams.
void cut_sparse_rows(const RowRanges& ranges, const PackedWeights& weights);

/// A range of a group's rows in a block.
inline SparseTile sparse_tile(const PackedWeights& weights, const RowRanges& ranges, int64_t group, int64_t range,
                              int64_t block) {
  const int64_t* cuts = ranges.cuts_of(group) + range;
  return sparse_tile(weights, group, block, cuts[0], cuts[1] - cuts[0], ranges.entry(group, range, block));
}

}  // namespace lacuna
