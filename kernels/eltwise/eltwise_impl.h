// Elementwise kernels over Vec. A tier's Vec header is included first.
#pragma once

#include <math.h>

#include <cstddef>
#include <cstring>

#include "kernels/eltwise/eltwise.h"
#include "kernels/simd/math.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = Vec::kLanes;

// Unary functions: alpha and beta are the parameters of op_attrs.fbs.

/// Keeps NaN, unlike min and max in the other order.
inline Vec clamp(Vec x, Vec low, Vec high) { return min(high, max(low, x)); }
inline Vec where_negative(Vec x, Vec negative, Vec other) { return select(less(x, zero()), negative, other); }
inline Vec ceil(Vec x) { return neg(floor(neg(x))); }

inline Vec unary_clamp(Vec x, Vec alpha, Vec beta) { return clamp(x, alpha, beta); }
inline Vec leaky_relu(Vec x, Vec alpha, Vec) { return where_negative(x, mul(alpha, x), x); }
inline Vec elu(Vec x, Vec alpha, Vec) { return where_negative(x, mul(alpha, expm1_negative(min(zero(), x))), x); }
inline Vec selu(Vec x, Vec alpha, Vec beta) { return mul(beta, elu(x, alpha, beta)); }
inline Vec celu(Vec x, Vec alpha, Vec) {
  const Vec ratio = div(x, alpha);
  // With a negative alpha the exponential is wanted for positive ratios, where it may as well be exact.
  const Vec curve = select(less(zero(), ratio), sub(exp(ratio), splat(1.0f)), expm1_negative(min(zero(), ratio)));
  return add(max(zero(), x), min(zero(), mul(alpha, curve)));
}
inline Vec unary_sigmoid(Vec x, Vec, Vec) { return sigmoid(x); }
inline Vec unary_tanh(Vec x, Vec, Vec) { return tanh(x); }
inline Vec hard_sigmoid(Vec x, Vec alpha, Vec beta) { return clamp(fma(alpha, x, beta), zero(), splat(1.0f)); }
inline Vec hard_swish(Vec x, Vec, Vec) {
  return mul(x, clamp(fma(x, splat(1.0f / 6), splat(0.5f)), zero(), splat(1.0f)));
}
inline Vec silu(Vec x, Vec alpha, Vec) {
  return mul(x, sigmoid(mul(select(equal(alpha, zero()), splat(1.0f), alpha), x)));
}
/// tanh(log(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2), which is 1 long before e overflows.
inline Vec mish(Vec x, Vec, Vec) {
  const Vec e = exp(min(x, splat(20.0f)));
  const Vec part = mul(e, add(e, splat(2.0f)));
  return mul(x, div(part, add(part, splat(2.0f))));
}
inline Vec gelu(Vec x, Vec, Vec) { return mul(mul(x, splat(0.5f)), add(splat(1.0f), erf(mul(x, splat(0.70710678f))))); }
inline Vec gelu_tanh(Vec x, Vec, Vec) {
  const Vec inner = mul(x, fma(mul(x, x), splat(0.044715f * 0.79788456f), splat(0.79788456f)));
  return mul(mul(x, splat(0.5f)), add(splat(1.0f), tanh(inner)));
}
inline Vec unary_erf(Vec x, Vec, Vec) { return erf(x); }
inline Vec unary_softplus(Vec x, Vec, Vec) { return softplus(x); }
inline Vec softsign(Vec x, Vec, Vec) { return div(x, add(splat(1.0f), abs(x))); }
inline Vec thresholded_relu(Vec x, Vec alpha, Vec) { return select(less(alpha, x), x, zero()); }
inline Vec unary_sqrt(Vec x, Vec, Vec) { return sqrt(x); }
inline Vec rsqrt(Vec x, Vec, Vec) { return div(splat(1.0f), sqrt(x)); }
inline Vec reciprocal(Vec x, Vec, Vec) { return div(splat(1.0f), x); }
inline Vec square(Vec x, Vec, Vec) { return mul(x, x); }
inline Vec unary_exp(Vec x, Vec, Vec) { return exp(x); }
inline Vec unary_log(Vec x, Vec, Vec) { return log(x); }
inline Vec unary_abs(Vec x, Vec, Vec) { return abs(x); }
inline Vec unary_neg(Vec x, Vec, Vec) { return neg(x); }
inline Vec sign(Vec x, Vec, Vec) { return select(less(zero(), x), splat(1.0f), where_negative(x, splat(-1.0f), x)); }
inline Vec unary_floor(Vec x, Vec, Vec) { return floor(x); }
inline Vec unary_ceil(Vec x, Vec, Vec) { return ceil(x); }
inline Vec unary_round(Vec x, Vec, Vec) { return round(x); }
inline Vec unary_sin(Vec x, Vec, Vec) { return lane_by_lane<sinf>(x); }
inline Vec unary_cos(Vec x, Vec, Vec) { return lane_by_lane<cosf>(x); }

