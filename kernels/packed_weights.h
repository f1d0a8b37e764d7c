// Weights as a step holds them: ranges of the weight segment in the form that its packing names.
#pragma once

#include <cstdint>

#include "lacuna_generated.h"
#include "sdk/base/span.h"

namespace lacuna {

/// Read-only view of one step's weights. The bytes of each packing are described where they are packed:
/// kernels/spmm/sparse_rows.h (SparseRows), kernels/gemm/dense_rows.h (DenseRows), kernels/dwconv/pack.h (Depthwise).
struct PackedWeights {
  fbs::Packing packing = fbs::Packing::None;
  uint32_t rows = 0;     ///< output channels or units, of all groups
  uint32_t columns = 0;  ///< weights of a row when dense
  uint32_t groups = 1;   ///< rows are split evenly among them
  uint32_t block = 0;    ///< SparseRows: columns of a block
  Span<const uint8_t> index;
  Span<const float> values;
  Span<const float> bias;  ///< [rows], or empty
};

}  // namespace lacuna
