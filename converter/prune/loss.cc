#include "converter/prune/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lacuna::prune {
namespace {

/// Logarithms of the probabilities that n logits stand for.
std::vector<double> log_probabilities(const float* logits, int64_t n) {
  const double largest = *std::max_element(logits, logits + n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(logits[i] - largest);
  std::vector<double> logs;
  for (int64_t i = 0; i < n; ++i) logs.push_back(logits[i] - largest - std::log(sum));
  return logs;
}

}  // namespace

double squared_difference(const float* expected, const float* actual, int64_t n, double variance, double weight,
                          float* gradient) {
  const double scale = 1 / (static_cast<double>(n) * variance);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const float difference = actual[i] - expected[i];
    sum += static_cast<double>(difference) * difference;
    if (gradient != nullptr) gradient[i] += static_cast<float>(2 * weight * scale) * difference;
  }
  return scale * sum;
}

double divergence_of_odds(const float* expected, const float* actual, int64_t n, double variance, double weight,
                          float* gradient) {
  constexpr double kLeast = 1e-4;  // what floats hardly tell from 0 and 1
  const double scale = 1 / (2 * static_cast<double>(n) * variance);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double p = std::clamp(static_cast<double>(expected[i]), kLeast, 1 - kLeast);
    const double q = std::clamp(static_cast<double>(actual[i]), kLeast, 1 - kLeast);
    sum += p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
    if (gradient != nullptr) gradient[i] += static_cast<float>(weight * scale * (q - p) / (q * (1 - q)));
  }
  return scale * sum;
}

double divergence(const float* expected, const float* actual, int64_t n, double weight, float* gradient) {
  const std::vector<double> p = log_probabilities(expected, n), q = log_probabilities(actual, n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    sum += std::exp(p[at]) * (p[at] - q[at]);
    if (gradient != nullptr) gradient[i] += static_cast<float>(weight * (std::exp(q[at]) - std::exp(p[at])));
  }
  return sum;
}

}  // namespace lacuna::prune
