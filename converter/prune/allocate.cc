#include "converter/prune/allocate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "converter/cost/layer.h"

namespace lacuna::prune {
namespace {

constexpr size_t kSteps = 4096;
constexpr double kImpossible = std::numeric_limits<double>::infinity();

/// Steps of the budget that an option takes, never too few.
size_t steps_of(double cost, double budget) {
  const double steps = std::ceil(cost / budget * static_cast<double>(kSteps) - 1e-9);
  return steps <= 0 ? 0 : steps > static_cast<double>(kSteps) ? kSteps + 1 : static_cast<size_t>(steps);
}

Tensor patterned_weights(const Shape& shape, Pattern pattern, double density) {
  Matrix scores(shape[0], count(shape) / shape[0]);
  std::mt19937 rng(1);
  for (float& score : scores.data) score = 1.0f + static_cast<float>(rng() >> 8);
  const Mask mask = keep_largest(scores, pattern, density);
  Tensor weights(ElementType::kF32, shape);
  std::copy(mask.begin(), mask.end(), weights.f32.begin());
  return weights;
}

}  // namespace

std::vector<size_t> allocate(const std::vector<std::vector<Option>>& layers, double budget) {
  std::vector<double> best(kSteps + 1, kImpossible);  // by steps taken so far
  best[0] = 0;
  std::vector<std::vector<uint16_t>> chosen;
  for (const std::vector<Option>& options : layers) {
    std::vector<double> next(kSteps + 1, kImpossible);
    std::vector<uint16_t> choice(kSteps + 1, 0);
    for (size_t o = 0; o < options.size(); ++o) {
      const size_t steps = steps_of(options[o].cost, budget);
      for (size_t at = steps; at <= kSteps; ++at) {
        const double loss = best[at - steps] + options[o].loss;
        if (loss >= next[at]) continue;
        next[at] = loss;
        choice[at] = static_cast<uint16_t>(o);
      }
    }
    best = std::move(next);
    chosen.push_back(std::move(choice));
  }
  const auto least = std::min_element(best.begin(), best.end());
  if (*least == kImpossible) return {};
  auto at = static_cast<size_t>(least - best.begin());
  std::vector<size_t> result(layers.size());
  for (size_t i = layers.size(); i-- > 0;) {
    result[i] = chosen[i][at];
    at -= steps_of(layers[i][result[i]].cost, budget);
  }
  return result;
}

double predict_us(const Graph& graph, const PrunedLayer& layer, Pattern pattern, double density,
                  const CostModel& costs) {
  const Layer description = layer_of(graph, graph.nodes[layer.node]);
  const PackedAttrs attrs(description.attrs);
  const Tensor weights = patterned_weights(description.weight, pattern, density);
  double best = 0;
  for (const fbs::Packing packing : packings_of(description)) {
    const WeightBytes packed = host_op(description.attrs.type).pack(attrs.table(), weights, nullptr, packing);
    const auto us =
        costs.microseconds(kind_of(description, packing), packing, count_terms(description, size_of(packed)));
    if (us && (best == 0 || *us < best)) best = *us;
  }
  return best;
}

}  // namespace lacuna::prune
