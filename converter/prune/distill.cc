#include "converter/prune/distill.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "converter/passes/rewrite.h"
#include "converter/prune/adam.h"
#include "converter/prune/loss.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr size_t kWeight = 1, kBias = 2;
constexpr size_t kVarianceSamples = 8, kMomentSamples = 16;
constexpr size_t kFewTaps = 4;  ///< with less of them behind linear layers, those behind activations serve as well
constexpr int64_t kFewestClasses = 10;  ///< of an output that is taken for logits
constexpr double kWarmupBatches = 20;
constexpr double kApart = 0.15;  ///< root mean square of what moving samples apart changes, in deviations of the values
constexpr int64_t kMostGiven = int64_t{40} << 20;  ///< floats that an OutputError holds of a place in the network
constexpr size_t kLanes = 4;  ///< sums of gradients that run side by side, whatever the number of threads

/// The value behind a layer once its activation and its sum are done; `linear` becomes whether there is no activation.
ValueId end_of_block(const Graph& graph, const Uses& uses, ValueId id, bool* linear) {
  *linear = true;
  for (;;) {
    if (is_output(graph, id) || uses.readers_of(id).size() != 1) return id;
    const Node& reader = graph.nodes[static_cast<size_t>(uses.readers_of(id)[0])];
    const bool unary = reader.attrs.type == fbs::OpAttrs::Unary;
    if (!unary && !is_sum(reader) && reader.attrs.type != fbs::OpAttrs::Affine) return id;
    *linear = *linear && !unary;
    id = reader.output;
  }
}

/// Mean square about the mean.
double variance_of(const std::vector<float>& numbers) {
  double sum = 0, squares = 0;
  for (const float x : numbers) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  const auto n = static_cast<double>(numbers.size());
  return std::max(squares / n - sum / n * (sum / n), 1e-12);
}

/// Moves the sums of all lanes into the first one.
void add_up(std::vector<Parameters>& lanes, size_t threads) {
  parallel_for(lanes[0].size(), threads, [&](size_t id, size_t) {
    for (size_t lane = 1; lane < lanes.size(); ++lane) {
      std::vector<float>& sums = lanes[lane][id];
      add_to(lanes[0][id].data(), sums.data(), static_cast<int64_t>(sums.size()));
      std::fill(sums.begin(), sums.end(), 0.0f);
    }
  });
}

struct Worker {
  explicit Worker(const Network& network) : dense(network, true), pruned(network, true) {}
  Tape dense, pruned;
};

/// Runs what both networks share, up to the first layer that is trained, in the dense one.
void run_front(const Network& network, const Parameters& dense, const std::vector<float>& x, Worker& worker) {
  worker.dense.set_input(x);
  worker.dense.forward(dense, 0, network.first_trained());
}

/// Runs what is behind that, from the same values.
void run_back(const Network& network, const Parameters& dense, const Parameters& pruned, Worker& worker) {
  const Graph& graph = network.graph();
  const size_t first = network.first_trained(), last = graph.nodes.size();
  for (const ValueId id : network.wanted_at(first)) {
    std::copy_n(worker.dense.value(id), count(graph.shape(id)), worker.pruned.value(id));
  }
  worker.dense.forward(dense, first, last);
  worker.pruned.forward(pruned, first, last);
}
/// A tap's part of the loss; adds its gradient where there is one.
double loss_at(const Tap& tap, const float* expected, const float* actual, int64_t n, float* gradient) {
  double loss = squared_difference(expected, actual, n, tap.variance, tap.weight, gradient);
  if (tap.classes) loss += divergence(expected, actual, n, tap.weight, gradient);
  if (tap.odds) loss += divergence_of_odds(expected, actual, n, tap.variance, tap.weight, gradient);
  return tap.weight * loss;
}

