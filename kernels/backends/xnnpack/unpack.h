// From Lacuna's packings and layout to those of XNNPACK.
#pragma once

#include <vector>

#include "kernels/packed_weights.h"

namespace lacuna {

/// DenseRows8 to [row][tap][channel], `taps` columns a channel.
std::vector<float> unpack_dense_rows(const PackedWeights& weights, int64_t taps);

/// Depthwise to [tap][row].
std::vector<float> unpack_depthwise(const PackedWeights& weights);

/// y[j * y_stride + i] = x[i * x_stride + j] for i < rows, j < columns.
void transpose(const float* x, int64_t x_stride, int64_t rows, int64_t columns, float* y, int64_t y_stride);

}  // namespace lacuna
