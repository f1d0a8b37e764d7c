#include "converter/prune/distill.h"

#include <algorithm>
#include <cmath>
#include <set>

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

void set_input(const Network& network, Tape& tape, const std::vector<float>& x) {
  std::copy(x.begin(), x.end(), tape.value(network.graph().inputs[0]));
}

/// What one step of a weight is measured by: the mean magnitude of the row of a matrix, or of all of a bias.
/// Rows differ much where a normalisation was multiplied into them.
std::vector<float> row_magnitudes(const Shape& shape, const std::vector<float>& numbers) {
  const auto rows = static_cast<size_t>(shape.rank > 1 ? shape[0] : 1), columns = numbers.size() / rows;
  std::vector<float> magnitudes;
  for (size_t i = 0; i < rows; ++i) {
    double squares = 0;
    for (size_t j = 0; j < columns; ++j)
      squares += static_cast<double>(numbers[i * columns + j]) * numbers[i * columns + j];
    magnitudes.push_back(static_cast<float>(std::sqrt(squares / static_cast<double>(columns))));
  }
  return magnitudes;
}

struct Worker {
  Worker(const Network& network) : dense(network, false), pruned(network, true) {}
  Tape dense, pruned;
};

/// Runs both networks; what lies before the first layer that is trained is the same in both.
void run_both(const Network& network, const Parameters& dense, const Parameters& pruned, const std::vector<float>& x,
              Worker& worker) {
  const Graph& graph = network.graph();
  const size_t first = network.first_trained(), last = graph.nodes.size();
  set_input(network, worker.dense, x);
  worker.dense.forward(dense, 0, first);
  for (const ValueId id : network.wanted_at(first)) {
    std::copy_n(worker.dense.value(id), count(graph.shape(id)), worker.pruned.value(id));
  }
  worker.dense.forward(dense, first, last);
  worker.pruned.forward(pruned, first, last);
}

/// Sets the gradient at every tap and returns the sample's loss.
double compare(const Network& network, const std::vector<Tap>& taps, Worker& worker) {
  double loss = 0;
  for (const Tap& tap : taps) {
    float* gradient = worker.pruned.gradient(tap.id);
    if (gradient == nullptr) continue;
    const int64_t n = count(network.graph().shape(tap.id));
    const float *expected = worker.dense.value(tap.id), *actual = worker.pruned.value(tap.id);
    const double scale = tap.weight / (static_cast<double>(n) * tap.variance);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const float difference = actual[i] - expected[i];
      sum += static_cast<double>(difference) * difference;
      gradient[i] += static_cast<float>(2 * scale) * difference;
    }
    loss += scale * sum;
  }
  return loss;
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

OutputError::OutputError(const Network& network, const std::vector<Tap>& taps, const Parameters& dense,
                         const Samples& samples, size_t n, size_t threads)
    : network_(network), samples_(samples), dense_(std::min(n, samples.size())) {
  for (const Tap& tap : taps) {
    if (is_output(network.graph(), tap.id)) outputs_.push_back(tap);
  }
  for (size_t t = 0; t < threads; ++t) tapes_.push_back(std::make_unique<Tape>(network, false));
  parallel_for(dense_.size(), threads, [&](size_t i, size_t thread) { dense_[i] = run(dense, i, thread); });
}

std::vector<float> OutputError::run(const Parameters& parameters, size_t i, size_t thread) const {
  Tape& tape = *tapes_[thread];
  set_input(network_, tape, samples_.plain(i * samples_.size() / dense_.size()));
  tape.forward(parameters);
  std::vector<float> numbers;
  for (const Tap& tap : outputs_) {
    const float* at = tape.value(tap.id);
    numbers.insert(numbers.end(), at, at + count(network_.graph().shape(tap.id)));
  }
  return numbers;
}

double OutputError::of(const Parameters& pruned) const {
  std::vector<double> errors(dense_.size());
  parallel_for(errors.size(), tapes_.size(), [&](size_t i, size_t thread) {
    const std::vector<float> actual = run(pruned, i, thread);
    size_t at = 0;
    for (const Tap& tap : outputs_) {
      const auto n = static_cast<size_t>(count(network_.graph().shape(tap.id)));
      double sum = 0;
      for (const size_t end = at + n; at < end; ++at) {
        const double difference = dense_[i][at] - actual[at];
        sum += difference * difference;
      }
      errors[i] += sum / (static_cast<double>(n) * tap.variance);
    }
  });
  double total = 0;
  for (const double error : errors) total += error;
  return total / static_cast<double>(errors.size() * outputs_.size());
}

void distill(const Network& network, const std::vector<Tap>& taps, const Parameters& dense, Parameters& pruned,
             const std::vector<Mask>& masks, const Samples& samples, const DistillOptions& options,
             const DistillProgress& progress) {
  Parameters mean = network.zeros();
  std::vector<std::vector<float>> magnitudes(pruned.size());
  for (size_t id = 0; id < pruned.size(); ++id) {
    const bool fixed = std::find(masks[id].begin(), masks[id].end(), 1) == masks[id].end() && !masks[id].empty();
    if (fixed) mean[id].clear();
    if (!mean[id].empty()) magnitudes[id] = row_magnitudes(network.graph().values[id].shape, dense[id]);
  }
  Parameters square = mean;
  std::vector<Parameters> lanes(kLanes, mean);
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
        run_both(network, dense, pruned, samples.varied(index, rng), worker);
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
      const auto n = static_cast<int64_t>(mean[id].size());
      if (n == 0) return;
      float* gradient = lanes[0][id].data();
      for (size_t lane = 1; lane < kLanes; ++lane) {
        add_to(gradient, lanes[lane][id].data(), n);
        std::fill(lanes[lane][id].begin(), lanes[lane][id].end(), 0.0f);
      }
      if (!masks[id].empty()) {
        for (int64_t i = 0; i < n; ++i) gradient[i] *= static_cast<float>(masks[id][static_cast<size_t>(i)]);
      }
      const auto rows = static_cast<int64_t>(magnitudes[id].size()), columns = n / rows;
      for (int64_t i = 0; i < rows; ++i) {
        const auto step_size = static_cast<float>(rate * correction) * magnitudes[id][static_cast<size_t>(i)];
        const int64_t at = i * columns;
        adam_step(pruned[id].data() + at, gradient + at, mean[id].data() + at, square[id].data() + at, step_size,
                  kBeta1, kBeta2, kEpsilon, columns);
      }
      std::fill_n(gradient, n, 0.0f);
    });
    double loss = 0;
    for (const double l : losses) loss += l;
    time_part = progress(step, loss / static_cast<double>(options.batch));
    if (time_part >= 1) return;
  }
}

}  // namespace lacuna::prune