/// Sets the gradient at every tap and returns the sample's loss.
double compare(const Network& network, const std::vector<Tap>& taps, Worker& worker) {
  double loss = 0;
  for (const Tap& tap : taps) {
    float* gradient = worker.pruned.gradient(tap.id);
    if (gradient == nullptr) continue;
    loss += loss_at(tap, worker.dense.value(tap.id), worker.pruned.value(tap.id), count(network.graph().shape(tap.id)),
                    gradient);
  }
  return loss;
}

/// After run_back(): moves the values that both networks start from one step to where their outputs differ more, each
/// taken for what the other one ought to give. Samples for distillation that no sample shows (Micaelli and Storkey,
/// 2019).
void move_apart(const Network& network, const std::vector<Tap>& taps, const Parameters& dense, const Parameters& pruned,
                Worker& worker) {
  const Graph& graph = network.graph();
  worker.dense.clear_gradients();
  worker.pruned.clear_gradients();
  for (const Tap& tap : taps) {
    float *to_dense = worker.dense.gradient(tap.id), *to_pruned = worker.pruned.gradient(tap.id);
    if (!is_output(graph, tap.id) || to_dense == nullptr) continue;
    const float *x = worker.dense.value(tap.id), *y = worker.pruned.value(tap.id);
    const int64_t n = count(graph.shape(tap.id));
    loss_at(tap, x, y, n, to_pruned);
    loss_at(tap, y, x, n, to_dense);
  }
  Parameters no_sums(dense.size());
  worker.dense.backward(dense, no_sums);
  worker.pruned.backward(pruned, no_sums);
  for (const ValueId id : network.wanted_at(network.first_trained())) {
    const float *a = worker.dense.gradient(id), *b = worker.pruned.gradient(id);
    if (a == nullptr || b == nullptr) continue;
    std::vector<float> way(a, a + count(graph.shape(id)));
    add_to(way.data(), b, static_cast<int64_t>(way.size()));
    float* x = worker.dense.value(id);
    const double deviation = std::sqrt(variance_of({x, x + way.size()}));
    const double length = std::sqrt(static_cast<double>(dot(way.data(), way.data(), static_cast<int64_t>(way.size()))) /
                                    static_cast<double>(way.size()));
    if (!(length > 0)) continue;
    const auto scale = static_cast<float>(kApart * deviation / length);
    for (size_t i = 0; i < way.size(); ++i) x[i] += scale * way[i];
  }
}

/// Numbers of one vector that a softmax reads or that leave the network, many enough to be classes.
bool are_logits(const Graph& graph, const Uses& uses, ValueId id) {
  const Shape& shape = graph.shape(id);
  bool softmax = false;
  for (const int reader : uses.readers_of(id)) {
    softmax = softmax || graph.nodes[static_cast<size_t>(reader)].attrs.type == fbs::OpAttrs::Softmax;
  }
  return (softmax || is_output(graph, id)) && shape.rank > 0 && count(shape) == shape[shape.rank - 1] &&
         count(shape) >= kFewestClasses;
}

/// A sigmoid's output that leaves the network, maybe in another shape.
bool are_odds(const Graph& graph, const Uses& uses, ValueId id) {
  if (!is_output(graph, id)) return false;
  const Node* node = producer(graph, uses, id);
  while (node != nullptr &&
         (node->attrs.type == fbs::OpAttrs::Reshape || node->attrs.type == fbs::OpAttrs::Transpose)) {
    node = producer(graph, uses, node->inputs[0]);
  }
  return node != nullptr && node->attrs.type == fbs::OpAttrs::Unary &&
         node->attrs.AsUnary()->function.kind() == fbs::UnaryKind::Sigmoid;
}

/// Nodes whose parameters change, the first of those that share weights.
std::vector<size_t> find_trained(const Graph& graph, size_t first, const std::vector<Mask>& masks) {
  std::vector<size_t> nodes;
  std::set<ValueId> seen;
  for (size_t i = first; i < graph.nodes.size(); ++i) {
    if (!is_layer(graph.nodes[i])) continue;
    const ValueId weight = graph.nodes[i].inputs[kWeight];
    const Mask& mask = masks[static_cast<size_t>(weight)];
    const bool fixed = !mask.empty() && std::find(mask.begin(), mask.end(), 1) == mask.end();
    if (!fixed && seen.insert(weight).second) nodes.push_back(i);
  }
  return nodes;
}

}  // namespace

