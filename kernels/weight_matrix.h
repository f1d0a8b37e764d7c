// The dense weights of a convolution or fully connected layer as packers read them. Desktop only.
#pragma once

#include <cstdint>
#include <vector>

namespace lacuna {

/// [rows][columns], row-major.
struct WeightMatrix {
  const float* data = nullptr;
  uint32_t rows = 0;  ///< of all groups
  uint32_t columns = 0;
  uint32_t groups = 1;
  uint32_t channel_columns = 1;    ///< columns of one input channel: blocks are whole channels
  uint32_t copied_columns = 1;     ///< planes of a channel when windows are unfolded
  std::vector<uint32_t> segments;  ///< [channel_columns], of sparse packings: of a column; empty: 0

  uint32_t segment_of(int64_t column) const {
    return segments.empty() ? 0 : segments[static_cast<size_t>(column % channel_columns)];
  }
  uint32_t count_segments() const { return segments.empty() ? 1 : segments.back() + 1; }
  float at(int64_t row, int64_t column) const { return data[row * columns + column]; }
};

}  // namespace lacuna
