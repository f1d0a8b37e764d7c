#include "converter/prune/push.h"

#include <algorithm>
#include <cmath>

#include "converter/prune/loss.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr float kStep = 0.02f;        ///< root mean square of what a step changes, in units of the sample's deviation
constexpr double kProbability = 0.9;  ///< of the class, at which a sample has gone far enough

double mean_square(const float* x, int64_t n, double about) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += (x[i] - about) * (x[i] - about);
  return sum / static_cast<double>(n);
}

double mean_of(const std::vector<float>& x) {
  double sum = 0;
  for (const float value : x) sum += value;
  return sum / static_cast<double>(x.size());
}

/// Moves x towards class `goal` of the logits.
void push(const Graph& graph, const Parameters& dense, ValueId logits, int64_t goal, Tape& tape,
          std::vector<float>& x) {
  const int64_t classes = count(graph.shape(logits)), n = static_cast<int64_t>(x.size());
  const double deviation = std::sqrt(mean_square(x.data(), n, mean_of(x)));
  std::vector<float> wanted(static_cast<size_t>(classes), -1e9f);  // all probability for the goal
  wanted[static_cast<size_t>(goal)] = 0;
  Parameters no_sums(dense.size());
  for (int step = 0; step < PushedSamples::kSteps; ++step) {
    tape.set_input(x);
    tape.forward(dense);
    tape.clear_gradients();
    const double left = divergence(wanted.data(), tape.value(logits), classes, 1, tape.gradient(logits));
    if (left < -std::log(kProbability)) return;
    tape.backward(dense, no_sums);
    const float* slope = tape.gradient(graph.inputs[0]);
    const double size = std::sqrt(mean_square(slope, n, 0));
    if (size == 0) return;
    const auto scale = static_cast<float>(kStep * deviation / size);
    for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] -= scale * slope[i];
  }
}

}  // namespace

PushedSamples::PushedSamples(const Samples& samples, const Graph& graph, const Parameters& dense,
                             const std::vector<Tap>& taps, size_t most, size_t threads, uint32_t seed)
    : samples_(samples) {
  const auto tap = std::find_if(taps.begin(), taps.end(), [](const Tap& t) { return t.classes; });
  if (tap == taps.end()) return;
  const Network network(graph);
  std::vector<std::unique_ptr<Tape>> tapes;
  for (size_t t = 0; t < threads; ++t) tapes.push_back(std::make_unique<Tape>(network, true));
  if (tapes[0]->gradient(graph.inputs[0]) == nullptr || tapes[0]->gradient(tap->id) == nullptr) return;
  pushed_.resize(std::min({samples.size(), kMost, most}));
  const auto classes = static_cast<uint32_t>(count(graph.shape(tap->id)));
  parallel_for(pushed_.size(), threads, [&](size_t i, size_t thread) {
    std::mt19937 rng(seed + static_cast<uint32_t>(i));
    pushed_[i] = samples.varied(i, rng);
    push(graph, dense, tap->id, rng() % classes, *tapes[thread], pushed_[i]);
  });
}

std::vector<float> PushedSamples::varied(size_t i, std::mt19937& rng) const {
  const bool pushed = i < pushed_.size() && rng() % 2 == 0;
  return pushed ? pushed_[i] : samples_.varied(i, rng);
}

}  // namespace lacuna::prune
