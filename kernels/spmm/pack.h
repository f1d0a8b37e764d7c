// Packer of SparseRows and SparseRows4 (bytes: kernels/spmm/sparse_rows.h). Desktop only.
#pragma once

#include "kernels/op_host.h"
#include "kernels/weight_matrix.h"

namespace lacuna {

/// Columns of a block: as many as fit L1 as tiles, more where rows would keep only a few entries in a block.
uint32_t choose_sparse_block(const WeightMatrix& weights, fbs::Packing packing);

/// Packs with the block chosen above, or with `block` columns when it is not 0. `bias` may be null.
WeightBytes pack_sparse_rows(const WeightMatrix& weights, const Tensor* bias, fbs::Packing packing, uint32_t block = 0);

/// Puts packed SparseRows into the order of their entries (sparse_rows.h).
void order_rows(WeightBytes& packed);

/// The dense matrix [rows][columns] again.
std::vector<float> unpack_sparse_rows(const PackedWeights& weights);

}  // namespace lacuna
