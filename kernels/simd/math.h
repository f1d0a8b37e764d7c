// Elementary functions over Vec. A tier's Vec header is included first.
//
// Method: the usual range reductions (Cody and Waite for exp and log) with polynomials of our own, fitted for the least
// largest error by Lawson's reweighting of least squares. The bounds named below are those that
// tests/kernels/simd/math_test.cc checks against double libm on every tier. A NaN gives NaN unless said otherwise.
#pragma once

namespace lacuna {
namespace {

/// c[0] + c[1] x + ... + c[N-1] x^(N-1).
template <int N>
inline Vec polynomial(Vec x, const float (&c)[N]) {
  Vec sum = splat(c[N - 1]);
  for (int i = N - 2; i >= 0; --i) sum = fma(sum, x, splat(c[i]));
  return sum;
}

/// x with the sign of `sign`, for x >= 0.
inline Vec with_sign_of(Vec sign, Vec x) { return select(less(sign, zero()), neg(x), x); }

/// x = n * ln 2 + r with whole n and |r| <= ln(2) / 2; returns r.
inline Vec split_ln2(Vec x, Vec* n) {
  *n = round(mul(x, splat(1.44269504f)));
  return fma(*n, splat(2.12194440e-4f), fma(*n, splat(-0.693359375f), x));
}

/// e^r - 1 for |r| <= ln(2) / 2.
inline Vec expm1_small(Vec r) {
  constexpr float kTaylorRest[] = {5.000000095e-01f, 1.666651860e-01f, 4.166620506e-02f, 8.368917946e-03f,
                                   1.395054067e-03f};
  return fma(mul(r, r), polynomial(r, kTaylorRest), r);
}

/// e^x. At most 1.5 ulp where the result is normal; overflows to infinity, underflows through subnormal numbers to 0.
inline Vec exp(Vec x) {
  x = min(splat(89.0f), max(splat(-104.0f), x));
  Vec n;
  const Vec r = split_ln2(x, &n);
  // 2^n in two factors, since n goes beyond the exponents of normal numbers.
  const Vec half = round(mul(n, splat(0.5f)));
  return mul(mul(add(expm1_small(r), splat(1.0f)), exp2_whole(half)), exp2_whole(sub(n, half)));
}

/// e^x - 1 for x <= 0. At most 1.5 ulp, near 0 too.
inline Vec expm1_negative(Vec x) {
  Vec n;
  const Vec r = split_ln2(max(splat(-40.0f), x), &n);
  const Vec scale = exp2_whole(n);
  return fma(expm1_small(r), scale, sub(scale, splat(1.0f)));
}

/// Natural logarithm. At most 1.5 ulp, subnormal x included; log(0) = -inf, of a negative number NaN, log(inf) = inf.
inline Vec log(Vec x) {
  constexpr float kRest[] = {3.333333166e-01f, -2.500082272e-01f, 2.000123340e-01f, -1.662329822e-01f,
                             1.420155244e-01f, -1.316058342e-01f, 1.276333218e-01f, -7.635659097e-02f};
  constexpr float kInfinity = __builtin_inff();
  const Mask tiny = less(x, splat(1.17549435e-38f));
  Vec e;
  Vec m = split_exponent(select(tiny, mul(x, splat(33554432.0f)), x), &e);
  e = sub(e, select(tiny, splat(25.0f), zero()));
  const Mask high = less(splat(1.41421356f), m);
  m = select(high, mul(m, splat(0.5f)), m);
  e = select(high, add(e, splat(1.0f)), e);
  // log(1 + f) = f - f^2 / 2 + f^3 p(f); the parts of e * ln 2 join from small to large.
  const Vec f = sub(m, splat(1.0f));
  const Vec square = mul(f, f);
  Vec y = mul(mul(square, f), polynomial(f, kRest));
  y = fma(e, splat(-2.12194440e-4f), y);
  y = fma(square, splat(-0.5f), y);
  y = fma(e, splat(0.693359375f), add(f, y));
  y = select(less(x, splat(kInfinity)), y, x);
  y = select(equal(x, zero()), splat(-kInfinity), y);
  return select(less(x, zero()), splat(__builtin_nanf("")), y);
}

/// log(1 + x) for x >= 0, by the logarithm of the rounded sum with a first-order correction.
inline Vec log1p_positive(Vec x) {
  const Vec sum = add(x, splat(1.0f));
  const Vec lost = sub(x, sub(sum, splat(1.0f)));
  return add(log(sum), div(lost, sum));
}

/// At most 2 ulp.
inline Vec tanh(Vec x) {
  constexpr float kSmall[] = {-3.333328370e-01f, 1.333148471e-01f, -5.374291309e-02f, 2.064857264e-02f,
                              -5.714685362e-03f};
  const Vec size = abs(x);
  const Vec square = mul(x, x);
  const Vec small = fma(mul(x, square), polynomial(square, kSmall), x);
  const Vec large = sub(splat(1.0f), div(splat(2.0f), add(exp(add(size, size)), splat(1.0f))));
  return select(less(size, splat(0.625f)), small, with_sign_of(x, large));
}

/// 1 / (1 + e^-x). At most 3 ulp where the result is normal.
inline Vec sigmoid(Vec x) { return div(splat(1.0f), add(splat(1.0f), exp(neg(x)))); }

/// The error function. Absolute error at most 1e-7.
inline Vec erf(Vec x) {
  constexpr float kSmall[] = {1.283791500e-01f,  -3.761249432e-01f, 1.128180279e-01f,
                              -2.676556753e-02f, 4.990980879e-03f,  -5.976896428e-04f};
  // log(1 - erf(x)) on [0.92, 4]; beyond, the result is 1.
  constexpr float kLogTail[] = {-2.070163672e-04f, -1.127627366e+00f, -6.372658154e-01f, -1.038563149e-01f,
                                2.218974597e-02f,  -3.033684111e-03f, 1.949458485e-04f};
  const Vec size = min(splat(4.0f), abs(x));
  const Vec small = fma(x, polynomial(mul(size, size), kSmall), x);
  const Vec large = sub(splat(1.0f), exp(polynomial(size, kLogTail)));
  return select(less(size, splat(0.925f)), small, with_sign_of(x, large));
}

/// log(1 + e^x) without overflow. At most 3 ulp where the result is normal.
inline Vec softplus(Vec x) { return add(max(zero(), x), log1p_positive(exp(neg(abs(x))))); }

/// Function(x) lane by lane, for what has no Vec form.
template <float (*Function)(float)>
inline Vec lane_by_lane(Vec x) {
  float lanes[Vec::kLanes];
  store(lanes, x);
  for (float& lane : lanes) lane = Function(lane);
  return load(lanes);
}
template <float (*Function)(float, float)>
inline Vec lane_by_lane(Vec a, Vec b) {
  float left[Vec::kLanes], right[Vec::kLanes];
  store(left, a);
  store(right, b);
  for (int i = 0; i < Vec::kLanes; ++i) left[i] = Function(left[i], right[i]);
  return load(left);
}

}  // namespace
}  // namespace lacuna
