// Inputs of layers in the dense network and in the network pruned so far, layer by layer.
#pragma once

#include <vector>

#include "converter/prune/layers.h"
#include "converter/prune/network.h"
#include "converter/prune/samples.h"

namespace lacuna::prune {

constexpr int64_t kMaxColumns = 2304;  ///< that are solved for at a time; wider layers are cut into parts

/// Second moments of what a layer's columns meet, about the means. x: pruned network, d: dense one.
struct Moments {
  Matrix h;  ///< sum of x x^T
  Matrix g;  ///< sum of d x^T
  std::vector<float> mean_x, mean_d;
  /// Where the layer's output is added to another value, and its columns are all here: what that value has lost, e =
  /// dense - pruned. Empty otherwise.
  Matrix lost;  ///< sum of e x^T: [rows, columns]
  std::vector<float> mean_lost;
};

/// Rows of its input that are gathered for a layer, about: several for each column that is solved for at a time.
int64_t rows_to_gather(const PrunedLayer& layer);

/// Walks through a network in the order of its layers with all samples side by side. It holds the values that later
/// nodes want at one place of the network and computes on from there, so that no layer is run for each of those behind
/// it.
class Collector {
 public:
  /// Everything is borrowed. Both sets of parameters are the same before the network's first layer that is trained.
  /// `parameters` may change between calls, for the layers asked for and those behind them. `n` samples are looked at;
  /// those beyond the ones that are there are varied ones.
  Collector(const Network& network, const Parameters& dense, const Parameters& pruned, const Samples& samples, size_t n,
            size_t threads, uint32_t seed);

  /// Moments of one group of a layer, or only of columns [first, last) of it. Layers are asked for in their order.
  Moments moments(const PrunedLayer& layer, int64_t group, int64_t first, int64_t last);

 private:
  void advance(size_t node);
  void gather(const PrunedLayer& layer);
  std::vector<float> input_of(size_t sample) const;
  void restore(Tape& tape, size_t side, size_t sample) const;

  const Network& network_;
  const Parameters* parameters_[2];  ///< dense, pruned
  const Samples& source_;
  size_t threads_;
  uint32_t seed_;
  size_t samples_;
  size_t place_ = 0;                          ///< nodes before it have been run
  std::vector<Frontier> frontiers_[2];        ///< one a sample
  std::vector<std::unique_ptr<Tape>> tapes_;  ///< one a thread
  size_t gathered_node_;
  std::vector<std::vector<float>> inputs_[2];  ///< rows of all groups about their means, one entry a group
  std::vector<std::vector<float>> means_[2];   ///< that were taken out of their columns
  std::vector<float> lost_, mean_lost_;        ///< rows of what the other operand of a sum has lost, as inputs_
  int64_t gathered_rows_ = 0;
};

}  // namespace lacuna::prune
