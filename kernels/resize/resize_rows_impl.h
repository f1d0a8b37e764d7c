// Interpolation over Vec. A tier's Vec header is included first.
#pragma once

#include "kernels/resize/resize_rows.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = Vec::kLanes;

/// Where the lanes of a Vec lie in an input row: in the one or two Vecs behind its base, or far from each other.
enum class Span { kOne, kTwo, kFar };

/// Vec v of an output row made of input row x. kTaps 0: any number.
template <Span kSpan, int kTaps>
inline Vec interpolate(const Interpolation& plan, const float* x, int64_t v) {
  const float* from = x + plan.bases[v];
  const Vec low = kSpan == Span::kFar ? zero() : load(from);
  const Vec high = kSpan == Span::kTwo ? load(from + kLanes) : zero();
  const auto elements = [&](Index at) {
    if constexpr (kSpan == Span::kOne) return lookup(low, at);
    if constexpr (kSpan == Span::kTwo) return lookup(low, high, at);
    if constexpr (kSpan == Span::kFar) return gather(from, at);
  };
  Index at = load_index(plan.offsets + v * kLanes);
  Vec sum = elements(at);
  if (kTaps == 1) return sum;
  const float* weights = plan.weights + v * kLanes;
  sum = mul(load(weights), sum);
  const int64_t taps = kTaps == 0 ? plan.taps : kTaps;
  for (int64_t k = 1; k < taps; ++k) {
    at = next(at);
    sum = fma(load(weights + k * plan.pitch), elements(at), sum);
  }
  return sum;
}

/// Writes n floats of Vecs made by make(v), or whole Vecs where that much may be written.
template <class Make>
inline void write_row(float* y, int64_t n, bool whole, Make make) {
  int64_t v = 0;
  for (; (v + 1) * kLanes <= n; ++v) store(y + v * kLanes, make(v));
  if (v * kLanes == n) return;
  if (whole) {
    store(y + v * kLanes, make(v));
  } else {
    store_first(y + v * kLanes, make(v), static_cast<int>(n - v * kLanes));
  }
}

inline void blend_rows(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y) {
  constexpr int kRun = 4;
  const Vec of_a = splat(weight_a), of_b = splat(weight_b);
  int64_t i = 0;
  for (; i + kRun * kLanes <= n; i += kRun * kLanes) {
    Vec run_a[kRun], run_b[kRun];
    load_run<kRun>(a + i, run_a);
    load_run<kRun>(b + i, run_b);
#pragma GCC unroll 4
    for (int j = 0; j < kRun; ++j) run_a[j] = fma(of_b, run_b[j], mul(of_a, run_a[j]));
    store_run<kRun>(y + i, run_a);
  }
  for (; i + kLanes <= n; i += kLanes) store(y + i, fma(of_b, load(b + i), mul(of_a, load(a + i))));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    store_first(y + i, fma(of_b, load_first(b + i, rest), mul(of_a, load_first(a + i, rest))), rest);
  }
}

/// The input rows of an output row, interpolated along; those that the next output row needs too are held.
template <Span kSpan, int kTaps>
class HeldRows {
 public:
  HeldRows(const Interpolation& plan, const float* x, float* memory) : plan_(plan), x_(x), memory_(memory) {}

  void move_to(int64_t first) {
    for (int64_t row = first; row < first + plan_.row_taps; ++row) {
      if (row >= first_ && row < end_) continue;
      const float* x = x_ + row * plan_.x_stride;
      write_row(place(row), plan_.n, true, [&](int64_t v) { return interpolate<kSpan, kTaps>(plan_, x, v); });
    }
    first_ = first;
    end_ = first + plan_.row_taps;
  }
  const float* row(int64_t k) const { return place(first_ + k); }

 private:
  float* place(int64_t row) const { return memory_ + row % kMaxRowTaps * plan_.pitch; }

  const Interpolation& plan_;
  const float* x_;
  float* memory_;
  int64_t first_ = 0;
  int64_t end_ = 0;
};

template <Span kSpan, int kTaps>
inline void interpolate_rows(const Interpolation& shared, const float* x, int64_t begin, int64_t end, float* held,
                             float* y) {
  const Interpolation plan = shared;  // here, what is written cannot change it
  const int64_t whole_row = (plan.n + kLanes - 1) / kLanes * kLanes;
  HeldRows<kSpan, kTaps> rows(plan, x, held);
  for (int64_t r = begin; r < end; ++r) {
    float* to = y + r * plan.y_stride;
    // What is written behind this row is overwritten by the next ones.
    const bool whole = plan.y_stride == plan.n && (end - r) * plan.n >= whole_row;
    if (plan.row_taps <= 1) {
      const float* from = x + (plan.row_taps == 0 ? r : plan.row_starts[r]) * plan.x_stride;
      write_row(to, plan.n, whole, [&](int64_t v) { return interpolate<kSpan, kTaps>(plan, from, v); });
      continue;
    }
    rows.move_to(plan.row_starts[r]);
    if (plan.row_taps == 2) {
      const float* weight = plan.row_weights + r;
      blend_rows(rows.row(0), weight[0], rows.row(1), weight[plan.row_pitch], whole ? whole_row : plan.n, to);
      continue;
    }
    if (!is_built(BuiltTaps{0})) continue;
    Vec weights[kMaxRowTaps];
    const float* from[kMaxRowTaps];
    for (int64_t k = 0; k < plan.row_taps; ++k) {
      weights[k] = splat(plan.row_weights[k * plan.row_pitch + r]);
      from[k] = rows.row(k);
    }
    write_row(to, plan.n, whole, [&](int64_t v) {
      Vec sum = fma(weights[1], load(from[1] + v * kLanes), mul(weights[0], load(from[0] + v * kLanes)));
      for (int64_t k = 2; k < plan.row_taps; ++k) sum = fma(weights[k], load(from[k] + v * kLanes), sum);
      return sum;
    });
  }
}

template <Span kSpan>
inline void interpolate_rows(const Interpolation& plan, const float* x, int64_t begin, int64_t end, float* held,
                             float* y) {
  if (is_built(BuiltTaps{1}) && plan.taps == 1) return interpolate_rows<kSpan, 1>(plan, x, begin, end, held, y);
  if (is_built(BuiltTaps{2}) && plan.taps == 2) return interpolate_rows<kSpan, 2>(plan, x, begin, end, held, y);
  if (is_built(BuiltTaps{0})) interpolate_rows<kSpan, 0>(plan, x, begin, end, held, y);
}

inline void interpolate_rows(const Interpolation& plan, const float* x, int64_t begin, int64_t end, float* held,
                             float* y) {
  if constexpr (Vec::kFastLookup) {
    // Rows that become longer reach no further than two vectors, twice as long ones no further than one.
    constexpr bool kFar = is_built(ResizeTrait::kReduce), kTwo = kFar || is_built(ResizeTrait::kStretch);
    if (!kTwo || plan.reach <= kLanes) return interpolate_rows<Span::kOne>(plan, x, begin, end, held, y);
    if (!kFar || plan.reach <= 2 * kLanes) return interpolate_rows<Span::kTwo>(plan, x, begin, end, held, y);
  }
  interpolate_rows<Span::kFar>(plan, x, begin, end, held, y);
}

}  // namespace
}  // namespace lacuna
