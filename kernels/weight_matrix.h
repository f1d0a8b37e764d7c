// The dense weights of a convolution or fully connected layer as packers read them. Desktop only.
#pragma once

#include <cstdint>

namespace lacuna {

/// [rows][columns], row-major.
struct WeightMatrix {
  const float* data = nullptr;
  uint32_t rows = 0;  ///< of all groups
  uint32_t columns = 0;
  uint32_t groups = 1;
  uint32_t channel_columns = 1;  ///< columns of one input channel: blocks are whole channels
  uint32_t copied_columns = 1;   ///< of them, those that take planes of their own when windows are unfolded

  float at(int64_t row, int64_t column) const { return data[row * columns + column]; }
};

}  // namespace lacuna
