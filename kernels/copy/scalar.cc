#include <algorithm>

#include "kernels/copy/transpose.h"

namespace lacuna {

// A block is one cache line wide on both sides, so each line is fetched once.
void transpose_f32_16x16__scalar(const Transposition& shape, const float* source, float* target) {
  const auto [source_stride, target_stride, rows, columns] = shape;
  constexpr int64_t kBlock = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
    const int64_t r1 = std::min(r0 + kBlock, rows);
    for (int64_t c0 = 0; c0 < columns; c0 += kBlock) {
      const int64_t c1 = std::min(c0 + kBlock, columns);
      for (int64_t r = r0; r < r1; ++r) {
        for (int64_t c = c0; c < c1; ++c) target[r * target_stride + c] = source[c * source_stride + r];
      }
    }
  }
}

}  // namespace lacuna
