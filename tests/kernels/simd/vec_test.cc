// Every function of every tier's Vec, lane by lane against plain C++.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "platforms/cpu_features.h"
#include "tests/kernels/simd/vec_functions.h"
#include "tests/support/guarded_memory.h"

namespace lacuna {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Tier {
  const char* name;
  const VecFunctions* functions;
};

std::vector<Tier> machine_tiers() {
  std::vector<Tier> tiers = {{"scalar", &kVecScalar}};
#if defined(__x86_64__)
  if ((cpu_isas() & kAvx2) != 0) tiers.push_back({"avx2", &kVecAvx2});
  if ((cpu_isas() & kAvx512) != 0) tiers.push_back({"avx512", &kVecAvx512});
#endif
#if __ARM_ARCH >= 7
  if ((cpu_isas() & kNeon) != 0) tiers.push_back({"neon", &kVecNeon});
#endif
  return tiers;
}

using Lanes = std::vector<float>;

bool same(float a, float b) {
  if (std::isnan(b)) return std::isnan(a);
  return a == b && std::signbit(a) == std::signbit(b);
}

void check_lanes(const Lanes& actual, const Lanes& expected) {
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CAPTURE(actual[i]);
    CAPTURE(expected[i]);
    CHECK(same(actual[i], expected[i]));
  }
}

/// Boundaries first, in every lane in turn, then random numbers.
Lanes operand(std::mt19937& rng, const VecFunctions& vec, int round) {
  static const float kBoundaries[] = {0.0f,  -0.0f, 0.5f,      -0.5f,      1.5f,  2.5f, -2.5f, 1e-30f,
                                      3e38f, -1.0f, kInfinity, -kInfinity, 0.25f, 7.0f, 1.0f,  -8388609.0f};
  std::uniform_real_distribution<float> uniform(-100, 100);
  Lanes lanes(static_cast<size_t>(vec.lanes));
  for (size_t i = 0; i < lanes.size(); ++i) {
    const size_t boundary = i + static_cast<size_t>(round) * 5;
    lanes[i] = round < 6 ? kBoundaries[boundary % std::size(kBoundaries)] : uniform(rng);
  }
  return lanes;
}

template <class Check>
void for_each_tier(Check check) {
  for (const Tier& tier : machine_tiers()) {
    CAPTURE(std::string(tier.name));
    check(*tier.functions, static_cast<size_t>(tier.functions->lanes));
  }
}

TEST_CASE("Vec: arithmetic and comparisons of two operands") {
  std::mt19937 rng(1);
  for_each_tier([&](const VecFunctions& vec, size_t n) {
    for (int round = 0; round < 30; ++round) {
      const Lanes a = operand(rng, vec, round), b = operand(rng, vec, (round + 1) % 30);
      const auto check = [&](const char* name, void (*function)(const float*, const float*, float*), auto expected) {
        CAPTURE(std::string(name));
        Lanes y(n), expectation(n);
        function(a.data(), b.data(), y.data());
        for (size_t i = 0; i < n; ++i) expectation[i] = expected(a[i], b[i]);
        check_lanes(y, expectation);
      };
      check("add", vec.add, [](float p, float q) { return p + q; });
      check("sub", vec.sub, [](float p, float q) { return p - q; });
      check("mul", vec.mul, [](float p, float q) { return p * q; });
      check("div", vec.div, [](float p, float q) { return p / q; });
      check("min", vec.min, [](float p, float q) { return p < q ? p : q; });
      check("max", vec.max, [](float p, float q) { return p > q ? p : q; });
      check("less", vec.less, [](float p, float q) { return p < q ? 1.0f : 0.0f; });
      check("less_equal", vec.less_equal, [](float p, float q) { return p <= q ? 1.0f : 0.0f; });
      check("equal", vec.equal, [](float p, float q) { return p == q ? 1.0f : 0.0f; });
    }
  });
}

TEST_CASE("Vec: min and max keep a NaN of the second operand, comparisons with NaN are false") {
  for_each_tier([](const VecFunctions& vec, size_t n) {
    const Lanes nans(n, kNan), twos(n, 2.0f);
    Lanes y(n);
    for (const auto either : {vec.min, vec.max}) {
      either(nans.data(), twos.data(), y.data());
      for (const float lane : y) CHECK((std::isnan(lane) || lane == 2.0f));
    }
    vec.min(twos.data(), nans.data(), y.data());
    check_lanes(y, nans);
    vec.max(twos.data(), nans.data(), y.data());
    check_lanes(y, nans);
    for (const auto compare : {vec.less, vec.less_equal, vec.equal}) {
      compare(nans.data(), twos.data(), y.data());
      check_lanes(y, Lanes(n, 0.0f));
    }
    vec.equal(nans.data(), nans.data(), y.data());
    check_lanes(y, Lanes(n, 0.0f));
  });
}

