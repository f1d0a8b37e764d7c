#include "converter/prune/importance.h"

#include <algorithm>
#include <cmath>

#include "converter/passes/rewrite.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr size_t kWeight = 1;
/// Added to every channel, of the mean: other samples may need what these do not.
constexpr double kLeast = 0.05;

using ByNode = std::vector<std::vector<float>>;

/// Sets random signs as the gradient at the outputs, each output in units of its deviation. The mean square of what
/// comes back is then the sum over all outputs of their squared slopes.
void set_signs(const Network& network, const std::vector<Tap>& taps, std::mt19937& rng, Tape& tape) {
  tape.clear_gradients();
  for (const Tap& tap : taps) {
    float* gradient = tape.gradient(tap.id);
    if (!is_output(network.graph(), tap.id) || gradient == nullptr) continue;
    const int64_t n = count(network.graph().shape(tap.id));
    const auto unit = static_cast<float>(1 / std::sqrt(tap.variance * static_cast<double>(n)));
    for (int64_t i = 0; i < n; ++i) gradient[i] += rng() % 2 == 0 ? unit : -unit;
  }
}

/// Sums of the squares of each output channel's gradients.
std::vector<float> squares_of(const Graph& graph, const Node& node, const float* gradient) {
  const int64_t channels = graph.shape(node.inputs[kWeight])[0], all = count(graph.shape(node.output));
  const int64_t inner = inner_of(graph, node);
  std::vector<float> squares(static_cast<size_t>(channels));
  for (int64_t i = 0; i < all; i += inner) {
    squares[static_cast<size_t>(i / inner % channels)] += dot(gradient + i, gradient + i, inner);
  }
  return squares;
}

ByNode squares_of_sample(const Network& network, const std::vector<Tap>& taps, const Parameters& dense,
                         const std::vector<float>& x, std::mt19937& rng, Tape& tape) {
  const Graph& graph = network.graph();
  Parameters no_sums(dense.size());
  tape.set_input(x);
  tape.forward(dense);
  set_signs(network, taps, rng, tape);
  tape.backward(dense, no_sums);
  ByNode squares(graph.nodes.size());
  for (size_t i = network.first_trained(); i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const float* gradient = is_layer(node) ? tape.gradient(node.output) : nullptr;
    if (gradient != nullptr) squares[i] = squares_of(graph, node, gradient);
  }
  return squares;
}

/// In units of their mean.
void normalize(std::vector<float>& squares) {
  double sum = 0;
  for (const float x : squares) sum += x;
  const double mean = sum / static_cast<double>(squares.size());
  for (float& x : squares) x = mean > 0 ? static_cast<float>((x / mean + kLeast) / (1 + kLeast)) : 1.0f;
}

}  // namespace

std::vector<std::vector<float>> channel_importance(const Network& network, const std::vector<Tap>& taps,
                                                   const Parameters& dense, const Samples& samples, size_t n,
                                                   size_t threads) {
  std::vector<std::unique_ptr<Tape>> tapes;
  for (size_t t = 0; t < threads; ++t) tapes.push_back(std::make_unique<Tape>(network, true));
  std::vector<ByNode> by_sample(n);
  parallel_for(n, threads, [&](size_t s, size_t thread) {
    std::mt19937 rng(static_cast<uint32_t>(s));
    const std::vector<float> x = samples.varied(s * samples.size() / n, rng);
    by_sample[s] = squares_of_sample(network, taps, dense, x, rng, *tapes[thread]);
  });
  ByNode importance = std::move(by_sample[0]);
  for (size_t i = 0; i < importance.size(); ++i) {
    for (size_t s = 1; s < n; ++s) {
      const std::vector<float>& more = by_sample[s][i];
      add_to(importance[i].data(), more.data(), static_cast<int64_t>(more.size()));
    }
    normalize(importance[i]);
  }
  return importance;
}

std::vector<float> geometric_mean(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  std::vector<float> means;
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    means.push_back(std::sqrt(a[i] * b[i]));
    sum += means.back();
  }
  const auto unit = static_cast<float>(sum / static_cast<double>(means.size()));
  for (float& mean : means) mean /= unit;
  return means;
}

}  // namespace lacuna::prune
