// Kernels that pool one row of output pixels.
#pragma once

#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// One row of output pixels of one plane. Taps along depth and height are those inside the input, none at all included.
struct PoolRow {
  const float* x;  ///< input row of the first tap
  int64_t depth_taps;
  int64_t depth_step;  ///< floats from one depth tap to the next
  int64_t height_taps;
  int64_t height_step;
  int64_t width;   ///< of an input row
  int64_t pad;     ///< absent pixels in front of it
  int64_t kernel;  ///< along the width
  int64_t stride;
  int64_t dilation;
  int64_t out_width;
  int64_t line;         ///< floats of scratch: pad + width, and all that windows reach over
  const float* counts;  ///< [out_width]: taps along the width that an average counts, at least 1
  float outer_count;    ///< counted taps along depth and height, at least 1
};

/// Floats of scratch that a kernel may read behind the line.
constexpr int64_t kPoolSlack = 32;

/// y[out_width]: the largest tap (-inf without any), or the sum of taps over counts * outer_count (0 without any).
/// `scratch` has row.line + kPoolSlack floats. Reads and writes nothing else.
using PoolFunction = void (*)(const PoolRow& row, float* scratch, float* y);

#define LACUNA_POOL_KERNEL(isa, max, average)             \
  void max(const PoolRow& row, float* scratch, float* y); \
  void average(const PoolRow& row, float* scratch, float* y);
#include "kernels/pool/kernels.inc"
#undef LACUNA_POOL_KERNEL

}  // namespace lacuna