TEST_CASE("Vec: functions of one operand") {
  std::mt19937 rng(2);
  for_each_tier([&](const VecFunctions& vec, size_t n) {
    for (int round = 0; round < 30; ++round) {
      const Lanes x = operand(rng, vec, round);
      const auto check = [&](const char* name, void (*function)(const float*, float*), auto expected) {
        CAPTURE(std::string(name));
        Lanes y(n), expectation(n);
        function(x.data(), y.data());
        for (size_t i = 0; i < n; ++i) expectation[i] = expected(x[i]);
        check_lanes(y, expectation);
      };
      check("neg", vec.neg, [](float v) { return -v; });
      check("abs", vec.abs, [](float v) { return std::abs(v); });
      check("sqrt", vec.sqrt, [](float v) { return std::sqrt(v); });
      check("round", vec.round, [](float v) { return std::nearbyint(v); });
      check("floor", vec.floor, [](float v) { return std::floor(v); });
    }
  });
}

TEST_CASE("Vec: fma is a product and a sum, rounded once or twice") {
  std::mt19937 rng(3);
  for_each_tier([&](const VecFunctions& vec, size_t n) {
    for (int round = 6; round < 30; ++round) {
      const Lanes a = operand(rng, vec, round), b = operand(rng, vec, round), c = operand(rng, vec, round);
      Lanes y(n);
      vec.fma(a.data(), b.data(), c.data(), y.data());
      for (size_t i = 0; i < n; ++i) CHECK((y[i] == std::fma(a[i], b[i], c[i]) || y[i] == a[i] * b[i] + c[i]));
    }
  });
}

TEST_CASE("Vec: powers of two and their inverse") {
  for_each_tier([](const VecFunctions& vec, size_t n) {
    Lanes x(n), y(n), mantissa(n), exponent(n);
    for (int first = -126; first <= 127; ++first) {
      for (size_t i = 0; i < n; ++i) x[i] = static_cast<float>(std::min(first + static_cast<int>(i), 127));
      vec.exp2_whole(x.data(), y.data());
      for (size_t i = 0; i < n; ++i) {
        CHECK(y[i] == std::ldexp(1.0f, static_cast<int>(x[i])));
        y[i] *= 1.75f;
      }
      vec.split_exponent(y.data(), mantissa.data(), exponent.data());
      check_lanes(mantissa, Lanes(n, 1.75f));
      check_lanes(exponent, x);
    }
  });
}

TEST_CASE("Vec: lanes of one value and reductions") {
  std::mt19937 rng(4);
  for_each_tier([&](const VecFunctions& vec, size_t n) {
    Lanes y(n);
    vec.splat(2.5f, y.data());
    check_lanes(y, Lanes(n, 2.5f));
    for (int round = 6; round < 30; ++round) {
      const Lanes x = operand(rng, vec, round);
      double sum = 0;
      for (const float v : x) sum += static_cast<double>(v);
      CHECK(static_cast<double>(vec.sum(x.data())) == doctest::Approx(sum).epsilon(1e-4));
      CHECK(vec.max_lane(x.data()) == *std::max_element(x.begin(), x.end()));
      CHECK(vec.min_lane(x.data()) == *std::min_element(x.begin(), x.end()));
    }
  });
}

TEST_CASE("Vec: runs of one to seven vectors") {
  for_each_tier([](const VecFunctions& vec, size_t n) {
    Lanes x(28 * n), y(28 * n, -1.0f);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    vec.copy_runs(x.data(), y.data());
    check_lanes(y, x);
  });
}

