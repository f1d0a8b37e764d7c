// Pooling over Vec. A tier's Vec header is included first.
//
// A window is separable: the rows under it are joined into one line with its padding, then the line along the width.
// That costs kernel height plus kernel width a pixel instead of their product, and leaves no edges to treat.
#pragma once

#include "kernels/pool/pool.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = Vec::kLanes;

struct Largest {
  static Vec neutral() { return splat(-__builtin_inff()); }
  static Vec join(Vec acc, Vec x) { return max(acc, x); }
  static float lanes(Vec acc) { return max_lane(acc); }
};
struct Sum {
  static Vec neutral() { return zero(); }
  static Vec join(Vec acc, Vec x) { return add(acc, x); }
  static float lanes(Vec acc) { return sum(acc); }
};

/// Whole Vecs, n elements at least.
template <class Op>
inline void fill(float* p, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes) store(p + i, Op::neutral());
}

/// load(p) gives lanes of the row at p.
template <class Op, class Load>
inline Vec join_rows(const PoolRow& row, const float* x, Load load_row) {
  Vec acc = Op::neutral();
  for (int64_t d = 0; d < row.depth_taps; ++d) {
    for (int64_t h = 0; h < row.height_taps; ++h) {
      acc = Op::join(acc, load_row(x + d * row.depth_step + h * row.height_step));
    }
  }
  return acc;
}

/// Front to back in whole Vecs: what is too much is overwritten, or slack.
template <class Op>
inline void make_line(const PoolRow& row, float* line) {
  fill<Op>(line, row.pad);
  float* middle = line + row.pad;
  if (row.depth_taps == 1 && row.height_taps == 2 && row.width % kLanes == 0) {  // what most windows are
    const float *x = row.x, *below = row.x + row.height_step;
    const int64_t width = row.width;
    for (int64_t i = 0; i < width; i += kLanes) store(middle + i, Op::join(load(x + i), load(below + i)));
    fill<Op>(middle + width, row.line - row.pad - width);
    return;
  }
  int64_t i = 0;
  for (; i + kLanes <= row.width; i += kLanes) {
    store(middle + i, join_rows<Op>(row, row.x + i, [](const float* p) { return load(p); }));
  }
  if (i < row.width) {
    const int rest = static_cast<int>(row.width - i);
    store(middle + i, join_rows<Op>(row, row.x + i, [rest](const float* p) { return load_first(p, rest); }));
  }
  fill<Op>(middle + row.width, row.line - row.pad - row.width);
}

inline Vec load_strided_first(const float* p, int64_t stride, int n) {
  float lanes[Vec::kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[i * stride];
  return load(lanes);
}

/// One tap of `lanes` output pixels, and of any others behind. kStride 0: any.
template <int kStride>
inline Vec load_tap(const float* p, int64_t stride, int lanes) {
  static_assert(2 * kLanes <= kPoolSlack, "a tap may start at the end of the line");
  if (kStride == 1) return load(p);
  if (kStride == 2) return even_lanes(load(p), load(p + kLanes));
  return lanes == Vec::kLanes ? load_strided(p, stride) : load_strided_first(p, stride, lanes);
}

/// The windows of `lanes` output pixels, the first of which begins at p.
template <class Op, int kStride>
inline Vec join_taps(const PoolRow& row, const float* p, int lanes) {
  if (kStride == 2 && row.kernel == 2 && row.dilation == 1) {
    const Vec low = load(p), high = load(p + kLanes);
    return Op::join(even_lanes(low, high), odd_lanes(low, high));
  }
  Vec joined = Op::neutral();
  for (int64_t k = 0; k < row.kernel; ++k) {
    joined = Op::join(joined, load_tap<kStride>(p + k * row.dilation, row.stride, lanes));
  }
  return joined;
}

/// finish(value, i, lanes) turns what the taps were joined to into output pixels [i, i + lanes).
template <class Op, int kStride, class Finish>
inline void pool_line(const PoolRow& row, const float* line, float* y, Finish finish) {
  for (int64_t i = 0; i < row.out_width; i += kLanes) {
    const int64_t rest = row.out_width - i;
    const int lanes = rest < kLanes ? static_cast<int>(rest) : Vec::kLanes;
    const Vec joined = join_taps<Op, kStride>(row, line + i * row.stride, lanes);
    if (lanes == Vec::kLanes) {
      store(y + i, finish(joined, i, Vec::kLanes));
    } else {
      store_first(y + i, finish(joined, i, lanes), lanes);
    }
  }
}

/// One window over all of a plane, as global pools have it.
inline bool is_global(const PoolRow& row) {
  return row.out_width == 1 && row.kernel == row.width && row.dilation == 1 && row.pad == 0 && row.depth_taps == 1 &&
         row.height_step == row.width;
}
template <class Op>
inline float join_plane(const float* x, int64_t n) {
  Vec acc = Op::neutral();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) acc = Op::join(acc, load(x + i));
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) acc = Op::join(acc, select_first(rest, load_first(x + i, rest), Op::neutral()));
  return Op::lanes(acc);
}

template <class Op, class Finish>
inline void pool_row(const PoolRow& row, float* line, float* y, Finish finish) {
  if (is_global(row)) {
    store_first(y, finish(splat(join_plane<Op>(row.x, row.height_taps * row.width)), 0, 1), 1);
    return;
  }
  make_line<Op>(row, line);
  if (row.stride == 1) return pool_line<Op, 1>(row, line, y, finish);
  if (row.stride == 2) return pool_line<Op, 2>(row, line, y, finish);
  pool_line<Op, 0>(row, line, y, finish);
}

inline void pool_max(const PoolRow& row, float* scratch, float* y) {
  pool_row<Largest>(row, scratch, y, [](Vec joined, int64_t, int) { return joined; });
}

inline void pool_average(const PoolRow& row, float* scratch, float* y) {
  const Vec outer = splat(row.outer_count);
  pool_row<Sum>(row, scratch, y, [&](Vec joined, int64_t i, int lanes) {
    const float* counts = row.counts + i;
    return div(joined, mul(outer, lanes == Vec::kLanes ? load(counts) : load_first(counts, lanes)));
  });
}

}  // namespace
}  // namespace lacuna