inline void copy(const float* x, float* y, size_t n, float, float) {
  if (x != y) std::memcpy(y, x, n * sizeof(float));
}

template <Vec (*Function)(Vec, Vec, Vec)>
void apply_unary(const float* x, float* y, size_t size, float alpha, float beta) {
  const Vec a = splat(alpha), b = splat(beta);
  const auto n = static_cast<int64_t>(size);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, Function(load(x + i), a, b));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    store_first(y + i, Function(load_first(x + i, rest), a, b), rest);
  }
}

// Binary functions.

/// NaN where either operand is; Vec's min and max are sure to keep only that of the second.
inline Vec keep_nan(Vec b, Vec result) { return select(equal(b, b), result, b); }

inline Vec binary_min(Vec a, Vec b) { return keep_nan(b, min(b, a)); }
inline Vec binary_max(Vec a, Vec b) { return keep_nan(b, max(b, a)); }
inline Vec pow_lanes(Vec a, Vec b) { return lane_by_lane<powf>(a, b); }
inline Vec prelu(Vec a, Vec b) { return where_negative(a, mul(a, b), a); }
inline Vec squared_difference(Vec a, Vec b) {
  const Vec difference = sub(a, b);
  return mul(difference, difference);
}
inline Vec mod(Vec a, Vec b) { return lane_by_lane<fmodf>(a, b); }
inline Vec binary_less(Vec a, Vec b) { return select(less(a, b), splat(1.0f), zero()); }
inline Vec binary_equal(Vec a, Vec b) { return select(equal(a, b), splat(1.0f), zero()); }
inline Vec less_or_equal(Vec a, Vec b) { return select(less(a, b), splat(1.0f), binary_equal(a, b)); }
inline Vec mask(Vec a, Vec b) { return select(equal(a, zero()), zero(), b); }

/// Lanes of an operand.
inline Vec load_lanes(const float* p, int64_t step) {
  return step == 0 ? splat(*p) : step == 1 ? load(p) : load_strided(p, step);
}

/// The first n of them, for the ends of all loops: little code.
[[gnu::noinline]] inline Vec load_rest(const float* p, int64_t step, int n) {
  float lanes[Vec::kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[i * step];
  return load(lanes);
}

/// The first n lanes of a binary function.
template <Vec (*Function)(Vec, Vec)>
[[gnu::noinline]] void binary_rest(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int n) {
  store_first(y, Function(load_rest(a, a_step, n), load_rest(b, b_step, n)), n);
}

/// The loop of all binary functions; inlined with constant steps where those matter.
template <Vec (*Function)(Vec, Vec)>
[[gnu::always_inline]] inline void binary_loop(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y,
                                               int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(y + i, Function(load_lanes(a + i * a_step, a_step), load_lanes(b + i * b_step, b_step)));
  }
  if (i < n) binary_rest<Function>(a + i * a_step, a_step, b + i * b_step, b_step, y + i, static_cast<int>(n - i));
}

template <Vec (*Function)(Vec, Vec)>
void apply_binary(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  if (a_step == 1 && b_step == 1) return binary_loop<Function>(a, 1, b, 1, y, n);
  if (a_step == 1 && b_step == 0) return binary_loop<Function>(a, 1, b, 0, y, n);
  if (a_step == 0 && b_step == 1) return binary_loop<Function>(a, 0, b, 1, y, n);
  binary_loop<Function>(a, a_step, b, b_step, y, n);
}

inline Vec pow_2(Vec a, Vec) { return mul(a, a); }
inline Vec pow_3(Vec a, Vec) { return mul(mul(a, a), a); }
/// As pow, unlike sqrt: of -0 it is 0, of -inf it is inf.
inline Vec pow_half(Vec a, Vec) {
  constexpr float kInfinity = __builtin_inff();
  return select(equal(a, splat(-kInfinity)), splat(kInfinity), sqrt(add(a, zero())));
}
inline Vec pow_minus_1(Vec a, Vec) { return div(splat(1.0f), a); }
inline Vec pow_1(Vec a, Vec) { return a; }

/// Powers with one exponent for the whole run are mostly simple ones.
inline void binary_pow(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  if (a_step == 1 && b_step == 0) {
    if (*b == 2.0f) return binary_loop<pow_2>(a, 1, b, 0, y, n);
    if (*b == 3.0f) return binary_loop<pow_3>(a, 1, b, 0, y, n);
    if (*b == 0.5f) return binary_loop<pow_half>(a, 1, b, 0, y, n);
    if (*b == -1.0f) return binary_loop<pow_minus_1>(a, 1, b, 0, y, n);
    if (*b == 1.0f) return binary_loop<pow_1>(a, 1, b, 0, y, n);
  }
  binary_loop<pow_lanes>(a, a_step, b, b_step, y, n);
}

