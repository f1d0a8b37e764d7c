// Losses against their definitions, gradients against differences of the losses.
#include "converter/prune/loss.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace lacuna::prune {
namespace {

using Numbers = std::vector<float>;
using Loss = std::function<double(const float*, const float*, int64_t, double, float*)>;

void check_gradient(const Loss& loss, const Numbers& expected, const Numbers& actual) {
  constexpr double kWeight = 0.7;
  constexpr float kStep = 1e-2f;
  const auto n = static_cast<int64_t>(actual.size());
  Numbers gradient(actual.size(), 1.0f);  // what is there stays
  loss(expected.data(), actual.data(), n, kWeight, gradient.data());
  for (size_t i = 0; i < actual.size(); ++i) {
    Numbers up = actual, down = actual;
    up[i] += kStep;
    down[i] -= kStep;
    const double slope =
        (loss(expected.data(), up.data(), n, 0, nullptr) - loss(expected.data(), down.data(), n, 0, nullptr)) /
        (2.0 * kStep);
    CHECK(gradient[i] == doctest::Approx(1 + kWeight * slope).epsilon(1e-3));
  }
}

const Numbers kExpected = {1, -2, 0.5f, 3}, kActual = {0, -1, 2, 2.5f};

TEST_CASE("squared_difference: in units of the variance") {
  CHECK(squared_difference(kExpected.data(), kActual.data(), 4, 2) == doctest::Approx((1 + 1 + 2.25 + 0.25) / 4 / 2));
  check_gradient([](const float* expected, const float* actual, int64_t n, double weight,
                    float* gradient) { return squared_difference(expected, actual, n, 2, weight, gradient); },
                 kExpected, kActual);
}

TEST_CASE("divergence: of probabilities, whatever is added to all logits") {
  const Numbers even = {0, 0}, odd = {0, std::log(3.0f)};
  CHECK(divergence(even.data(), odd.data(), 2) == doctest::Approx(0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3)));
  const Numbers shifted = {1001, 998, 1000.5f, 1003};
  CHECK(divergence(kExpected.data(), shifted.data(), 4) == doctest::Approx(0).scale(1));
  check_gradient(divergence, kExpected, kActual);
}

}  // namespace
}  // namespace lacuna::prune
