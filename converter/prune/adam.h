// Adam (Kingma and Ba, 2015) on a layer, in coordinates that fit the layer's inputs.
#pragma once

#include <vector>

#include "converter/ir/graph.h"
#include "converter/prune/network.h"
#include "converter/prune/samples.h"
#include "converter/prune/solver.h"

namespace lacuna::prune {

/// Of each channel of a layer's input, or of each column for a fully connected one.
struct InputMoments {
  std::vector<float> mean;
  std::vector<float> deviation;  ///< above zero, and no less than a part of the mean one
};

/// Inputs of layers by node, empty for other nodes, over `n` varied samples.
std::vector<InputMoments> measure_inputs(const Network& network, const Parameters& parameters, const Samples& samples,
                                         size_t n);

/// Steps of the weights W and the bias b of a layer, written as y = W (x - m) + c with the means m of its inputs, so
/// that W need not make up for what c does. Weights count in units that give every input the same deviation, and move
/// in proportion to the magnitude of their row.
class LayerAdam {
 public:
  /// `start` gives magnitudes. `mask` outlives it; only weights where it is 1 move, all where it is empty.
  LayerAdam(const Graph& graph, const Node& node, const InputMoments& inputs, const Parameters& start,
            const Mask& mask);

  /// Takes and clears the layer's part of `gradients`. `rate` is the largest change, as part of the magnitude.
  void step(Parameters& gradients, double rate, Parameters& parameters);

 private:
  float* row(Matrix& by_group, int64_t i) { return by_group.row(i * by_group.rows / rows_); }

  size_t weight_, bias_;
  const Mask* mask_;
  int64_t rows_, columns_;
  Matrix means_, units_;           ///< [groups, columns]
  std::vector<float> magnitudes_;  ///< of a row's weights, in units
  std::vector<float> mean_, square_, bias_mean_, bias_square_;
  double mean_power_ = 1, square_power_ = 1;  ///< what the averages still hold of their zeros at the start
};

}  // namespace lacuna::prune
