// Tables of a resized axis: which neighbours each output element takes, with what weights.
#pragma once

#include "kernels/ops/resize/coordinate.h"

namespace lacuna {

/// Output element i of an axis is the sum over k < taps of weights[k * out + i] * x[starts[i] + k], all inside the
/// input; outside of [inside_begin, inside_end) it is the extrapolation value. One tap has weight 1.
struct Taps {
  int64_t taps = 0;  ///< 0: the axis is unchanged and has no table
  const int32_t* starts = nullptr;
  const float* weights = nullptr;
  int64_t inside_begin = 0;
  int64_t inside_end = 0;
};

/// Bound of an axis' table, entries: limits memory and time that a file can ask for.
constexpr int64_t kMaxTapEntries = 1 << 24;

/// Neighbours that an output element of the axis has before they are clamped to the input; more than kMaxTapEntries
/// when they are beyond counting.
int64_t window_size(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis);

/// Bytes of the axis' table.
size_t taps_bytes(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis);

/// Fills the table into `memory` (aligned to kAlignment), which must live as long as the result.
Taps make_taps(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis, void* memory);

}  // namespace lacuna
