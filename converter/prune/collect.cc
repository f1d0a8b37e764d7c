#include "converter/prune/collect.h"

#include <algorithm>
#include <numeric>

#include "converter/passes/rewrite.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr double kMaxFrontierFloats = 160e6;  ///< of both networks together
constexpr int64_t kRowsPerColumn = 20, kMinRows = 16384;
constexpr int64_t kMaxGatheredFloats = int64_t{48} << 20;

/// `n` of [0, count), sorted, without repetition.
std::vector<int64_t> draw(int64_t count, int64_t n, std::mt19937& rng) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  for (int64_t i = 0; i < n && n < count; ++i) {
    const auto at = static_cast<size_t>(i + static_cast<int64_t>(rng() % static_cast<uint64_t>(count - i)));
    std::swap(all[static_cast<size_t>(i)], all[at]);
  }
  all.resize(static_cast<size_t>(std::min(n, count)));
  std::sort(all.begin(), all.end());
  return all;
}

/// Takes the means of the columns out of rows [n, columns], before squares of them swallow what is left.
std::vector<float> center(std::vector<float>& rows, int64_t n, int64_t columns) {
  std::vector<double> sums(static_cast<size_t>(columns));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < columns; ++j) sums[static_cast<size_t>(j)] += rows[static_cast<size_t>(i * columns + j)];
  }
  std::vector<float> means;
  for (const double sum : sums) means.push_back(static_cast<float>(sum / static_cast<double>(n)));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < columns; ++j) rows[static_cast<size_t>(i * columns + j)] -= means[static_cast<size_t>(j)];
  }
  return means;
}

/// Rows [positions, channels] of a value like the layer's output.
void gather_outputs(const Graph& graph, const PrunedLayer& layer, const float* y, const std::vector<int64_t>& positions,
                    float* rows) {
  const int64_t inner = inner_of(graph, graph.nodes[layer.node]);
  for (const int64_t at : positions) {
    for (int64_t c = 0; c < layer.rows; ++c) *rows++ = y[(at / inner * layer.rows + c) * inner + at % inner];
  }
}

/// The value that the layer's output is added to, if that is all that becomes of it and the value is there already.
ValueId other_operand(const Graph& graph, const PrunedLayer& layer) {
  const Uses uses(graph);
  const ValueId y = graph.nodes[layer.node].output;
  if (layer.groups != 1 || is_output(graph, y) || uses.readers_of(y).size() != 1) return kNoValue;
  const Node& sum = graph.nodes[static_cast<size_t>(uses.readers_of(y)[0])];
  if (!is_sum(sum)) return kNoValue;
  const ValueId other = sum.inputs[sum.inputs[0] == y ? 1 : 0];
  if (other == y || graph.is_constant(other) || !(graph.shape(other) == graph.shape(y))) return kNoValue;
  for (size_t i = layer.node; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].output == other) return kNoValue;  // made later
  }
  return other;
}

/// Columns of n rows, `stride` floats apart.
struct Columns {
  const float* at;
  int64_t columns, stride;
};

/// a^T b, in stripes that threads share.
Matrix second_moments(const Columns& a, const Columns& b, int64_t n, size_t threads) {
  constexpr int64_t kStripe = 96;
  Matrix sums(a.columns, b.columns);
  parallel_for(static_cast<size_t>((a.columns + kStripe - 1) / kStripe), threads, [&](size_t stripe, size_t) {
    Scratch scratch;
    const int64_t begin = static_cast<int64_t>(stripe) * kStripe, end = std::min(a.columns, begin + kStripe);
    multiply(end - begin, b.columns, n, {a.at + begin, 1, a.stride}, {b.at, b.stride, 1}, sums.row(begin), false,
             scratch);
  });
  return sums;
}

}  // namespace

int64_t rows_to_gather(const PrunedLayer& layer) {
  const int64_t wanted = std::max(kMinRows, kRowsPerColumn * std::min(layer.columns, kMaxColumns));
  return std::min(wanted, std::max<int64_t>(1, kMaxGatheredFloats / (layer.columns * layer.groups)));
}

Collector::Collector(const Network& network, const Parameters& dense, const Parameters& pruned, const Samples& samples,
                     size_t n, size_t threads, uint32_t seed)
    : network_(network), parameters_{&dense, &pruned}, source_(samples), threads_(threads), seed_(seed), samples_(n) {
  const Graph& graph = network.graph();
  gathered_node_ = graph.nodes.size();
  for (size_t t = 0; t < threads; ++t) tapes_.push_back(std::make_unique<Tape>(network, false));
  for (std::vector<Frontier>& side : frontiers_) side.resize(samples_);
}

std::vector<float> Collector::input_of(size_t sample) const {
  if (sample < source_.size()) return source_.plain(sample);
  std::seed_seq seeds{seed_, static_cast<uint32_t>(sample)};
  std::mt19937 rng(seeds);
  return source_.varied(sample % source_.size(), rng);
}

