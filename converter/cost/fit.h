// Fits costs to measured times.
#pragma once

#include <vector>

#include "converter/cost/profile.h"

namespace lacuna {

/// A layer that was timed.
struct Sample {
  fbs::Packing packing = fbs::Packing::None;
  LayerKind kind = LayerKind::kPointwise;
  TermCounts counts = {};
  double ns = 0;  ///< more than 0
};

/// Costs for every packing and kind among the samples: least squares of the relative error under the bound that no
/// cost is negative (coordinate descent on the normal equations, as in Franc, Hlavac and Navara, "Sequential
/// Coordinate-Wise Algorithm for the Non-negative Least Squares Problem", 2005), repeated with less weight on what
/// fits badly, so that a disturbed measurement does not bend the rest.
std::vector<LayerCosts> fit_costs(const std::vector<Sample>& samples);

/// Relative errors of predictions, as parts of the measured time.
struct FitError {
  double median = 0;
  double p90 = 0;
  double worst = 0;
};
FitError fit_error(const Profile& profile, const std::vector<Sample>& samples);

}  // namespace lacuna
