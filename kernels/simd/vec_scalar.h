// Vec of the portable tier: 4 lanes in the compiler's own vector type, which it maps to what the target has.
// kernels/simd/README.md lists the functions that every tier's Vec header defines.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace lacuna {
namespace {

using Lanes = float __attribute__((vector_size(16)));
using IntLanes = int32_t __attribute__((vector_size(16)));

struct Vec {
  static constexpr int kLanes = 4;
  /// lookup beats a gather.
  static constexpr bool kFastLookup = false;
  /// A product with one lane of a vector (`lane`) takes no instruction more than one with a vector.
  static constexpr bool kLaneProducts = false;
  /// lanes_from is one instruction, so that it beats a load that is not aligned.
  static constexpr bool kCheapShifts = false;
  /// load_masked, load_first and store_first are one instruction, wherever they begin.
  static constexpr bool kCheapMasks = false;
  Lanes v;
};
struct Mask {
  IntLanes m;
};

inline Vec splat(float x) { return {Lanes{x, x, x, x}}; }
inline Vec zero() { return splat(0.0f); }
inline Vec load(const float* p) {
  Vec r;
  std::memcpy(&r.v, p, sizeof(r.v));
  return r;
}
inline void store(float* p, Vec a) { std::memcpy(p, &a.v, sizeof(a.v)); }
/// v[i] = load(p + i * kLanes) for i in [0, N), and back: with fewer instructions where the tier has some for that.
template <int N>
inline void load_run(const float* p, Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) v[i] = load(p + i * Vec::kLanes);
}
template <int N>
inline void store_run(float* p, const Vec* v) {
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) store(p + i * Vec::kLanes, v[i]);
}
/// The first n lanes (0..kLanes) from memory, zeros behind; nothing behind them is read.
inline Vec load_first(const float* p, int n) {
  Vec r = zero();
  for (int i = 0; i < n; ++i) r.v[i] = p[i];
  return r;
}
inline void store_first(float* p, Vec a, int n) {
  for (int i = 0; i < n; ++i) p[i] = a.v[i];
}
/// p[0], p[step], p[2 * step] ...
inline Vec load_strided(const float* p, int64_t step) { return {Lanes{p[0], p[step], p[2 * step], p[3 * step]}}; }
/// Lanes 0, 2, 4 ... of a, then of b.
inline Vec even_lanes(Vec a, Vec b) { return {Lanes{a.v[0], a.v[2], b.v[0], b.v[2]}}; }
/// Lanes 1, 3, 5 ... of a, then of b.
inline Vec odd_lanes(Vec a, Vec b) { return {Lanes{a.v[1], a.v[3], b.v[1], b.v[3]}}; }
/// The same lanes in an order of the tier's own, where that is cheaper; in_order brings them, or sums of such, into
/// order.
inline Vec even_lanes_unordered(Vec a, Vec b) { return even_lanes(a, b); }
inline Vec odd_lanes_unordered(Vec a, Vec b) { return odd_lanes(a, b); }
inline Vec in_order(Vec a) { return a; }
/// Lanes kFirst (0..kLanes), kFirst + 1 ... of a, then of b.
template <int kFirst>
inline Vec lanes_from(Vec a, Vec b) {
  Vec r;
  for (int i = 0; i < Vec::kLanes; ++i)
    r.v[i] = i + kFirst < Vec::kLanes ? a.v[i + kFirst] : b.v[i + kFirst - Vec::kLanes];
  return r;
}
/// Which lanes load_masked reads: those whose bit is set; bits from kLanes on do not matter.
struct LoadMask {
  uint32_t bits;
};
inline LoadMask load_mask(uint32_t bits) { return {bits}; }
/// Lanes of the mask from memory, zeros elsewhere; nothing else is read.
inline Vec load_masked(const float* p, LoadMask mask) {
  constexpr uint32_t kAll = (1u << Vec::kLanes) - 1;
  if ((mask.bits & kAll) == kAll) return load(p);
  Vec r = zero();
  for (int i = 0; i < Vec::kLanes; ++i) {
    if ((mask.bits >> i & 1) != 0) r.v[i] = p[i];
  }
  return r;
}