/// What nodes from the place on read of a sample. At the beginning that is the sample, which nobody keeps.
void Collector::restore(Tape& tape, size_t side, size_t sample) const {
  if (place_ == 0) tape.set_input(input_of(sample));
  tape.restore(frontiers_[side][sample]);
}

/// Moves the place to where the least is to be held on the way to `node`.
void Collector::advance(size_t node) {
  size_t best = place_;
  int64_t least = -1;
  for (size_t at = place_ + 1; at <= node; ++at) {
    const int64_t floats = network_.floats_at(at);
    if (least < 0 || floats <= least) {
      best = at;
      least = floats;
    }
  }
  const bool fits = 2.0 * static_cast<double>(least) * static_cast<double>(samples_) <= kMaxFrontierFloats;
  if (best == place_ || (!fits && least > network_.floats_at(place_))) return;
  const size_t sides = best <= network_.first_trained() ? 1 : 2;  // up to there both are the same
  parallel_for(samples_, threads_, [&](size_t sample, size_t thread) {
    Tape& tape = *tapes_[thread];
    for (size_t side = 0; side < sides; ++side) {
      restore(tape, side, sample);
      tape.forward(*parameters_[side], place_, best);
      frontiers_[side][sample] = tape.frontier_at(best);
    }
    if (sides == 1) frontiers_[1][sample] = frontiers_[0][sample];
  });
  place_ = best;
}

void Collector::gather(const PrunedLayer& layer) {
  const Graph& graph = network_.graph();
  advance(layer.node);
  const auto n = static_cast<int64_t>(samples_);
  const int64_t each = std::min(layer.positions, std::max<int64_t>(1, (rows_to_gather(layer) + n - 1) / n));
  gathered_rows_ = each * n;
  for (std::vector<std::vector<float>>& side : inputs_) {
    side.assign(static_cast<size_t>(layer.groups),
                std::vector<float>(static_cast<size_t>(gathered_rows_ * layer.columns)));
  }
  const ValueId other = other_operand(graph, layer);
  std::vector<float> others[2];
  if (other != kNoValue) {
    for (std::vector<float>& side : others) side.resize(static_cast<size_t>(gathered_rows_ * layer.rows));
  }
  parallel_for(2 * samples_, threads_, [&](size_t i, size_t thread) {
    Tape& tape = *tapes_[thread];
    const size_t sample = i / 2;
    std::seed_seq seeds{seed_, static_cast<uint32_t>(layer.node), static_cast<uint32_t>(sample)};
    std::mt19937 rng(seeds);
    const std::vector<int64_t> positions = draw(layer.positions, each, rng);
    restore(tape, i % 2, sample);
    tape.forward(*parameters_[i % 2], place_, layer.node);
    for (int64_t g = 0; g < layer.groups; ++g) {
      gather_rows(graph, layer, g, tape.value(graph.nodes[layer.node].inputs[0]), positions,
                  inputs_[i % 2][static_cast<size_t>(g)].data() + static_cast<int64_t>(sample) * each * layer.columns);
    }
    if (other == kNoValue) return;
    gather_outputs(graph, layer, tape.value(other), positions,
                   others[i % 2].data() + static_cast<int64_t>(sample) * each * layer.rows);
  });
  for (size_t side = 0; side < 2; ++side) {
    means_[side].clear();
    for (std::vector<float>& rows : inputs_[side]) means_[side].push_back(center(rows, gathered_rows_, layer.columns));
  }
  lost_.clear();
  for (size_t i = 0; i < others[0].size(); ++i) lost_.push_back(others[0][i] - others[1][i]);
  mean_lost_ = lost_.empty() ? std::vector<float>() : center(lost_, gathered_rows_, layer.rows);
  gathered_node_ = layer.node;
}

Moments Collector::moments(const PrunedLayer& layer, int64_t group, int64_t first, int64_t last) {
  if (gathered_node_ != layer.node) gather(layer);
  const int64_t columns = last - first;
  const auto inputs = [&](size_t side) {
    return Columns{inputs_[side][static_cast<size_t>(group)].data() + first, columns, layer.columns};
  };
  const auto means = [&](size_t side) {
    const std::vector<float>& all = means_[side][static_cast<size_t>(group)];
    return std::vector<float>(all.begin() + first, all.begin() + last);
  };
  Moments moments;
  moments.mean_d = means(0);
  moments.mean_x = means(1);
  moments.h = second_moments(inputs(1), inputs(1), gathered_rows_, threads_);
  moments.g = second_moments(inputs(0), inputs(1), gathered_rows_, threads_);
  if (!lost_.empty() && columns == layer.columns) {
    moments.mean_lost = mean_lost_;
    moments.lost = second_moments({lost_.data(), layer.rows, layer.rows}, inputs(1), gathered_rows_, threads_);
  }
  return moments;
}

}  // namespace lacuna::prune
