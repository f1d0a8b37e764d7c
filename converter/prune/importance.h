// How much the outputs of a network depend on each output channel of its layers.
#pragma once

#include <vector>

#include "converter/prune/distill.h"

namespace lacuna::prune {

/// For every layer, by node: how much all outputs, in units of their deviations, change for a small change of numbers
/// in a channel, squared and summed over them; in units of the mean over channels. Measured on `n` varied samples.
/// Empty where no gradient comes by.
std::vector<std::vector<float>> channel_importance(const Network& network, const std::vector<Tap>& taps,
                                                   const Parameters& dense, const Samples& samples, size_t n,
                                                   size_t threads);

/// Of two importances of the same channels, in units of the mean; the other one where one is empty.
std::vector<float> geometric_mean(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace lacuna::prune
