// Transforms over the tier's Vec, whose header comes first.
#pragma once

#include <algorithm>

#include "kernels/copy/interleave_impl.h"
#include "kernels/tile_impl.h"
#include "kernels/winograd/winograd.h"

namespace lacuna {
namespace {

/// Toom's and Cook's matrices for runs of 4 outputs: outputs = from_sums (weights' form * inputs' form), one column of
/// from_sums a point. Points are small, so that little is lost to rounding.
template <int kTaps>
struct Points;

/// 0, 1, -1, 2, -2 and infinity.
template <>
struct Points<3> {
  static constexpr int kPoints = 6;
  static constexpr float kOfInputs[kPoints][kPoints] = {{4, 0, -5, 0, 1, 0},  {0, 4, 4, -1, -1, 0},
                                                        {0, -4, 4, 1, -1, 0}, {0, -2, -1, 2, 1, 0},
                                                        {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
  static constexpr float kOfWeights[kPoints][3] = {{1 / 4.f, 0, 0},
                                                   {1 / 6.f, 1 / 6.f, 1 / 6.f},
                                                   {1 / 6.f, -1 / 6.f, 1 / 6.f},
                                                   {1 / 24.f, 1 / 12.f, 1 / 6.f},
                                                   {1 / 24.f, -1 / 12.f, 1 / 6.f},
                                                   {0, 0, 1}};
  static constexpr float kFromSums[kRunOutputs][kPoints] = {
      {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};
};

/// 0, 1, -1, 2, -2, 1/2 and infinity.
template <>
struct Points<4> {
  static constexpr int kPoints = 7;
  static constexpr float kOfInputs[kPoints][kPoints] = {
      {4, -8, -5, 10, 1, -2, 0}, {0, -4, 4, 9, -1, -2, 0},    {0, -4, 12, -7, -3, 2, 0}, {0, 2, -3, -4, 3, 2, 0},
      {0, 2, -5, 0, 5, -2, 0},   {0, 128, 0, -160, 0, 32, 0}, {0, -4, 8, 5, -10, -1, 2}};
  static constexpr float kOfWeights[kPoints][4] = {{1 / 4.f, 0, 0, 0},
                                                   {1 / 6.f, 1 / 6.f, 1 / 6.f, 1 / 6.f},
                                                   {1 / 18.f, -1 / 18.f, 1 / 18.f, -1 / 18.f},
                                                   {1 / 72.f, 1 / 36.f, 1 / 18.f, 1 / 9.f},
                                                   {1 / 120.f, -1 / 60.f, 1 / 30.f, -1 / 15.f},
                                                   {1 / 45.f, 1 / 90.f, 1 / 180.f, 1 / 360.f},
                                                   {0, 0, 0, 1 / 2.f}};
  static constexpr float kFromSums[kRunOutputs][kPoints] = {
      {1, 1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 1 / 2.f, 0}, {0, 1, 1, 4, 4, 1 / 4.f, 0}, {0, 1, -1, 8, -8, 1 / 8.f, 1}};
};

/// row . v without its zeros, which are known when this is compiled.
template <int N>
[[gnu::always_inline]] inline Vec combine(const float (&row)[N], const Vec (&v)[N]) {
  Vec sum = zero();
  bool any = false;
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) {
    if (row[i] == 0) continue;
    const Vec term = row[i] == 1 ? v[i] : mul(splat(row[i]), v[i]);
    sum = !any ? term : row[i] == 1 ? add(sum, v[i]) : fma(splat(row[i]), v[i], sum);
    any = true;
  }
  return sum;
}

/// Inputs of a row from column `first` on, a stride apart; those outside are zeros. Writes up to a Vec more.
inline void take_line(const WinogradInput& input, int64_t source, int64_t first, float* to) {
  const int64_t row = input.row + source, stride = input.stride, count = input.runs * kRunOutputs;
  const auto until = [&](int64_t column) { return column <= first ? 0 : (column - first + stride - 1) / stride; };
  const bool outside = row < 0 || row >= input.height;
  const int64_t begin = outside ? count : std::min(until(0), count), end = std::min(until(input.width), count);
  const float* from = input.plane + row * input.width + first;
  for (int64_t i = 0; i < begin; ++i) to[i] = 0;
  if (stride == 1) {
    for (int64_t i = begin; i < end; i += kLanes) store(to + i, load(from + i));
  } else {
    int64_t i = begin;
    for (; stride == 2 && i + kLanes <= end; i += kLanes) {
      store(to + i, even_lanes(load(from + 2 * i), load(from + 2 * i + kLanes)));
    }
    for (; i < end; ++i) to[i] = from[i * stride];
  }
  for (int64_t i = std::max(begin, end); i < count; ++i) to[i] = 0;
}

template <int kTaps>
inline void transform_input(const WinogradInput& input) {
  constexpr int kPoints = Points<kTaps>::kPoints, kRun = kRunOutputs;
  const int64_t line = input.runs * kRun, runs = input.rows * input.runs;
  float* next_lines = input.lines + runs * kRun + kWinogradSlack;  // each a run further
  for (int64_t i = 0; i < input.rows; ++i) {
    take_line(input, input.sources[i], input.first, input.lines + i * line);
    take_line(input, input.sources[i], input.first + kRun * input.stride, next_lines + i * line);
  }
  for (int64_t run = 0; run < runs; run += kLanes) {
    Vec lines[kRun], next[kRun], x[kPoints];
    load_run<kRun>(input.lines + run * kRun, lines);
    load_run<kRun>(next_lines + run * kRun, next);
#pragma GCC unroll 8
    for (int i = 0; i < kPoints; ++i) x[i] = kDeinterleaving<kRun>.make(i < kRun ? lines : next, i % kRun);
#pragma GCC unroll 8
    for (int p = 0; p < kPoints; ++p) {
      store(input.to + p * input.point_stride + run, combine(Points<kTaps>::kOfInputs[p], x));
    }
  }
}

inline Vec load_rows(const float* w) { return kLanes == kWeightRows ? load(w) : load_first(w, kWeightRows); }
inline void store_rows(float* to, Vec w) { kLanes == kWeightRows ? store(to, w) : store_first(to, w, kWeightRows); }

template <int kTaps>
inline void transform_weights(const WinogradWeights& weights) {
  const float* from = weights.from;
  float* to = weights.to;
  for (int64_t line = 0; line < weights.lines; ++line, from += weights.kernel * kWeightRows) {
    for (int64_t phase = 0; phase < weights.phases; ++phase, to += kWeightRows) {
      Vec w[kTaps];
#pragma GCC unroll 8
      for (int t = 0; t < kTaps; ++t) {
        const int64_t tap = phase + t * weights.phases;
        w[t] = tap < weights.kernel ? load_rows(from + tap * kWeightRows) : zero();
      }
#pragma GCC unroll 8
      for (int p = 0; p < Points<kTaps>::kPoints; ++p) {
        store_rows(to + p * weights.point_stride, combine(Points<kTaps>::kOfWeights[p], w));
      }
    }
  }
}

template <int kTaps>
inline void transform_output(const WinogradOutput& output) {
  constexpr int kPoints = Points<kTaps>::kPoints, kRun = kRunOutputs;
  const Vec low = splat(output.low), high = splat(output.high);
  for (int64_t row = 0; row < output.rows; ++row) {
    const float* from = output.from + row * output.row_stride;
    float* to = output.to + row * output.to_stride;
    for (int64_t run = 0; run < output.runs; run += kLanes, to += kRun * kLanes) {
      Vec sums[kPoints], y[kRun];
#pragma GCC unroll 8
      for (int p = 0; p < kPoints; ++p) sums[p] = load(from + p * output.point_stride + run);
#pragma GCC unroll 8
      for (int i = 0; i < kRun; ++i) {
        y[i] = combine(Points<kTaps>::kFromSums[i], sums);
        if (output.clamps) y[i] = clamp(y[i], low, high);
      }
      const int64_t left = (output.runs - run) * kRun;
      if (left >= kRun * kLanes) {
#pragma GCC unroll 8
        for (int i = 0; i < kRun; ++i) store(to + i * kLanes, kInterleaving<kRun>.make(y, i));
      } else {
        for (int i = 0; i * kLanes < left; ++i) {
          store_first(to + i * kLanes, kInterleaving<kRun>.make(y, i), lanes_of(left, i));
        }
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
