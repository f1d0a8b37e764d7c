// The dense weights of a convolution or fully connected layer as packers read them. Desktop only.
#pragma once

#include <cstdint>

namespace lacuna {

/// A dense weight matrix as packers see it: value(row, segment, column) at the strides given.
struct WeightMatrix {
  const float* data = nullptr;
  uint32_t rows = 0;  ///< of all groups
  uint32_t columns = 0;
  uint32_t segments = 1;
  uint32_t groups = 1;
  uint32_t column_unit = 1;  ///< columns that belong together, such as the kernel's width: blocks are multiples of it
  int64_t row_stride = 0;    ///< floats
  int64_t segment_stride = 0;
  int64_t unit_stride = 0;  ///< from one column unit to the next; columns inside it are neighbours

  float at(int64_t row, int64_t segment, int64_t column) const {
    return data[row * row_stride + segment * segment_stride + column / column_unit * unit_stride +
                column % column_unit];
  }
};

}  // namespace lacuna
