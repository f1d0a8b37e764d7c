// Kernels of interpolation.
#pragma once

#include <cstdint>

#include "kernels/built.h"

namespace lacuna {

/// Most input rows that an interpolation joins.
constexpr int64_t kMaxRowTaps = 4;

/// Pitches of tables are multiples of this, at least the lanes of any tier.
constexpr int64_t kPitchLanes = 16;

/// How output rows are made of input rows: first along the rows, then across them.
///
/// Along: element i is the sum over k < taps of weights[k * pitch + i] * x[bases[i / lanes] + offsets[i] + k], where
/// `lanes` are the kernel's. With one tap it has weight 1. The tables are valid up to `pitch`.
/// Across: row r is the sum over k < row_taps of row_weights[k * row_pitch + r] times input row row_starts[r] + k.
struct Interpolation {
  int64_t taps;  ///< at least 1
  int64_t n;     ///< elements of an output row
  int64_t pitch;
  int64_t reach;  ///< elements from a base on that its lanes read
  const int32_t* bases;
  const int32_t* offsets;
  const float* weights;
  int64_t row_taps;  ///< 1: weight 1; 0: of input row r alone, without tables; at most kMaxRowTaps
  int64_t row_pitch;
  const int32_t* row_starts;
  const float* row_weights;
  int64_t x_stride;  ///< floats from a row to the next
  int64_t y_stride;
};

/// Makes output rows [begin, end); x and y are where rows 0 are. Needs bases such that base + lanes (where reach <=
/// lanes) or base + 2 * lanes (where reach <= 2 * lanes) is at most kPitchLanes floats behind an input row. `held` has
/// kMaxRowTaps * pitch floats if there is more than one row tap. x and y do not overlap.
using InterpolateRows = void (*)(const Interpolation& plan, const float* x, int64_t begin, int64_t end, float* held,
                                 float* y);

/// y[i] = weight_a * a[i] + weight_b * b[i] for i < n. y may be a or b.
using BlendRows = void (*)(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y);

#define LACUNA_RESIZE_KERNEL(isa, lanes, suffix)                                                                      \
  void interpolate_rows__##suffix(const Interpolation& plan, const float* x, int64_t begin, int64_t end, float* held, \
                                  float* y);                                                                          \
  void blend_rows__##suffix(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y);
#include "kernels/resize/kernels.inc"
#undef LACUNA_RESIZE_KERNEL

/// One line of kernels.inc.
struct ResizeEntry {
  Isa isa;
  int lanes;
  const char* name;
  InterpolateRows interpolate;
  BlendRows blend;
};

constexpr ResizeEntry kResizeKernels[] = {
#define LACUNA_RESIZE_KERNEL(isa, lanes, suffix) \
  {isa, lanes, "resize_rows__" #suffix, if_built(interpolate_rows__##suffix, isa), if_built(blend_rows__##suffix, isa)},
#include "kernels/resize/kernels.inc"
#undef LACUNA_RESIZE_KERNEL
};

}  // namespace lacuna
