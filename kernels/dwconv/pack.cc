#include "kernels/dwconv/pack.h"

namespace lacuna {

WeightBytes pack_depthwise(const WeightMatrix& weights, const Tensor* bias) {
  WeightBytes packed;
  PackedWeights& meta = packed.meta;
  meta.packing = fbs::Packing::Depthwise;
  meta.rows = weights.rows;
  meta.columns = weights.columns;
  meta.groups = weights.groups;
  packed.values.assign(weights.data, weights.data + size_t{weights.rows} * weights.columns);
  if (bias != nullptr) packed.bias = bias->f32;
  return packed;
}

}  // namespace lacuna