/// Positions of lanes in one or two Vecs, or in memory.
struct Index {
  IntLanes i;
};
inline Index load_index(const int32_t* p) {
  Index r;
  std::memcpy(&r.i, p, sizeof(r.i));
  return r;
}
/// One further in every lane.
inline Index next(Index at) { return {at.i + 1}; }
/// Lane at.i of `table`, or of `low` and `high` one after the other; any lane where `at` is outside.
inline Vec lookup(Vec table, Index at) {
  Vec r;
  for (int i = 0; i < Vec::kLanes; ++i) r.v[i] = table.v[at.i[i] & (Vec::kLanes - 1)];
  return r;
}
inline Vec lookup(Vec low, Vec high, Index at) {
  const Vec a = lookup(low, at), b = lookup(high, at);
  const IntLanes in_high = (at.i & Vec::kLanes) != 0;
  return {reinterpret_cast<Lanes>((in_high & reinterpret_cast<IntLanes>(b.v)) |
                                  (~in_high & reinterpret_cast<IntLanes>(a.v)))};
}
/// p[at.i] in each lane.
inline Vec gather(const float* p, Index at) { return {Lanes{p[at.i[0]], p[at.i[1]], p[at.i[2]], p[at.i[3]]}}; }
/// Lanes of the mask, zeros elsewhere.
inline Vec keep(LoadMask mask, Vec a) {
  for (int i = 0; i < Vec::kLanes; ++i) {
    if ((mask.bits >> i & 1) == 0) a.v[i] = 0.0f;
  }
  return a;
}

inline Vec add(Vec a, Vec b) { return {a.v + b.v}; }
inline Vec sub(Vec a, Vec b) { return {a.v - b.v}; }
inline Vec mul(Vec a, Vec b) { return {a.v * b.v}; }
inline Vec div(Vec a, Vec b) { return {a.v / b.v}; }
/// a * b + c, fused where the tier has it.
inline Vec fma(Vec a, Vec b, Vec c) { return {a.v * b.v + c.v}; }
inline Vec neg(Vec a) { return {-a.v}; }

inline Mask less(Vec a, Vec b) { return {a.v < b.v}; }
inline Mask less_equal(Vec a, Vec b) { return {a.v <= b.v}; }
inline Mask equal(Vec a, Vec b) { return {a.v == b.v}; }
/// Lanes of a where the mask is set, of b elsewhere.
inline Vec select(Mask m, Vec a, Vec b) {
  return {reinterpret_cast<Lanes>((m.m & reinterpret_cast<IntLanes>(a.v)) | (~m.m & reinterpret_cast<IntLanes>(b.v)))};
}
/// The first n lanes (0..kLanes) of a, b behind.
inline Vec select_first(int n, Vec a, Vec b) {
  for (int i = 0; i < n; ++i) b.v[i] = a.v[i];
  return b;
}
/// NaN where the second operand is; where the first one alone is, NaN or the second operand, as the tier has it.
inline Vec min(Vec a, Vec b) { return select(less(a, b), a, b); }
inline Vec max(Vec a, Vec b) { return select(less(b, a), a, b); }
inline Vec abs(Vec a) {
  const IntLanes sign = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
  return {reinterpret_cast<Lanes>(reinterpret_cast<IntLanes>(a.v) & ~sign)};
}
inline Vec sqrt(Vec a) {
  for (int i = 0; i < Vec::kLanes; ++i) a.v[i] = std::sqrt(a.v[i]);
  return a;
}
/// Half to even.
inline Vec round(Vec a) {
  for (int i = 0; i < Vec::kLanes; ++i) a.v[i] = std::nearbyint(a.v[i]);
  return a;
}
inline Vec floor(Vec a) {
  for (int i = 0; i < Vec::kLanes; ++i) a.v[i] = std::floor(a.v[i]);
  return a;
}
/// 2^n for whole n in [-126, 127].
inline Vec exp2_whole(Vec n) {
  const IntLanes bias = {127, 127, 127, 127};
  return {reinterpret_cast<Lanes>((__builtin_convertvector(n.v, IntLanes) + bias) << 23)};
}
/// Splits a positive normal a = m * 2^e with m in [1, 2); returns m.
inline Vec split_exponent(Vec a, Vec* e) {
  const IntLanes bits = reinterpret_cast<IntLanes>(a.v);
  const IntLanes bias = {127, 127, 127, 127}, fraction = {0x7fffff, 0x7fffff, 0x7fffff, 0x7fffff};
  e->v = __builtin_convertvector((bits >> 23) - bias, Lanes);
  return {reinterpret_cast<Lanes>((bits & fraction) | (bias << 23))};
}
inline float sum(Vec a) { return (a.v[0] + a.v[1]) + (a.v[2] + a.v[3]); }
inline float max_lane(Vec a) { return std::fmax(std::fmax(a.v[0], a.v[1]), std::fmax(a.v[2], a.v[3])); }
inline float min_lane(Vec a) { return std::fmin(std::fmin(a.v[0], a.v[1]), std::fmin(a.v[2], a.v[3])); }

}  // namespace
}  // namespace lacuna
