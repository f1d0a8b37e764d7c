// Samples of no meaning.
#pragma once

#include "converter/prune/samples.h"

namespace lacuna::prune {

/// Varied ones are normal numbers, plain ones are ones.
class Noise : public Samples {
 public:
  explicit Noise(size_t floats, size_t size = 8) : floats_(floats), size_(size) {}
  size_t size() const override { return size_; }
  std::vector<float> plain(size_t) const override { return std::vector<float>(floats_, 1.0f); }
  std::vector<float> varied(size_t, std::mt19937& rng) const override {
    std::normal_distribution<float> normal;
    std::vector<float> x(floats_);
    for (float& v : x) v = normal(rng);
    return x;
  }

 private:
  size_t floats_, size_;
};

}  // namespace lacuna::prune
