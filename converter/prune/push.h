// Samples that the dense network takes for other classes than those that they show.
#pragma once

#include <vector>

#include "converter/prune/distill.h"

namespace lacuna::prune {

/// Samples of which half of the varied ones have been moved up the gradient of the probability of a class, one chosen
/// at random for each: what later layers need for classes that no sample shows then varies as well. Adversarial
/// examples, in other words (Goodfellow, Shlens and Szegedy, 2015). Without logits of classes, or more samples than
/// kMost, some or all samples stay as they are.
class PushedSamples : public Samples {
 public:
  static constexpr size_t kMost = 256;
  /// Most runs of the dense network, forward and backward, that one takes.
  static constexpr int kSteps = 12;

  /// `samples` is borrowed; the rest is used here alone. At most `most` and kMost samples are pushed.
  PushedSamples(const Samples& samples, const Graph& graph, const Parameters& dense, const std::vector<Tap>& taps,
                size_t most, size_t threads, uint32_t seed);

  size_t size() const override { return samples_.size(); }
  std::vector<float> plain(size_t i) const override { return samples_.plain(i); }
  std::vector<float> varied(size_t i, std::mt19937& rng) const override;

  /// Sample by sample.
  const std::vector<std::vector<float>>& pushed() const { return pushed_; }

 private:
  const Samples& samples_;
  std::vector<std::vector<float>> pushed_;
};

}  // namespace lacuna::prune