std::vector<Tap> find_taps(const Network& network, const Parameters& dense, const Samples& samples) {
  const Graph& graph = network.graph();
  const Uses uses(graph);
  std::set<ValueId> linear_ends, other_ends, last_ends;  // last: behind all linear ones
  for (size_t i = network.first_trained(); i < graph.nodes.size(); ++i) {
    if (!is_layer(graph.nodes[i])) continue;
    bool linear = false;
    const ValueId id = end_of_block(graph, uses, graph.nodes[i].output, &linear);
    if (is_output(graph, id)) continue;
    if (linear) last_ends.clear();
    if (!linear) last_ends.insert(id);
    (linear ? linear_ends : other_ends).insert(id);
  }
  std::set<ValueId> ends = linear_ends;
  const std::set<ValueId>& others = ends.size() < kFewTaps ? other_ends : last_ends;
  ends.insert(others.begin(), others.end());
  std::vector<Tap> taps;
  for (const ValueId id : ends) taps.push_back({id, 1, 1.0 / static_cast<double>(ends.size())});
  for (const ValueId id : graph.outputs) taps.push_back({id, 1, 1.0 / static_cast<double>(graph.outputs.size())});
  for (Tap& tap : taps) {
    tap.classes = are_logits(graph, uses, tap.id);
    tap.odds = are_odds(graph, uses, tap.id);
  }

  Tape tape(network, false);
  std::vector<std::vector<float>> seen(taps.size());
  for (size_t i = 0; i < std::min(kVarianceSamples, samples.size()); ++i) {
    tape.set_input(samples.plain(i));
    tape.forward(dense);
    for (size_t t = 0; t < taps.size(); ++t) {
      const float* at = tape.value(taps[t].id);
      seen[t].insert(seen[t].end(), at, at + count(graph.shape(taps[t].id)));
    }
  }
  for (size_t t = 0; t < taps.size(); ++t) taps[t].variance = variance_of(seen[t]);
  return taps;
}

OutputError::OutputError(const Network& network, const std::vector<Tap>& taps, const Parameters& dense,
                         const Samples& samples, size_t n, size_t threads)
    : network_(network), samples_(samples), dense_(std::min(n, samples.size())), given_(dense_.size()) {
  for (const Tap& tap : taps) {
    if (is_output(network.graph(), tap.id)) outputs_.push_back(tap);
  }
  for (size_t t = 0; t < threads; ++t) tapes_.push_back(std::make_unique<Tape>(network, false));
  parallel_for(dense_.size(), threads, [&](size_t i, size_t thread) { dense_[i] = run(dense, i, thread); });
}

void OutputError::begin(Tape& tape, size_t i) const {
  if (start_ == 0) tape.set_input(samples_.plain(i * samples_.size() / dense_.size()));
  tape.restore(given_[i]);
}

void OutputError::start_at(size_t node, const Parameters& parameters) {
  if (network_.floats_at(node) * static_cast<int64_t>(dense_.size()) > kMostGiven) return;
  parallel_for(dense_.size(), tapes_.size(), [&](size_t i, size_t thread) {
    Tape& tape = *tapes_[thread];
    begin(tape, i);
    tape.forward(parameters, start_, node);
    given_[i] = tape.frontier_at(node);
  });
  start_ = node;
}

std::vector<float> OutputError::run(const Parameters& parameters, size_t i, size_t thread) const {
  Tape& tape = *tapes_[thread];
  begin(tape, i);
  tape.forward(parameters, start_, network_.graph().nodes.size());
  std::vector<float> numbers;
  for (const Tap& tap : outputs_) {
    const float* at = tape.value(tap.id);
    numbers.insert(numbers.end(), at, at + count(network_.graph().shape(tap.id)));
  }
  return numbers;
}

