// Sums of a tile in registers, over the tier's Vec (kernels/simd/README.md): how they start and how they end.
#pragma once

#include "kernels/tile.h"

namespace lacuna {
namespace {

/// A run of NR vectors; of the last one only `tail` lanes exist when kMasked.
template <int NR, bool kMasked>
struct Run {
  static Vec load_lanes(const float* p, int j, int tail) {
    return kMasked && j == NR - 1 ? load_first(p + j * Vec::kLanes, tail) : load(p + j * Vec::kLanes);
  }
  static void store_lanes(float* p, int j, int tail, Vec v) {
    if (kMasked && j == NR - 1) {
      store_first(p + j * Vec::kLanes, v, tail);
    } else {
      store(p + j * Vec::kLanes, v);
    }
  }
};

/// N neighbouring scalars as factors of vectors.
template <int N, bool kLaneProducts = Vec::kLaneProducts && N % Vec::kLanes == 0>
struct Factors {
  const float* p;
  explicit Factors(const float* scalars) : p(scalars) {}
  Vec operator[](int i) const { return splat(p[i]); }
};
template <int N>
struct Factors<N, true> {
  Vec v[N / Vec::kLanes];
  explicit Factors(const float* scalars) { load_run<N / Vec::kLanes>(scalars, v); }
  Vec operator[](int i) const { return lane(v[i / Vec::kLanes], i % Vec::kLanes); }
};

template <bool kOffsets>
inline const float* column_of(const TileInput& in, int64_t column) {
  return in.x + (kOffsets ? in.offsets[column] : column * in.column_stride);
}

template <int NR, bool kMasked>
inline void start_sums(const TileOutput& out, int64_t row, int tail, Vec* sum) {
  if (out.first) {
    const Vec bias = out.bias != nullptr ? splat(out.bias[row]) : zero();
#pragma GCC unroll 16
    for (int j = 0; j < NR; ++j) sum[j] = bias;
    if (!out.onto) return;
#pragma GCC unroll 16
    for (int j = 0; j < NR; ++j) {
      sum[j] = add(sum[j], Run<NR, kMasked>::load_lanes(out.y + row * out.row_stride, j, tail));
    }
    return;
  }
  const float* y = out.y + row * out.row_stride;
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = Run<NR, kMasked>::load_lanes(y, j, tail);
}

/// The operands are ordered so that a NaN in x stays.
inline Vec clamp(Vec x, Vec low, Vec high) { return min(high, max(low, x)); }

template <int NR, bool kMasked>
inline void end_sums(const TileOutput& out, int64_t row, int tail, Vec* sum) {
  if (out.last) {
    if (out.residual != nullptr) {
      const float* residual = out.residual + row * out.residual_stride;
#pragma GCC unroll 16
      for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], Run<NR, kMasked>::load_lanes(residual, j, tail));
    }
    if (out.clamps) {
      const Vec low = splat(out.low), high = splat(out.high);
      if (Vec::kLaneProducts && out.high == __builtin_inff()) {  // half of the work where vectors are short
#pragma GCC unroll 16
        for (int j = 0; j < NR; ++j) sum[j] = max(low, sum[j]);
      } else {
#pragma GCC unroll 16
        for (int j = 0; j < NR; ++j) sum[j] = clamp(sum[j], low, high);
      }
    }
  }
  float* y = out.y + row * out.row_stride;
  if constexpr (!kMasked) return store_run<NR>(y, sum);
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) Run<NR, kMasked>::store_lanes(y, j, tail, sum[j]);
}

/// A row of one pixel, whose sum is a scalar.
inline float start_sum(const TileOutput& out, int64_t row) {
  const float bias = out.first && out.bias != nullptr ? out.bias[row] : 0.0f;
  return out.first && !out.onto ? bias : bias + out.y[row * out.row_stride];
}
inline void end_sum(const TileOutput& out, int64_t row, float sum) {
  if (out.last) {
    if (out.residual != nullptr) sum += out.residual[row * out.residual_stride];
    if (out.clamps) {
      if (sum < out.low) sum = out.low;
      if (sum > out.high) sum = out.high;
    }
  }
  out.y[row * out.row_stride] = sum;
}

/// Calls body.template run<NR, kMasked>(tail) with the shape of a run of `pixels` pixels, at most kMaxNr vectors.
template <int kMaxNr, class Body>
inline void for_run(int pixels, const Body& body) {
  const int vectors = (pixels + Vec::kLanes - 1) / Vec::kLanes;
  if constexpr (kMaxNr > 1) {
    if (vectors < kMaxNr) {
      for_run<kMaxNr - 1>(pixels, body);
      return;
    }
  }
  const int tail = pixels - (kMaxNr - 1) * Vec::kLanes;
  if (tail == Vec::kLanes) {
    body.template run<kMaxNr, false>(tail);
  } else {
    body.template run<kMaxNr, true>(tail);
  }
}

}  // namespace
}  // namespace lacuna
