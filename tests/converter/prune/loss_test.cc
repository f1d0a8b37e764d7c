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

TEST_CASE("divergence_of_odds: of yes and no, near one half as the squared difference, finite where one is sure") {
  const Numbers even = {0.5f, 0.5f}, odd = {0.75f, 0.25f};
  CHECK(divergence_of_odds(even.data(), odd.data(), 2, 0.25) ==
        doctest::Approx((0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3)) / 2 / 0.25));
  const Numbers near = {0.51f, 0.5f};
  CHECK(divergence_of_odds(even.data(), near.data(), 2, 0.25) ==
        doctest::Approx(squared_difference(even.data(), near.data(), 2, 0.25)).epsilon(1e-2));
  const Numbers no = {0, 0}, yes = {1, 1};
  CHECK(divergence_of_odds(no.data(), yes.data(), 2, 1) == doctest::Approx(std::log(1e4) / 2).epsilon(1e-2));
  CHECK(divergence_of_odds(no.data(), no.data(), 2, 1) == doctest::Approx(0).scale(1));
  check_gradient([](const float* expected, const float* actual, int64_t n, double weight,
                    float* gradient) { return divergence_of_odds(expected, actual, n, 0.3, weight, gradient); },
                 {0.9f, 0.2f, 0.5f}, {0.6f, 0.3f, 0.45f});
}

}  // namespace
}  // namespace lacuna::prune
