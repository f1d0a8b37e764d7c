// A layer as least-squares problems, and how it is treated.
#pragma once

#include <vector>

#include "converter/prune/collect.h"
#include "converter/prune/layers.h"
#include "converter/prune/solver.h"

namespace lacuna::prune {

/// What other samples may need that these do not show.
struct Treatment {
  /// Added to the variance of every input, as part of their mean.
  double evenness = 0.05;
  /// Of all outputs of the layer, for what is lost in each; empty: all the same.
  std::vector<float> importance = {};
};

/// How masks are chosen.
enum class Effort : uint8_t {
  kNone,    ///< keep_by_magnitude()
  kLittle,  ///< choose_mask()
  kMuch,    ///< settle_mask()
};

/// One matrix of a layer, or some of its columns, as a least-squares problem.
struct Problem {
  int64_t group = 0, first = 0;  ///< first column
  Moments moments;
  Matrix weights;
  // By the treatment:
  Matrix h;  ///< damped
  Matrix targets;
  Matrix surgeon;                      ///< empty where masks are worth much effort
  std::vector<float> importance = {};  ///< of the rows
};

/// What solving gives.
struct Solution {
  std::vector<float> weights, bias;
  Mask mask;
  double error = 0;  ///< part of the variance of the layer's outputs
};

/// Problems of `weights`, not treated yet: one a group, more where a group has many columns.
std::vector<Problem> make_problems(Collector& collector, const PrunedLayer& layer, const std::vector<float>& weights);

/// Sets all that a treatment decides but the importance.
void even_out(double evenness, Effort effort, std::vector<Problem>& problems, size_t threads = 1);

/// `importance`: of all outputs of the layer, or empty.
void set_importance(const std::vector<float>& importance, const PrunedLayer& layer, std::vector<Problem>& problems);

/// Both.
void treat(const Treatment& treatment, Effort effort, const PrunedLayer& layer, std::vector<Problem>& problems,
           size_t threads = 1);

/// Chooses the mask and solves on it. `bias` is what the layer has so far.
Solution solve(const std::vector<Problem>& problems, const PrunedLayer& layer, Pattern pattern, double density,
               const std::vector<float>& bias, size_t threads = 1);

/// Keeps the largest of the weights, which stay as they are; `bias` stays as well.
Solution keep_by_magnitude(const std::vector<float>& weights, const PrunedLayer& layer, Pattern pattern, double density,
                           const std::vector<float>& bias);

/// About what part of the squares of the weights that takes: all groups together, of large layers some rows.
double lost_by_magnitude(const std::vector<float>& weights, const PrunedLayer& layer, Pattern pattern, double density);

/// What the mask alone costs, in a unit that all densities share. For little effort.
double loss_of_mask(const std::vector<Problem>& problems, Pattern pattern, double density);

/// For every output of the layer the inverse of its variance, about, in units of the mean of that: each counts alike
/// then, also one that these samples hardly stir.
std::vector<float> inverse_variances(const std::vector<Problem>& problems, const PrunedLayer& layer);

}  // namespace lacuna::prune
