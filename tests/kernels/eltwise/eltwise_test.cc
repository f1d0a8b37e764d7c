// Every elementwise kernel of every tier: runs of any length end exactly where they should, in place and not.
#include "kernels/eltwise/eltwise.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "kernels/eltwise/cases.h"
#include "tests/support/guarded_memory.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

constexpr size_t kMostElements = 64;

/// n floats that end where readable memory does.
struct Run {
  explicit Run(size_t n, float first = 0)
      : memory(kMostElements * sizeof(float)), data(memory.floats() + kMostElements - n) {
    for (size_t i = 0; i < n; ++i) data[i] = first + static_cast<float>(i) / 16;
  }
  GuardedMemory memory;
  float* data;
};

const EltwiseKernels& kernels_of(Isa isa) {
  const EltwiseEntry& entry = select_eltwise(up_to(isa));
  REQUIRE(entry.isa == isa);
  return *entry.kernels;
}

TEST_CASE("unary kernels write n elements, in place as elsewhere") {
  for (const Isa isa : machine_isas()) {
    for (int kind = 0; kind < kUnaryKinds; ++kind) {
      const UnaryFunction function = kernels_of(isa).unary[kind];
      for (const size_t n : {0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 63}) {
        CAPTURE(std::string(name_of(isa)));
        CAPTURE(kind);
        CAPTURE(n);
        const Run x(n, 0.5f), y(n);
        if (n < kMostElements) y.data[-1] = 77;
        function(x.data, y.data, n, 0.5f, 2.0f);
        CHECK(y.data[-1] == 77);
        function(x.data, x.data, n, 0.5f, 2.0f);
        CHECK(std::memcmp(x.data, y.data, n * sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("an element gives the same result wherever it stands in a run") {
  for (const Isa isa : machine_isas()) {
    for (int kind = 0; kind < kUnaryKinds; ++kind) {
      CAPTURE(std::string(name_of(isa)));
      CAPTURE(kind);
      const Run x(37, 0.25f), y(37);
      const UnaryFunction function = kernels_of(isa).unary[kind];
      function(x.data, y.data, 37, 0.5f, 2.0f);
      for (size_t i = 0; i < 37; ++i) {
        float alone;
        function(x.data + i, &alone, 1, 0.5f, 2.0f);
        CHECK(std::memcmp(&alone, y.data + i, sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("binary kernels take any step and write n elements, in place as elsewhere") {
  for (const Isa isa : machine_isas()) {
    for (int kind = 0; kind < kBinaryKinds; ++kind) {
      const BinaryFunction function = kernels_of(isa).binary[kind];
      for (const size_t n : {1, 4, 7, 8, 17, 21}) {
        for (const size_t a_step : {0, 1, 3}) {
          for (const size_t b_step : {0, 1, 2}) {
            CAPTURE(std::string(name_of(isa)));
            CAPTURE(kind);
            CAPTURE(n);
            CAPTURE(a_step);
            CAPTURE(b_step);
            const Run a((n - 1) * a_step + 1, 1), b((n - 1) * b_step + 1, 2), y(n), one_by_one(n);
            const auto length = static_cast<int64_t>(n);
            function(a.data, static_cast<int64_t>(a_step), b.data, static_cast<int64_t>(b_step), y.data, length);
            for (size_t i = 0; i < n; ++i) {
              function(a.data + i * a_step, 1, b.data + i * b_step, 1, one_by_one.data + i, 1);
              // A simple exponent of a whole run has a shorter way.
              CHECK(y.data[i] == doctest::Approx(one_by_one.data[i]).epsilon(1e-6));
            }
            if (a_step == 1) {
              function(a.data, 1, b.data, static_cast<int64_t>(b_step), a.data, length);
              CHECK(std::memcmp(a.data, y.data, n * sizeof(float)) == 0);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("activations: null is Identity, unknown kinds are refused") {
  lacuna_error error = {};
  CHECK(check_activation(nullptr, &error) == LACUNA_OK);
  CHECK((bind_activation(nullptr, kScalar).function == nullptr));
  const fbs::Activation identity(fbs::UnaryKind::Identity, 0, 0);
  CHECK((bind_activation(&identity, kScalar).function == nullptr));
  const fbs::Activation last(fbs::UnaryKind::MAX, 0, 0);
  CHECK(check_activation(&last, &error) == LACUNA_OK);
  const fbs::Activation unknown(static_cast<fbs::UnaryKind>(kUnaryKinds), 0, 0);
  CHECK(check_activation(&unknown, &error) == LACUNA_ERROR_MEANING);
  CHECK(std::strlen(error.message) > 0);
}

}  // namespace
}  // namespace lacuna
