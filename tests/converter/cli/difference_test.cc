#include "converter/cli/difference.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace lacuna {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

Difference difference(const std::vector<float>& actual, const std::vector<float>& expected) {
  const Shape shape = make_shape({1, static_cast<int64_t>(expected.size())});
  return largest_difference(Tensor(shape, actual), Tensor(shape, expected));
}

TEST_CASE("difference: the worst element, relative to the largest expected") {
  const Difference found = difference({1, 2.5f, -4}, {1, 2, -4});
  CHECK(found.absolute == 0.5);
  CHECK(found.relative == 0.125);
  CHECK(found.where == make_shape({0, 1}));
  CHECK(found.actual == 2.5);
  CHECK(found.expected == 2);
}

TEST_CASE("difference: NaN and infinities must be in the same places") {
  CHECK(difference({kNan, kInf, -kInf, 1}, {kNan, kInf, -kInf, 1}).relative == 0);
  CHECK(difference({1, kNan}, {1, 1}).relative == kInf);
  CHECK(difference({1, 1}, {1, kNan}).relative == kInf);
  CHECK(difference({1, kInf}, {1, -kInf}).relative == kInf);
  CHECK(difference({1, 1}, {1, kInf}).relative == kInf);
}

TEST_CASE("difference: zeros and denormals") {
  CHECK(difference({0, -0.0f}, {0, 0}).relative == 0);
  CHECK(difference({1e-3f, 0}, {0, 0}).relative > 1);
  CHECK(difference({0}, {1e-44f}).relative < 1e-5);
}

}  // namespace
}  // namespace lacuna
