// Errors of kernels/simd/math.h against double libm on every tier, over all magnitudes. The functions are reached
// through the Unary kernels made of them.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/eltwise/eltwise.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Every 2^13th float of either sign between the two magnitudes, and the bounds themselves.
std::vector<float> samples(float least, float largest, bool negative_too = true) {
  const auto bits = [](float x) {
    uint32_t b;
    std::memcpy(&b, &x, sizeof(b));
    return b;
  };
  std::vector<float> x = {least, largest};
  for (uint32_t b = bits(least); b < bits(largest); b += (1 << 13) + 17) {
    float value;
    std::memcpy(&value, &b, sizeof(value));
    x.push_back(value);
  }
  if (negative_too) {
    for (size_t i = 0, n = x.size(); i < n; ++i) x.push_back(-x[i]);
  }
  return x;
}

std::vector<float> apply(Isa isa, fbs::UnaryKind kind, const std::vector<float>& x, float alpha = 1) {
  std::vector<float> y(x.size());
  select_unary(kind, up_to(isa), nullptr)(x.data(), y.data(), x.size(), alpha, 0);
  return y;
}

/// Distance to the true value in units of the last place of the nearest float; those of the least normal number below
/// it.
double ulps(float y, double truth) {
  const auto nearest = static_cast<float>(truth);
  if (std::isinf(nearest) || std::isnan(nearest)) {
    return (std::isnan(nearest) ? std::isnan(y) : y == nearest) ? 0 : 1e9;
  }
  const double exponent = std::max(std::ilogb(static_cast<double>(nearest)), -126);
  return std::abs(static_cast<double>(y) - truth) / std::ldexp(1.0, static_cast<int>(exponent) - 23);
}

/// Vectors of 32-bit Arm know no subnormal numbers, neither as operands nor as results.
#if defined(__arm__)
constexpr IsaMask kWithoutSubnormals = kNeon;
#else
constexpr IsaMask kWithoutSubnormals = 0;
#endif

bool is_subnormal(double x) { return x != 0 && std::abs(x) < static_cast<double>(std::numeric_limits<float>::min()); }

template <class Truth>
void check_ulps(fbs::UnaryKind kind, const std::vector<float>& x, double bound, Truth truth) {
  for (const Isa isa : machine_isas()) {
    const std::vector<float> y = apply(isa, kind, x);
    double worst = 0;
    float where = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = truth(static_cast<double>(x[i]));
      if ((isa & kWithoutSubnormals) != 0 && (is_subnormal(static_cast<double>(x[i])) || is_subnormal(expected)))
        continue;
      const double error = ulps(y[i], expected);
      if (error > worst) {
        worst = error;
        where = x[i];
      }
    }
    MESSAGE(std::string(fbs::EnumNameUnaryKind(kind))
            << " " << std::string(name_of(isa)) << ": " << worst << " ulp at " << where);
    CAPTURE(std::string(name_of(isa)));
    CAPTURE(where);
    CHECK(worst <= bound);
  }
}

TEST_CASE("math: exp within 1.5 ulp from subnormal results to overflow") {
  check_ulps(fbs::UnaryKind::Exp, samples(1e-40f, 104), 1.5, [](double x) { return std::exp(x); });
  check_ulps(fbs::UnaryKind::Exp, {88.722839f, 88.72284f, 1e30f, -1e30f, -103.97f, -104.0f, 0.0f, -0.0f}, 1.5,
             [](double x) { return std::exp(x); });
}

TEST_CASE("math: e^x - 1 within 1.5 ulp for negative x") {
  std::vector<float> x = samples(1e-30f, 200, false);
  for (float& v : x) v = -v;
  check_ulps(fbs::UnaryKind::Elu, x, 1.5, [](double v) { return std::expm1(v); });
}

TEST_CASE("math: log within 1.5 ulp from subnormal numbers to the largest") {
  check_ulps(fbs::UnaryKind::Log, samples(1e-44f, 3.4e38f, false), 1.5, [](double x) { return std::log(x); });
}

TEST_CASE("math: tanh within 2 ulp") {
  check_ulps(fbs::UnaryKind::Tanh, samples(1e-37f, 200), 2, [](double x) { return std::tanh(x); });
}

TEST_CASE("math: sigmoid within 3 ulp while the result is normal") {
  check_ulps(fbs::UnaryKind::Sigmoid, samples(1e-37f, 87), 3, [](double x) { return 1 / (1 + std::exp(-x)); });
}

TEST_CASE("math: softplus within 3 ulp while the result is normal") {
  check_ulps(fbs::UnaryKind::Softplus, samples(1e-37f, 87), 3,
             [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); });
}

TEST_CASE("math: erf within 1e-7") {
  const std::vector<float> x = samples(1e-37f, 50);
  for (const Isa isa : machine_isas()) {
    CAPTURE(std::string(name_of(isa)));
    const std::vector<float> y = apply(isa, fbs::UnaryKind::Erf, x);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(y[i]) - std::erf(static_cast<double>(x[i]))));
    }
    MESSAGE("Erf " << std::string(name_of(isa)) << ": " << worst);
    CHECK(worst <= 1e-7);
  }
}

TEST_CASE("math: infinity and NaN") {
  struct Row {
    fbs::UnaryKind kind;
    float at_minus_infinity;
    float at_infinity;
  };
  const Row rows[] = {
      {fbs::UnaryKind::Exp, 0, kInfinity},
      {fbs::UnaryKind::Log, kNan, kInfinity},
      {fbs::UnaryKind::Tanh, -1, 1},
      {fbs::UnaryKind::Sigmoid, 0, 1},
      {fbs::UnaryKind::Erf, -1, 1},
      {fbs::UnaryKind::Elu, -1, kInfinity},
      {fbs::UnaryKind::Softplus, 0, kInfinity},
      {fbs::UnaryKind::Sqrt, kNan, kInfinity},
  };
  for (const Isa isa : machine_isas()) {
    CAPTURE(std::string(name_of(isa)));
    for (const Row& row : rows) {
      CAPTURE(std::string(fbs::EnumNameUnaryKind(row.kind)));
      const std::vector<float> y = apply(isa, row.kind, {-kInfinity, kInfinity, kNan});
      CHECK((std::isnan(row.at_minus_infinity) ? std::isnan(y[0]) : y[0] == row.at_minus_infinity));
      CHECK(y[1] == row.at_infinity);
      CHECK(std::isnan(y[2]));
    }
    CHECK(apply(isa, fbs::UnaryKind::Log, {0.0f})[0] == -kInfinity);
    CHECK(apply(isa, fbs::UnaryKind::Log, {-0.0f})[0] == -kInfinity);
  }
}

}  // namespace
}  // namespace lacuna
