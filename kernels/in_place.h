// Which input's place the output of a step may take.
#pragma once

#include "kernels/op.h"
#include "kernels/packed_weights.h"

namespace lacuna {

/// Columns that all tile kernels take at once: no sums wait in the output until the next block.
constexpr uint32_t kOneBlockColumns = 128;

/// Whether the output may take exactly the place, address and strides, of input `input`, whose shape is the same.
/// Without weights (null): of any. With weights: of the residual, of which each element is read right before its sum is
/// written. Of `weights` packing, columns, groups and block count; a block of 0 is as wide as it can be.
inline bool may_take_place(const OpRun& op, uint32_t input, const PackedWeights* weights) {
  if (!op.in_place || weights == nullptr) return op.in_place;
  const bool one_block =
      weights->columns <= kOneBlockColumns && (weights->block == 0 || weights->block >= weights->columns);
  return input == 1 && one_block && weights->groups == 1 && weights->packing != fbs::Packing::Depthwise;
}

}  // namespace lacuna