Lost OutputError::of(const Parameters& pruned) const {
  std::vector<Lost> lost(dense_.size());
  parallel_for(lost.size(), tapes_.size(), [&](size_t i, size_t thread) {
    const std::vector<float> actual = run(pruned, i, thread);
    size_t at = 0;
    for (const Tap& tap : outputs_) {
      const int64_t n = count(network_.graph().shape(tap.id));
      const float *x = dense_[i].data() + at, *y = actual.data() + at;
      lost[i].error += squared_difference(x, y, n, tap.variance);
      lost[i].loss += loss_at(tap, x, y, n, nullptr);
      at += static_cast<size_t>(n);
    }
  });
  Lost mean;
  for (const Lost& sample : lost) {
    mean.error += sample.error / static_cast<double>(lost.size() * outputs_.size());
    mean.loss += sample.loss / static_cast<double>(lost.size());
  }
  return mean;
}

void distill(const Network& network, const std::vector<Tap>& taps, const Parameters& dense, Parameters& pruned,
             const std::vector<Mask>& masks, const Samples& samples, const DistillOptions& options,
             const DistillProgress& progress) {
  const Graph& graph = network.graph();
  const std::vector<InputMoments> inputs = measure_inputs(network, dense, samples, kMomentSamples);
  std::vector<LayerAdam> layers;
  Parameters zeros(pruned.size());
  for (const size_t i : find_trained(graph, network.first_trained(), masks)) {
    const Node& node = graph.nodes[i];
    layers.emplace_back(graph, node, inputs[i], dense, masks[static_cast<size_t>(node.inputs[kWeight])]);
    for (const size_t k : {kWeight, kBias}) {
      const auto id = static_cast<size_t>(node.inputs[k]);
      zeros[id].resize(pruned[id].size());
    }
  }
  std::vector<Parameters> lanes(kLanes, zeros);
  std::vector<std::unique_ptr<Worker>> workers;
  const size_t threads = std::min(options.threads, kLanes);
  for (size_t t = 0; t < threads; ++t) workers.push_back(std::make_unique<Worker>(network));

  std::vector<double> losses(options.batch);
  double time_part = 0;
  for (size_t step = 0; step < options.batches; ++step) {
    parallel_for(kLanes, threads, [&](size_t lane, size_t thread) {
      Worker& worker = *workers[thread];
      for (size_t i = lane; i < options.batch; i += kLanes) {
        std::seed_seq seeds{options.seed, static_cast<uint32_t>(step), static_cast<uint32_t>(i)};
        std::mt19937 rng(seeds);
        // Every sample comes once before any comes again.
        const size_t index = (step * options.batch + i) % samples.size();
        run_front(network, dense, samples.varied(index, rng), worker);
        run_back(network, dense, pruned, worker);
        if ((i / kLanes + step) % 2 == 0) {  // every second sample of every lane
          move_apart(network, taps, dense, pruned, worker);
          run_back(network, dense, pruned, worker);
        }
        worker.pruned.clear_gradients();
        losses[i] = compare(network, taps, worker);
        worker.pruned.backward(pruned, lanes[lane]);
      }
    });
    const double part = std::max(time_part, static_cast<double>(step) / static_cast<double>(options.batches));
    const double warm = std::min(1.0, static_cast<double>(step + 1) / kWarmupBatches);
    const double rate = options.rate * warm * 0.5 * (1 + std::cos(part * 3.14159265358979));
    add_up(lanes, threads);
    parallel_for(layers.size(), threads, [&](size_t i, size_t) { layers[i].step(lanes[0], rate, pruned); });
    double loss = 0;
    for (const double l : losses) loss += l;
    time_part = progress(step, loss / static_cast<double>(options.batch));
    if (time_part >= 1) return;
  }
}

}  // namespace lacuna::prune