TEST_CASE("Vec: partial loads and stores touch their lanes alone") {
  for_each_tier([](const VecFunctions& vec, size_t n) {
    for (int count = 0; count <= vec.lanes; ++count) {
      CAPTURE(count);
      // The lanes end where readable memory does; what is in front of them must stay.
      const GuardedMemory memory(kAlignment);
      float* end = memory.floats() + kAlignment / sizeof(float);
      float* first = end - count;
      Lanes expected(n, 0.0f), y(n, -1.0f);
      for (int i = 0; i < count; ++i) first[i] = expected[static_cast<size_t>(i)] = static_cast<float>(i + 1);
      vec.load_first(first, count, y.data());
      check_lanes(y, expected);

      Lanes x(n);
      for (size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i) + 0.5f;
      if (first > memory.floats()) first[-1] = 77;
      vec.store_first(x.data(), count, first);
      for (int i = 0; i < count; ++i) CHECK(first[i] == x[static_cast<size_t>(i)]);
      if (first > memory.floats()) CHECK(first[-1] == 77);
    }
  });
}

TEST_CASE("Vec: strided loads read each element and nothing behind the last") {
  for_each_tier([](const VecFunctions& vec, size_t n) {
    for (const int64_t step : {0, 1, 2, 3, 7}) {
      CAPTURE(step);
      const size_t elements = static_cast<size_t>(step) * (n - 1) + 1;
      const size_t bytes = align_up(elements * sizeof(float));
      const GuardedMemory memory(bytes);
      float* x = memory.floats() + bytes / sizeof(float) - elements;
      Lanes expected(n), y(n);
      for (size_t i = 0; i < elements; ++i) x[i] = static_cast<float>(i);
      for (size_t i = 0; i < n; ++i) expected[i] = static_cast<float>(i * static_cast<size_t>(step));
      vec.load_strided(x, step, y.data());
      check_lanes(y, expected);
    }
  });
}

TEST_CASE("Vec: lanes change their places") {
  for_each_tier([&](const VecFunctions& vec, size_t n) {
    Lanes both(2 * n), y(n), expected(n);
    for (size_t i = 0; i < both.size(); ++i) both[i] = static_cast<float>(i + 1);
    const float* a = both.data();
    const float* b = a + n;
    const auto check = [&](const auto& lane_of) {
      for (size_t i = 0; i < n; ++i) expected[i] = lane_of(i);
      check_lanes(y, expected);
    };
    for (const auto function : {vec.even_lanes, vec.even_lanes_in_order}) {
      function(a, b, y.data());
      check([&](size_t i) { return both[2 * i]; });
    }
    for (const auto function : {vec.odd_lanes, vec.odd_lanes_in_order}) {
      function(a, b, y.data());
      check([&](size_t i) { return both[2 * i + 1]; });
    }
    for (size_t first = 0; first <= n; ++first) {
      CAPTURE(first);
      vec.lanes_from(a, b, static_cast<int>(first), y.data());
      check([&](size_t i) { return both[first + i]; });
      vec.select_first(a, b, static_cast<int>(first), y.data());
      check([&](size_t i) { return i < first ? a[i] : b[i]; });
    }
    std::vector<int32_t> at(n);
    for (size_t i = 0; i < n; ++i) at[i] = static_cast<int32_t>((i * 5 + 3) % n);
    vec.lookup(a, at.data(), y.data());
    check([&](size_t i) { return a[at[i]]; });
    for (size_t i = 0; i < n; ++i) at[i] = static_cast<int32_t>((i * 7 + 1) % (2 * n)) - 1;
    vec.lookup_next(a, b, at.data(), y.data());
    check([&](size_t i) { return both[static_cast<size_t>(at[i] + 1)]; });
    for (size_t i = 0; i < n; ++i) at[i] = static_cast<int32_t>((i * 7 + 1) % (2 * n));
    vec.gather(a, at.data(), y.data());
    check([&](size_t i) { return both[static_cast<size_t>(at[i])]; });
  });
}

TEST_CASE("Vec: masked lanes are zeros, and their memory is not touched") {
  for_each_tier([&](const VecFunctions& vec, size_t n) {
    GuardedMemory memory(n * sizeof(float));
    std::fill_n(memory.floats(), n, 2.0f);
    for (const uint32_t bits : {0u, 1u, 0x5555u, 0x0ff0u, 0xffffu}) {
      CAPTURE(bits);
      Lanes y(n), expected(n);
      for (size_t i = 0; i < n; ++i) expected[i] = (bits >> i & 1) != 0 ? 2.0f : 0.0f;
      vec.load_masked(memory.floats(), bits, y.data());
      check_lanes(y, expected);
      vec.keep(memory.floats(), bits, y.data());
      check_lanes(y, expected);
    }
    Lanes y(n);
    vec.load_masked(memory.floats() + n, 0, y.data());  // the guard page
    check_lanes(y, Lanes(n, 0.0f));
  });
}

}  // namespace
}  // namespace lacuna