// Scale and shift.

template <int kStep>
inline void affine_loop(const float* x, const float* scale, const float* shift, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(y + i, fma(load(x + i), load_lanes(scale + i * kStep, kStep), load_lanes(shift + i * kStep, kStep)));
  }
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    store_first(y + i,
                fma(load_first(x + i, rest), load_rest(scale + i * kStep, kStep, rest),
                    load_rest(shift + i * kStep, kStep, rest)),
                rest);
  }
}

void apply_affine(const float* x, const float* scale, const float* shift, int64_t step, float* y, int64_t n) {
  if (step == 0) return affine_loop<0>(x, scale, shift, y, n);
  affine_loop<1>(x, scale, shift, y, n);
}

/// In the order of the schema's enums.
constexpr EltwiseKernels kEltwiseKernels = {
    {
        if_built(copy, fbs::UnaryKind::Identity),
        if_built(apply_unary<unary_clamp>, fbs::UnaryKind::Clamp),
        if_built(apply_unary<leaky_relu>, fbs::UnaryKind::LeakyRelu),
        if_built(apply_unary<elu>, fbs::UnaryKind::Elu),
        if_built(apply_unary<selu>, fbs::UnaryKind::Selu),
        if_built(apply_unary<celu>, fbs::UnaryKind::Celu),
        if_built(apply_unary<unary_sigmoid>, fbs::UnaryKind::Sigmoid),
        if_built(apply_unary<unary_tanh>, fbs::UnaryKind::Tanh),
        if_built(apply_unary<hard_sigmoid>, fbs::UnaryKind::HardSigmoid),
        if_built(apply_unary<hard_swish>, fbs::UnaryKind::HardSwish),
        if_built(apply_unary<silu>, fbs::UnaryKind::Silu),
        if_built(apply_unary<mish>, fbs::UnaryKind::Mish),
        if_built(apply_unary<gelu>, fbs::UnaryKind::Gelu),
        if_built(apply_unary<gelu_tanh>, fbs::UnaryKind::GeluTanh),
        if_built(apply_unary<unary_erf>, fbs::UnaryKind::Erf),
        if_built(apply_unary<unary_softplus>, fbs::UnaryKind::Softplus),
        if_built(apply_unary<softsign>, fbs::UnaryKind::Softsign),
        if_built(apply_unary<thresholded_relu>, fbs::UnaryKind::ThresholdedRelu),
        if_built(apply_unary<unary_sqrt>, fbs::UnaryKind::Sqrt),
        if_built(apply_unary<rsqrt>, fbs::UnaryKind::Rsqrt),
        if_built(apply_unary<reciprocal>, fbs::UnaryKind::Reciprocal),
        if_built(apply_unary<square>, fbs::UnaryKind::Square),
        if_built(apply_unary<unary_exp>, fbs::UnaryKind::Exp),
        if_built(apply_unary<unary_log>, fbs::UnaryKind::Log),
        if_built(apply_unary<unary_abs>, fbs::UnaryKind::Abs),
        if_built(apply_unary<unary_neg>, fbs::UnaryKind::Neg),
        if_built(apply_unary<sign>, fbs::UnaryKind::Sign),
        if_built(apply_unary<unary_floor>, fbs::UnaryKind::Floor),
        if_built(apply_unary<unary_ceil>, fbs::UnaryKind::Ceil),
        if_built(apply_unary<unary_round>, fbs::UnaryKind::Round),
        if_built(apply_unary<unary_sin>, fbs::UnaryKind::Sin),
        if_built(apply_unary<unary_cos>, fbs::UnaryKind::Cos),
    },
    {
        if_built(apply_binary<add>, fbs::BinaryKind::Add),
        if_built(apply_binary<sub>, fbs::BinaryKind::Sub),
        if_built(apply_binary<mul>, fbs::BinaryKind::Mul),
        if_built(apply_binary<div>, fbs::BinaryKind::Div),
        if_built(apply_binary<binary_min>, fbs::BinaryKind::Min),
        if_built(apply_binary<binary_max>, fbs::BinaryKind::Max),
        if_built(binary_pow, fbs::BinaryKind::Pow),
        if_built(apply_binary<prelu>, fbs::BinaryKind::Prelu),
        if_built(apply_binary<squared_difference>, fbs::BinaryKind::SquaredDifference),
        if_built(apply_binary<mod>, fbs::BinaryKind::Mod),
        if_built(apply_binary<binary_less>, fbs::BinaryKind::Less),
        if_built(apply_binary<less_or_equal>, fbs::BinaryKind::LessOrEqual),
        if_built(apply_binary<binary_equal>, fbs::BinaryKind::Equal),
        if_built(apply_binary<mask>, fbs::BinaryKind::Mask),
    },
    if_built(apply_affine, fbs::OpAttrs::Affine),
};

}  // namespace
}  // namespace lacuna
