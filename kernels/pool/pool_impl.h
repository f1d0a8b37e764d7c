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
};
struct Sum {
  static Vec neutral() { return zero(); }
  static Vec join(Vec acc, Vec x) { return add(acc, x); }
};

template <class Op>
inline void fill(float* p, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(p + i, Op::neutral());
  if (i < n) store_first(p + i, Op::neutral(), static_cast<int>(n - i));
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

template <class Op>
inline void make_line(const PoolRow& row, float* line) {
  fill<Op>(line, row.pad);
  float* middle = line + row.pad;
  int64_t i = 0;
  for (; i + kLanes <= row.width; i += kLanes) {
    store(middle + i, join_rows<Op>(row, row.x + i, [](const float* p) { return load(p); }));
  }
  if (i < row.width) {
    const int rest = static_cast<int>(row.width - i);
    store_first(middle + i, join_rows<Op>(row, row.x + i, [rest](const float* p) { return load_first(p, rest); }),
                rest);
  }
  fill<Op>(middle + row.width, row.line - row.pad - row.width);
}

/// Joins the taps of `lanes` output pixels, the first of which starts at p.
template <class Op, class Load>
inline Vec join_taps(const PoolRow& row, const float* p, Load load_taps) {
  Vec acc = Op::neutral();
  for (int64_t k = 0; k < row.kernel; ++k) acc = Op::join(acc, load_taps(p + k * row.dilation));
  return acc;
}

inline Vec load_strided_first(const float* p, int64_t stride, int n) {
  float lanes[Vec::kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[i * stride];
  return load(lanes);
}

/// finish(value, i) turns what the taps were joined to into output pixels i, i + 1 ...
template <class Op, class Finish>
inline void pool_row(const PoolRow& row, float* line, float* y, Finish finish) {
  make_line<Op>(row, line);
  const int64_t stride = row.stride;
  int64_t i = 0;
  for (; i + kLanes <= row.out_width; i += kLanes) {
    const float* p = line + i * stride;
    const Vec joined = stride == 1
                           ? join_taps<Op>(row, p, [](const float* q) { return load(q); })
                           : join_taps<Op>(row, p, [stride](const float* q) { return load_strided(q, stride); });
    store(y + i, finish(joined, i, Vec::kLanes));
  }
  if (i < row.out_width) {
    const int rest = static_cast<int>(row.out_width - i);
    const auto taps = [=](const float* q) { return load_strided_first(q, stride, rest); };
    store_first(y + i, finish(join_taps<Op>(row, line + i * stride, taps), i, rest), rest);
  }
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
