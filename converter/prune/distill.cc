#include "converter/prune/distill.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "converter/passes/rewrite.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr size_t kVarianceSamples = 8;
constexpr size_t kFewTaps = 4;  ///< with less of them behind linear layers, those behind activations serve as well
constexpr double kWarmupBatches = 20;
constexpr size_t kLanes = 4;  ///< sums of gradients that run side by side, whatever the number of threads
constexpr float kBeta1 = 0.9f, kBeta2 = 0.98f, kEpsilon = 1e-8f;

bool is_layer(const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Conv || node.attrs.type == fbs::OpAttrs::FullyConnected;
}

bool is_sum(const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Binary && node.attrs.AsBinary()->kind == fbs::BinaryKind::Add;
}

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

struct Worker {
  Worker(const Network& network) : dense(network, false), pruned(network, true) {}
  Tape dense, pruned;
};

/// Sets the gradient at every tap and returns the sample's loss.
double compare(const Network& network, const std::vector<Tap>& taps, Worker& worker) {
  double loss = 0;
  for (const Tap& tap : taps) {
    const int64_t n = count(network.graph().shape(tap.id));
    const float *expected = worker.dense.value(tap.id), *actual = worker.pruned.value(tap.id);
    float* gradient = worker.pruned.gradient(tap.id);
    const double scale = tap.weight / (static_cast<double>(n) * tap.variance);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const float difference = actual[i] - expected[i];
      sum += static_cast<double>(difference) * difference;
      if (gradient != nullptr) gradient[i] += static_cast<float>(2 * scale) * difference;
    }
    loss += scale * sum;
  }
  return loss;
}

void set_input(const Network& network, Tape& tape, const std::vector<float>& x) {
  std::copy(x.begin(), x.end(), tape.value(network.graph().inputs[0]));
}

}  // namespace

std::vector<Tap> find_taps(const Network& network, const Parameters& dense, const Samples& samples) {
  const Graph& graph = network.graph();
  const Uses uses(graph);
  std::map<ValueId, bool> linear_ends, other_ends;
  for (const Node& node : graph.nodes) {
    if (!is_layer(node)) continue;
    bool linear = false;
    const ValueId id = end_of_block(graph, uses, node.output, &linear);
    (linear ? linear_ends : other_ends)[id] = true;
  }
  std::map<ValueId, bool> ends = linear_ends;
  if (ends.size() < kFewTaps) ends.insert(other_ends.begin(), other_ends.end());
  for (const ValueId id : graph.outputs) ends.erase(id);
  std::vector<Tap> taps;
  for (const auto& [id, ignored] : ends) {
    taps.push_back({id, 1, 1.0 / static_cast<double>(ends.size())});
  }
  for (const ValueId id : graph.outputs) taps.push_back({id, 1, 1.0 / static_cast<double>(graph.outputs.size())});

  Tape tape(network, false);
  std::vector<std::vector<float>> seen(taps.size());
  for (size_t i = 0; i < std::min(kVarianceSamples, samples.size()); ++i) {
    set_input(network, tape, samples.plain(i));
    tape.forward(dense);
    for (size_t t = 0; t < taps.size(); ++t) {
      const float* at = tape.value(taps[t].id);
      seen[t].insert(seen[t].end(), at, at + count(graph.shape(taps[t].id)));
    }
  }
  for (size_t t = 0; t < taps.size(); ++t) taps[t].variance = variance_of(seen[t]);
  return taps;
}

double output_error(const Network& network, const std::vector<Tap>& taps, const Parameters& dense,
                    const Parameters& pruned, const Samples& samples, size_t n, size_t threads) {
  n = std::min(n, samples.size());
  std::vector<std::unique_ptr<Tape>> tapes;
  for (size_t t = 0; t < 2 * threads; ++t) tapes.push_back(std::make_unique<Tape>(network, false));
  std::vector<double> errors(n);
  parallel_for(n, threads, [&](size_t i, size_t thread) {
    Tape &a = *tapes[2 * thread], &b = *tapes[2 * thread + 1];
    const std::vector<float> x = samples.plain(i);
    set_input(network, a, x);
    set_input(network, b, x);
    a.forward(dense);
    b.forward(pruned);
    for (const Tap& tap : taps) {
      if (!is_output(network.graph(), tap.id)) continue;
      const int64_t elements = count(network.graph().shape(tap.id));
      double sum = 0;
      for (int64_t k = 0; k < elements; ++k) {
        const double difference = a.value(tap.id)[k] - b.value(tap.id)[k];
        sum += difference * difference;
      }
      errors[i] += sum / (static_cast<double>(elements) * tap.variance);
    }
  });
  double total = 0;
  for (const double error : errors) total += error;
  return total / static_cast<double>(n) / static_cast<double>(network.graph().outputs.size());
}

void distill(const Network& network, const std::vector<Tap>& taps, const Parameters& dense, Parameters& pruned,
             const std::vector<Mask>& masks, const Samples& samples, const DistillOptions& options,
             const DistillProgress& progress) {
  Parameters mean = network.zeros(), square = network.zeros();
  std::vector<Parameters> lanes(kLanes, mean);
  std::vector<std::unique_ptr<Worker>> workers;
  const size_t threads = std::min(options.threads, kLanes);
  for (size_t t = 0; t < threads; ++t) workers.push_back(std::make_unique<Worker>(network));

  std::vector<double> magnitudes(pruned.size());
  for (size_t id = 0; id < pruned.size(); ++id) {
    double squares = 0;
    size_t n = 0;
    for (const float w : dense[id]) {
      squares += static_cast<double>(w) * w;
      n += w != 0;
    }
    magnitudes[id] = n == 0 ? 0 : std::sqrt(squares / static_cast<double>(n));
  }

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
        const std::vector<float> x = samples.varied(index, rng);
        set_input(network, worker.dense, x);
        set_input(network, worker.pruned, x);
        worker.dense.forward(dense);
        worker.pruned.forward(pruned);
        worker.pruned.clear_gradients();
        losses[i] = compare(network, taps, worker);
        worker.pruned.backward(pruned, lanes[lane]);
      }
    });
    const double part = std::max(time_part, static_cast<double>(step) / static_cast<double>(options.batches));
    const double warm = std::min(1.0, static_cast<double>(step + 1) / kWarmupBatches);
    const double rate = options.rate * warm * 0.5 * (1 + std::cos(part * 3.14159265358979));
    const double correction = std::sqrt(1 - std::pow(kBeta2, step + 1)) / (1 - std::pow(kBeta1, step + 1));
    parallel_for(pruned.size(), threads, [&](size_t id, size_t) {
      const auto n = static_cast<int64_t>(pruned[id].size());
      if (n == 0) return;
      float* gradient = lanes[0][id].data();
      for (size_t lane = 1; lane < kLanes; ++lane) {
        add_to(gradient, lanes[lane][id].data(), n);
        std::fill(lanes[lane][id].begin(), lanes[lane][id].end(), 0.0f);
      }
      if (!masks[id].empty()) {
        for (int64_t i = 0; i < n; ++i) gradient[i] *= static_cast<float>(masks[id][static_cast<size_t>(i)]);
      }
      adam_step(pruned[id].data(), gradient, mean[id].data(), square[id].data(),
                static_cast<float>(rate * magnitudes[id] * correction), kBeta1, kBeta2, kEpsilon, n);
      std::fill_n(gradient, n, 0.0f);
    });
    double loss = 0;
    for (const double l : losses) loss += l;
    time_part = progress(step, loss / static_cast<double>(options.batch));
    if (time_part >= 1) return;
  }
}

}  // namespace lacuna::prune
