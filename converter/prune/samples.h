// What a network is calibrated on.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace lacuna::prune {

/// Unlabelled samples of a network's only input.
class Samples {
 public:
  virtual ~Samples() = default;
  virtual size_t size() const = 0;
  /// Elements of sample i, as the network sees it in use.
  virtual std::vector<float> plain(size_t i) const = 0;
  /// Something alike that the network could see as well. May be called from several threads at once.
  virtual std::vector<float> varied(size_t i, std::mt19937& rng) const = 0;
};

}  // namespace lacuna::prune
