// Copies of what one tap of a window reads, over the tier's Vec.
#pragma once

#include "kernels/window.h"

namespace lacuna {
namespace {

inline int64_t clamp_to(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

/// Outputs [first, end) of a dimension whose tap k lies inside the input.
struct InsideRange {
  InsideRange(const Window& w, int64_t k) {
    const int64_t offset = k * w.dilation - w.pad;  // position = o * stride + offset
    first = clamp_to(offset >= 0 ? 0 : (-offset + w.stride - 1) / w.stride, 0, w.out);
    end = clamp_to(w.in <= offset ? 0 : (w.in - offset + w.stride - 1) / w.stride, first, w.out);
  }
  int64_t first;
  int64_t end;
};

/// to[i] = from[i * step] for i in [0, n), where `readable` floats follow `from`, n * step - step + 1 at least. Writes
/// nothing else.
inline void copy_row(float* to, const float* from, int64_t n, int64_t step, int64_t readable) {
  int64_t i = 0;
  if (step == 1) {
    for (; i + Vec::kLanes <= n; i += Vec::kLanes) store(to + i, load(from + i));
    const int tail = static_cast<int>(n - i);
    if (tail > 0) store_first(to + i, load_first(from + i, tail), tail);
    return;
  }
  if (step == 2) {
    for (; i < n && 2 * (i + Vec::kLanes) <= readable; i += Vec::kLanes) {
      const Vec even = even_lanes(load(from + 2 * i), load(from + 2 * i + Vec::kLanes));
      if (i + Vec::kLanes <= n) {
        store(to + i, even);
      } else {
        store_first(to + i, even, static_cast<int>(n - i));
      }
    }
  }
  for (; i < n; ++i) to[i] = from[i * step];
}

inline void zero_row(float* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = 0.0f;
}

/// What tap k of outputs [o, o + n) reads of an input row: zeros outside. `inside` is that tap's; `end_of_plane` ends
/// what can be read behind the row.
inline void copy_window_row(float* to, const float* row, const float* end_of_plane, const Window& w, int64_t k,
                            const InsideRange& inside, int64_t o, int64_t n) {
  const int64_t first = clamp_to(inside.first, o, o + n);
  const int64_t end = clamp_to(inside.end, first, o + n);
  zero_row(to, first - o);
  if (first < end) {
    const float* from = row + w.position(first, k);
    copy_row(to + (first - o), from, end - first, w.stride, end_of_plane - from);
  }
  zero_row(to + (end - o), o + n - end);
}

}  // namespace
}  // namespace lacuna
