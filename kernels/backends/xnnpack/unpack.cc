#include "kernels/backends/xnnpack/unpack.h"

#include <algorithm>

#include "kernels/gemm/dense_rows.h"

namespace lacuna {

std::vector<float> unpack_dense_rows(const PackedWeights& weights, int64_t taps) {
  const int64_t block = rows_of_block(weights.packing), columns = weights.columns, channels = columns / taps;
  const int64_t group_rows = int64_t{weights.rows} / weights.groups;
  std::vector<float> out(static_cast<size_t>(weights.rows * columns));
  for (int64_t row = 0; row < weights.rows; ++row) {
    const int64_t group = row / group_rows, in_group = row % group_rows;
    const float* from = weights.values.data +
                        (group * row_blocks(weights) + in_group / block) * dense_block_stride(weights) +
                        in_group % block;
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t channel = column / taps, tap = column % taps;
      out[static_cast<size_t>((row * taps + tap) * channels + channel)] = from[column * block];
    }
  }
  return out;
}

std::vector<float> unpack_depthwise(const PackedWeights& weights) {
  std::vector<float> out(weights.values.size);
  transpose(weights.values.data, weights.columns, weights.rows, weights.columns, out.data(), weights.rows);
  return out;
}

void transpose(const float* x, int64_t x_stride, int64_t rows, int64_t columns, float* y, int64_t y_stride) {
  constexpr int64_t kTile = 16;  // lines of both sides stay in L1
  for (int64_t i0 = 0; i0 < rows; i0 += kTile) {
    for (int64_t j0 = 0; j0 < columns; j0 += kTile) {
      const int64_t i1 = std::min(i0 + kTile, rows), j1 = std::min(j0 + kTile, columns);
      for (int64_t j = j0; j < j1; ++j) {
        for (int64_t i = i0; i < i1; ++i) y[j * y_stride + i] = x[i * x_stride + j];
      }
    }
  }
}

}  // namespace lacuna
