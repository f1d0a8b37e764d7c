// Lines interleaved element by element, and the reverse, over Vec. A tier's Vec header is included first.
#pragma once

#include "kernels/copy/transpose.h"

namespace lacuna {
namespace {

constexpr int kLanes = Vec::kLanes;

/// How each of K Vecs is made of K others: step s takes lanes from what the steps before have made and from Vec s + 1.
template <int K>
struct Merge {
  int32_t at[K][K - 1][kLanes];

  /// Sets lane `lane` of Vec `to` to lane `from_lane` of Vec `from`.
  constexpr void set(int to, int lane, int from, int from_lane) {
    for (int step = 0; step < K - 1; ++step) at[to][step][lane] = lane;
    if (from == 0) {
      at[to][0][lane] = from_lane;
    } else {
      at[to][from - 1][lane] = kLanes + from_lane;
    }
  }
  Vec make(const Vec* in, int to) const {
    Vec result = in[0];
#pragma GCC unroll 4
    for (int step = 0; step < K - 1; ++step) result = lookup(result, in[step + 1], load_index(at[to][step]));
    return result;
  }
};

template <int K>
constexpr Merge<K> interleaving() {
  Merge<K> merge = {};
  for (int i = 0; i < K * kLanes; ++i) merge.set(i / kLanes, i % kLanes, i % K, i / K);
  return merge;
}

template <int K>
constexpr Merge<K> deinterleaving() {
  Merge<K> merge = {};
  for (int i = 0; i < K * kLanes; ++i) merge.set(i % K, i / K, i / kLanes, i % kLanes);
  return merge;
}

template <int K>
constexpr Merge<K> kInterleaving = interleaving<K>();
template <int K>
constexpr Merge<K> kDeinterleaving = deinterleaving<K>();

/// Lanes of Vec v among `count` elements.
inline int lanes_of(int64_t count, int v) {
  const int64_t rest = count - v * kLanes;
  return static_cast<int>(rest < 0 ? 0 : rest < kLanes ? rest : kLanes);
}

/// target[i * K + k] = source[k * stride + i] for i < n.
template <int K>
inline void interleave(const float* source, int64_t stride, float* target, int64_t n) {
  Vec lines[K];
  for (int64_t i = 0; n >= kLanes && i < n; i += kLanes) {
    const int64_t at = i + kLanes <= n ? i : n - kLanes;  // the last ones overlap
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) lines[k] = load(source + k * stride + at);
#pragma GCC unroll 4
    for (int v = 0; v < K; ++v) store(target + at * K + v * kLanes, kInterleaving<K>.make(lines, v));
  }
  if (n >= kLanes) return;
  for (int k = 0; k < K; ++k) lines[k] = load_first(source + k * stride, static_cast<int>(n));
  for (int v = 0; v * kLanes < n * K; ++v) {
    store_first(target + v * kLanes, kInterleaving<K>.make(lines, v), lanes_of(n * K, v));
  }
}

/// target[k * stride + i] = source[i * K + k] for i < n.
template <int K>
inline void deinterleave(const float* source, float* target, int64_t stride, int64_t n) {
  Vec mixed[K];
  for (int64_t i = 0; n >= kLanes && i < n; i += kLanes) {
    const int64_t at = i + kLanes <= n ? i : n - kLanes;  // the last ones overlap
#pragma GCC unroll 4
    for (int v = 0; v < K; ++v) mixed[v] = load(source + at * K + v * kLanes);
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) store(target + k * stride + at, kDeinterleaving<K>.make(mixed, k));
  }
  if (n >= kLanes) return;
  for (int v = 0; v < K; ++v) mixed[v] = load_first(source + v * kLanes, lanes_of(n * K, v));
  for (int k = 0; k < K; ++k) {
    store_first(target + k * stride, kDeinterleaving<K>.make(mixed, k), static_cast<int>(n));
  }
}

template <int K>
inline void transpose_narrow(const Transposition& shape, const float* source, float* target) {
  if (is_deinterleaving(shape)) {
    deinterleave<K>(source, target, shape.target_stride, shape.columns);
  } else {
    interleave<K>(source, shape.source_stride, target, shape.rows);
  }
}

inline void transpose_narrow(const Transposition& shape, const float* source, float* target) {
  const int64_t side = is_deinterleaving(shape) ? shape.rows : shape.columns;
  if (side == 2) return transpose_narrow<2>(shape, source, target);
  if (side == 3) return transpose_narrow<3>(shape, source, target);
  transpose_narrow<4>(shape, source, target);
}

}  // namespace
}  // namespace lacuna
