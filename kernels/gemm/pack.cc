#include "kernels/gemm/pack.h"

#include "kernels/gemm/dense_rows.h"

namespace lacuna {
namespace {

/// Calls visit(position in the packing, row, column) for every weight.
template <class Visit>
void for_each_weight(const PackedWeights& meta, Visit visit) {
  const int64_t block = rows_of_block(meta.packing);
  const int64_t rows = meta.rows / meta.groups;
  for (int64_t row = 0; row < meta.rows; ++row) {
    const int64_t group = row / rows, in_group = row % rows;
    const int64_t base = (group * row_blocks(meta) + in_group / block) * dense_block_stride(meta) + in_group % block;
    for (int64_t column = 0; column < meta.columns; ++column) {
      visit(static_cast<size_t>(base + column * block), row, column);
    }
  }
}

}  // namespace

WeightBytes pack_dense_rows(const WeightMatrix& weights, const Tensor* bias, fbs::Packing packing) {
  WeightBytes packed;
  PackedWeights& meta = packed.meta;
  meta.packing = packing;
  meta.rows = weights.rows;
  meta.columns = weights.columns;
  meta.groups = weights.groups;
  packed.values.resize(static_cast<size_t>(row_blocks(meta) * meta.groups * dense_block_stride(meta)));
  for_each_weight(meta, [&](size_t at, int64_t row, int64_t column) { packed.values[at] = weights.at(row, column); });
  if (bias != nullptr) packed.bias = bias->f32;
  return packed;
}

std::vector<float> unpack_dense_rows(const PackedWeights& weights) {
  std::vector<float> dense(size_t{weights.rows} * weights.columns);
  for_each_weight(weights, [&](size_t at, int64_t row, int64_t column) {
    dense[static_cast<size_t>(row * weights.columns + column)] = weights.values[at];
  });
  return dense;
}

}  // namespace lacuna
