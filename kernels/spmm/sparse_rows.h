// Packing SparseRows on the device: its bytes, their check, and where rows lie in them.
//
// The columns of a group's rows are cut in blocks of `block` columns (the last one may be narrower). Streams, all in
// the order [group][block][row of the group]:
//   index   counts, uint16 little-endian: entries of each row; behind all counts the gaps, uint8: columns from the
//           entry before, or from the block's first column at the start of a row
//   values  float32, one an entry
// A gap over 255 is bridged by entries of gap 255 and value 0. See docs/decisions/0001.
#pragma once

#include "kernels/packed_weights.h"
#include "kernels/split_rows.h"
#include "kernels/spmm/spmm.h"
#include "sdk/base/status.h"

namespace lacuna {

/// Widest block: its entries can be counted in 16 bits.
constexpr uint32_t kMaxSparseBlock = 65535;
/// Narrowest block of several.
constexpr uint32_t kMinSparseBlock = 16;

/// Blocks of columns.
inline int64_t sparse_blocks(const PackedWeights& weights) {
  return (int64_t{weights.columns} + weights.block - 1) / weights.block;
}

/// Verifies sizes, counts and gaps, so that kernels can trust them. Rows, columns, groups are taken as given.
/// Errors: MEANING.
lacuna_status check_sparse_rows(const PackedWeights& weights, lacuna_error* error);

/// Rows [first, first + rows) of a group in a block, when their first entry is entry number `entry` of all.
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
