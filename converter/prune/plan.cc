#include "converter/prune/plan.h"

#include <algorithm>

namespace lacuna::prune {
namespace {

/// Products of the layer's weights with the moments that a solution takes: about 40 steps of conjugate gradients, and
/// the surgeon's sweep; that settling a mask takes; and that the losses of a mask at all densities take.
constexpr double kSolution = 45, kSettled = 200, kOwnLosses = 7;
constexpr double kFactoring = 2;  ///< cubes of the columns that make a surgeon
/// Of a layer whose treatments are all tried: solutions, and surgeons made for them; and of one that is tried once.
constexpr double kAllSolutions = 6, kAllSurgeons = 4, kSolutions = 2, kSurgeons = 1;

struct Cost {
  explicit Cost(const PrunedLayer& layer) {
    const auto columns = static_cast<double>(std::min(layer.columns, kMaxColumns));
    const double matrices = static_cast<double>(layer.groups * layer.columns) / columns;
    moments = 2 * static_cast<double>(rows_to_gather(layer)) * matrices * columns * columns;
    product = static_cast<double>(layer.weights()) * columns;
    surgeon = kFactoring * matrices * columns * columns * columns;
  }
  double moments, product, surgeon;
};

}  // namespace

std::vector<double> probing_macs(const PrunedLayer& layer, double run) {
  const Cost cost(layer);
  const auto tried = [&](double solutions, double surgeons) {
    return cost.moments + solutions * (kSolution * cost.product + run) + surgeons * cost.surgeon +
           kOwnLosses * cost.product;
  };
  return {0, tried(kSolutions, kSurgeons), tried(kAllSolutions, kAllSurgeons)};
}

std::vector<double> solving_macs(const PrunedLayer& layer) {
  const Cost cost(layer);
  const double solution = cost.moments + kSolution * cost.product;
  return {0, solution + cost.surgeon, solution + kSettled * cost.product};
}

std::vector<size_t> choose_levels(const std::vector<std::vector<double>>& costs, double macs) {
  std::vector<size_t> levels;
  double all = 0;
  for (const std::vector<double>& layer : costs) {
    levels.push_back(layer.size() - 1);
    all += layer.back();
  }
  const auto cost_of = [&](size_t i) { return costs[i][levels[i]]; };
  while (all > macs) {
    size_t most = 0;
    for (size_t i = 1; i < costs.size(); ++i) most = cost_of(i) > cost_of(most) ? i : most;
    const double before = cost_of(most);
    if (levels[most] == 0) break;
    do --levels[most];
    while (levels[most] > 0 && cost_of(most) >= before);
    all += cost_of(most) - before;
  }
  return levels;
}

}  // namespace lacuna::prune
