// How far n numbers of one network are from those of another, with gradients.
#pragma once

#include <cstdint>

namespace lacuna::prune {

/// Mean squared difference in units of `variance`. Adds `weight` times its gradient by `actual` where that is wanted.
double squared_difference(const float* expected, const float* actual, int64_t n, double variance, double weight = 0,
                          float* gradient = nullptr);

/// Kullback-Leibler divergence, in nats, of the probabilities that logits stand for. Gradient as above.
double divergence(const float* expected, const float* actual, int64_t n, double weight = 0, float* gradient = nullptr);

/// The same for n probabilities of yes or no, their mean, in units of twice `variance`: what is undecided counts as a
/// squared difference does.
double divergence_of_odds(const float* expected, const float* actual, int64_t n, double variance, double weight = 0,
                          float* gradient = nullptr);

}  // namespace lacuna::prune
