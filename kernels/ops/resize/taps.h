// Tables of a resized axis: which neighbours each output element takes, with what weights.
#pragma once

#include "kernels/ops/resize/coordinate.h"
#include "kernels/resize/resize_rows.h"

namespace lacuna {

/// Output element i of an axis is the sum over k < taps of weights[k * pitch + i] * x[starts[i] + k], all inside the
/// input; outside of [inside_begin, inside_end) it is the extrapolation value. One tap has weight 1. Up to the pitch,
/// weights are 0 and starts repeat the last one.
struct Taps {
  int64_t taps = 0;  ///< 0: the axis is unchanged and has no table
  int64_t pitch = 0;
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

/// Taps of the axis' table; none if it is unchanged.
int64_t tap_count(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis);

/// Of the axis' table: elements, rounded up to whole cache lines.
inline int64_t pitch_of(const ResizeAxis& axis) { return ceil_div(axis.out, kPitchLanes) * kPitchLanes; }

/// Bytes of the axis' table.
size_t taps_bytes(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis);

/// Fills the table into `memory` (aligned to kAlignment), which must live as long as the result.
Taps make_taps(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis, void* memory);

/// Bytes of the axis' table as kernels read it along rows.
size_t interpolation_bytes(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis);

/// What an interpolation does along rows of `axis` by a kernel of so many lanes; nothing across them. The axis has a
/// table. Fills `memory` (aligned to kAlignment), which must live as long as the result.
Interpolation interpolate_along(const Taps& taps, const ResizeAxis& axis, int lanes, void* memory);

/// What the kernels of a step must be made for.
struct ResizeNeeds {
  uint8_t taps;  ///< of its axes: bits of 1 << taps, or 1 for more than two
  bool stretch;
  bool reduce;
};
ResizeNeeds resize_needs(const OpStep& step);

}  // namespace lacuna
