#include "converter/prune/basis.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "converter/prune/adam.h"
#include "converter/prune/eigen.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr size_t kX = 0, kWeight = 1;
/// Samples for the covariances, and the parts of them that threads take. From 32 a basis learns these by heart: the
/// last convolution of EfficientNet-Lite0 then loses twice as much on others.
constexpr size_t kSamples = 256, kParts = 8;
constexpr size_t kSamplesOfInputs = 32;
/// Added to the variance of a channel and of an output, as parts of the mean: a basis must not trust that what a few
/// samples never do cannot happen.
constexpr double kLeastVariance = 0.1, kLeastOutputVariance = 0.01;
constexpr double kLeastLost = 1e-4;  ///< below that there is nothing to gain
constexpr int kLeastSteps = 30;
/// Of Adam: the largest change of a channel, as part of it, and how many steps it takes to get there. Three times as
/// much diverges for 192 channels.
constexpr double kRate = 1, kWarmUp = 20;
constexpr float kBeta1 = 0.9f, kBeta2 = 0.99f, kEpsilon = 1e-12f;
constexpr int kStepsOfLimit = 10;  ///< after which the limit between what is kept and lost is found anew

/// Sums over what a value [n, channels, ...] was.
struct Sums {
  Matrix squares;  ///< [channels, channels]
  std::vector<double> sums;
  double seen = 0;

  void add(const Shape& shape, const float* x, Scratch& scratch) {
    const int64_t channels = shape[1], plane = count(shape, 2, shape.rank);
    if (seen == 0) {
      squares = Matrix(channels, channels);
      sums.resize(static_cast<size_t>(channels));
    }
    seen += static_cast<double>(shape[0] * plane);
    for (int64_t image = 0; image < shape[0]; ++image, x += channels * plane) {
      multiply(channels, channels, plane, rows_of(x, plane), transpose_of(x, plane), squares.row(0), true, scratch);
      for (int64_t c = 0; c < channels; ++c) {
        sums[static_cast<size_t>(c)] += static_cast<double>(sum(x + c * plane, plane));
      }
    }
  }

  void add(const Sums& other) {
    if (seen == 0) {
      *this = other;
      return;
    }
    seen += other.seen;
    add_to(squares.row(0), other.squares.row(0), squares.rows * squares.columns);
    for (size_t c = 0; c < sums.size(); ++c) sums[c] += other.sums[c];
  }

  Matrix covariance() const {
    Matrix covariance = squares;
    for (int64_t i = 0; i < covariance.rows; ++i) {
      for (int64_t j = 0; j < covariance.rows; ++j) {
        const double means = sums[static_cast<size_t>(i)] / seen * sums[static_cast<size_t>(j)] / seen;
        covariance.row(i)[j] = static_cast<float>(covariance.row(i)[j] / seen - means);
      }
    }
    double trace = 0;
    for (int64_t c = 0; c < covariance.rows; ++c) trace += static_cast<double>(covariance.row(c)[c]);
    const double least = std::max(kLeastVariance * trace / static_cast<double>(covariance.rows), 1e-12);
    for (int64_t c = 0; c < covariance.rows; ++c) covariance.row(c)[c] += static_cast<float>(least);
    return covariance;
  }
};

/// Covariances [channels, channels] of values [n, channels, ...] over varied samples.
std::map<ValueId, Matrix> measure_covariances(const Network& network, const std::set<ValueId>& values,
                                              const Samples& samples, size_t threads) {
  const Graph& graph = network.graph();
  const Parameters parameters = network.parameters();
  std::vector<std::map<ValueId, Sums>> parts(kParts);
  parallel_for(kParts, threads, [&](size_t part, size_t) {
    Tape tape(network, false);
    Scratch scratch;
    std::mt19937 rng(static_cast<uint32_t>(part));
    for (size_t s = part; s < kSamples; s += kParts) {
      tape.set_input(samples.varied(s * samples.size() / kSamples, rng));
      tape.forward(parameters);
      // No activation reads these, so none has worked in their place.
      for (const ValueId id : values) parts[part][id].add(graph.shape(id), tape.value(id), scratch);
    }
  });
  std::map<ValueId, Sums> all;
  for (const std::map<ValueId, Sums>& part : parts) {
    for (const auto& [id, sums] : part) all[id].add(sums);
  }
  std::map<ValueId, Matrix> covariances;
  for (const auto& [id, sums] : all) covariances[id] = sums.covariance();
  return covariances;
}

/// A layer beside the channels of a bundle. What a zero in its weights costs: the squared weight by a unit of its row
/// and one of its column, of which one belongs to the channels and changes with their basis.
class Side {
 public:
  Side(const Graph& graph, size_t node, bool makes, bool pruned, std::vector<float> units, Matrix covariance,
       const BasisOptions& options)
      : makes_(makes),
        pruned_(pruned),
        block_(is_block(options.pattern) ? block_of(options.pattern) : BlockShape{1, 1}),
        density_(options.density),
        units_(std::move(units)),
        first_covariance_(std::move(covariance)) {
    const Tensor& weight = graph.constant(graph.nodes[node].inputs[kWeight]);
    const int64_t rows = weight.shape[0];
    first_ = Matrix(rows, count(weight.shape) / rows);
    first_.data = weight.f32;
    taps_ = makes ? 1 : first_.columns / weight.shape[1];
    now_ = first_;
    covariance_ = first_covariance_;
    if (!makes) weigh_outputs();
  }

  bool makes() const { return makes_; }
  bool pruned() const { return pruned_; }
  const Matrix& covariance() const { return covariance_; }
  /// How much the square of a small change of each channel, and of two, changes outputs: [channels, channels].
  const Matrix& worth() const { return worth_; }

  /// Weights and covariances in another basis, and, for readers, what a change of the channels is worth.
  void turn(const Matrix& basis, const Matrix& inverse) {
    const int64_t d = basis.rows;
    if (makes_) {
      multiply(d, first_.columns, d, rows_of(basis.row(0), d), rows_of(first_.row(0), first_.columns), now_.row(0),
               false, scratch_);
      return;
    }
    Matrix part(first_.rows, d);
    for (int64_t t = 0; t < taps_; ++t) {
      multiply(first_.rows, d, d, tap_of(first_, t), rows_of(inverse.row(0), d), part.row(0), false, scratch_);
      for (int64_t i = 0; i < first_.rows; ++i) {
        for (int64_t j = 0; j < d; ++j) now_.row(i)[j * taps_ + t] = part.row(i)[j];
      }
    }
    Matrix half(d, d);
    multiply(d, d, d, rows_of(basis.row(0), d), rows_of(first_covariance_.row(0), d), half.row(0), false, scratch_);
    multiply(d, d, d, rows_of(half.row(0), d), transpose_of(basis.row(0), d), covariance_.row(0), false, scratch_);
    Matrix weighed = now_;
    for (int64_t i = 0; i < now_.rows; ++i) {
      for (int64_t j = 0; j < now_.columns; ++j) weighed.row(i)[j] *= units_[static_cast<size_t>(i)];
    }
    worth_ = Matrix(d, d);
    for (int64_t t = 0; t < taps_; ++t) {
      multiply(d, d, now_.rows, transposed_tap_of(now_, t), tap_of(weighed, t), worth_.row(0), t > 0, scratch_);
    }
  }

  /// Finds what losing all of the weights would cost, as the channels go together; the same in any basis. `worth`: of
  /// all readers.
  void measure_total(const Matrix& worth) {
    total_ = 1e-30;
    if (!makes_) {
      for (size_t i = 0; i < units_.size(); ++i) total_ += variances_[i] * static_cast<double>(units_[i]);
      return;
    }
    Matrix weighed(first_.rows, first_.columns);
    multiply(first_.rows, first_.columns, worth.rows, rows_of(worth.row(0), worth.rows),
             rows_of(first_.row(0), first_.columns), weighed.row(0), false, scratch_);
    for (int64_t i = 0; i < first_.rows; ++i) {
      for (int64_t j = 0; j < first_.columns; ++j) {
        total_ += static_cast<double>(first_.row(i)[j]) * weighed.row(i)[j] * units_[static_cast<size_t>(j)];
      }
    }
  }

  /// What the lesser blocks hold, as part of all. `channels`: units of the channels.
  double lost(const std::vector<float>& channels) {
    add_up(channels);
    std::vector<float> sorted = sums_;
    const auto limit = sorted.begin() + lost_blocks();
    std::nth_element(sorted.begin(), limit, sorted.end());
    limit_ = *limit;
    return std::accumulate(sorted.begin(), limit, 0.0) / total_;
  }

  /// Gradient of a smooth loss, in which a block with as much as the limit counts half and larger ones hardly more,
  /// by T where the basis becomes (1 + T) Q; [channels, channels]. `worth`: of all readers.
  Matrix gradient(const std::vector<float>& channels, const Matrix& worth) {
    const auto d = static_cast<int64_t>(channels.size());
    add_up(channels);
    Matrix by_weight(now_.rows, now_.columns);
    std::vector<float> by_channel(channels.size());
    for (int64_t i = 0; i < now_.rows; ++i) {
      for (int64_t j = 0; j < now_.columns; ++j) {
        const float w = now_.row(i)[j], part = limit_ / (sums_[block_at(i, j)] + limit_ + 1e-30f);
        const float slope = part * part / static_cast<float>(total_);
        const size_t channel = channel_of(i, j);
        const float unit = units_[static_cast<size_t>(makes_ ? j : i)];
        by_weight.row(i)[j] = 2 * w * unit * channels[channel] * slope;
        by_channel[channel] += slope * w * w * unit;
      }
    }
    Matrix gradient(d, d);
    if (makes_) {
      multiply(d, d, now_.columns, rows_of(by_weight.row(0), now_.columns), transpose_of(now_.row(0), now_.columns),
               gradient.row(0), false, scratch_);
    } else {
      for (int64_t t = 0; t < taps_; ++t) {
        multiply(d, d, now_.rows, transposed_tap_of(now_, t), tap_of(by_weight, t), gradient.row(0), t > 0, scratch_);
      }
    }
    for (int64_t a = 0; a < d; ++a) {
      for (int64_t b = 0; b < d; ++b) {
        float& at = gradient.row(a)[b];
        at = makes_ ? at - 2 * by_channel[static_cast<size_t>(b)] * worth.row(a)[b]
                    : 2 * by_channel[static_cast<size_t>(a)] * covariance_.row(a)[b] - at;
      }
    }
    return gradient;
  }

 private:
  MatrixView tap_of(const Matrix& m, int64_t t) const { return {m.row(0) + t, m.columns, taps_}; }
  MatrixView transposed_tap_of(const Matrix& m, int64_t t) const { return {m.row(0) + t, taps_, m.columns}; }
  size_t channel_of(int64_t i, int64_t j) const { return static_cast<size_t>(makes_ ? i : j / taps_); }
  size_t block_at(int64_t i, int64_t j) const {
    return static_cast<size_t>(i / block_.rows * ((now_.columns + block_.columns - 1) / block_.columns) +
                               j / block_.columns);
  }
  std::ptrdiff_t lost_blocks() const {
    const auto n = static_cast<double>(sums_.size());
    return static_cast<std::ptrdiff_t>(std::min(n - 1, (1 - density_) * n));
  }

  /// Units of a reader's rows: the inverse of what its outputs vary by.
  void weigh_outputs() {
    const int64_t d = first_covariance_.rows;
    variances_.resize(static_cast<size_t>(first_.rows));
    Matrix part(first_.rows, d);
    for (int64_t t = 0; t < taps_; ++t) {
      multiply(first_.rows, d, d, tap_of(first_, t), rows_of(first_covariance_.row(0), d), part.row(0), false,
               scratch_);
      for (int64_t i = 0; i < first_.rows; ++i) {
        for (int64_t j = 0; j < d; ++j) {
          variances_[static_cast<size_t>(i)] += static_cast<double>(part.row(i)[j]) * first_.row(i)[j * taps_ + t];
        }
      }
    }
    const double mean = std::accumulate(variances_.begin(), variances_.end(), 0.0) / static_cast<double>(first_.rows);
    for (const double variance : variances_) {
      units_.push_back(static_cast<float>(1 / (std::max(0.0, variance) + kLeastOutputVariance * mean + 1e-30)));
    }
  }

  void add_up(const std::vector<float>& channels) {
    sums_.assign(block_at(now_.rows - 1, now_.columns - 1) + 1, 0.0f);
    for (int64_t i = 0; i < now_.rows; ++i) {
      for (int64_t j = 0; j < now_.columns; ++j) {
        const float w = now_.row(i)[j];
        sums_[block_at(i, j)] += w * w * units_[static_cast<size_t>(makes_ ? j : i)] * channels[channel_of(i, j)];
      }
    }
  }

  bool makes_, pruned_;
  BlockShape block_;
  double density_;
  int64_t taps_;
  std::vector<float> units_;       ///< makers: of columns; readers: of rows
  std::vector<double> variances_;  ///< readers: of outputs
  Matrix first_, first_covariance_;
  Matrix now_, covariance_, worth_;
  std::vector<float> sums_;  ///< of blocks
  double total_ = 0;
  float limit_ = 0;
  Scratch scratch_;
};

/// The channels of a bundle.
class Space {
 public:
  Space(int64_t channels, std::vector<Side> sides, size_t threads)
      : d_(channels),
        sides_(std::move(sides)),
        threads_(threads),
        basis_(RowMajor::Identity(d_, d_)),
        first_covariance_(RowMajor::Zero(d_, d_)) {
    for (const Side& side : sides_) {
      if (!side.makes()) first_covariance_ += to_eigen(side.covariance());
    }
    first_variance_ = first_covariance_.trace() / static_cast<double>(d_);
    turn();
    for (Side& side : sides_) side.measure_total(worth_);
    scale(1);
    turn();
    lost_before_ = lost();
  }

  double lost_before() const { return lost_before_; }

  /// Mean over the layers that are pruned.
  double lost() {
    double lost = 0, n = 0;
    for (Side& side : sides_) {
      if (!side.pruned()) continue;
      lost += side.lost(units_of(side));
      ++n;
    }
    return lost / n;
  }

  void descend(int steps) {
    Matrix mean(d_, d_), square(d_, d_), change(d_, d_);
    for (int step = 0; step < steps; ++step) {
      if (step % kStepsOfLimit == 0) lost();
      Matrix slope = gradient();
      for (int64_t i = 0; i < d_; ++i) slope.row(i)[i] = 0;  // what makes a channel larger as a whole changes nothing
      const double left = 1 - static_cast<double>(step) / steps;
      const double rate = kRate * std::min(1.0, (step + 1) / kWarmUp) * left / std::sqrt(static_cast<double>(d_));
      const double corrected = rate * std::sqrt(1 - std::pow(kBeta2, step + 1)) / (1 - std::pow(kBeta1, step + 1));
      std::fill(change.data.begin(), change.data.end(), 0.0f);
      adam_step(change.row(0), slope.row(0), mean.row(0), square.row(0), static_cast<float>(corrected), kBeta1, kBeta2,
                kEpsilon, d_ * d_);
      basis_ += to_eigen(change) * basis_;
      scale(1);
      turn();
    }
  }

  /// The basis, with channels that vary as those of the network did in the mean.
  std::vector<double> basis() {
    scale(std::sqrt(first_variance_));
    return {basis_.data(), basis_.data() + basis_.size()};
  }

 private:
  /// Gives the channels this deviation.
  void scale(double deviation) {
    const Eigen::VectorXd variances = (basis_ * first_covariance_).cwiseProduct(basis_).rowwise().sum();
    for (int64_t c = 0; c < d_; ++c) basis_.row(c) *= deviation / std::sqrt(variances[c]);
  }

  /// Turns all layers to the basis.
  void turn() {
    const Matrix basis = from_eigen(basis_), inverse = from_eigen(basis_.inverse());
    parallel_for(sides_.size(), threads_, [&](size_t i, size_t) { sides_[i].turn(basis, inverse); });
    worth_ = Matrix(d_, d_);
    for (const Side& side : sides_) {
      if (!side.makes()) add_to(worth_.row(0), side.worth().row(0), d_ * d_);
    }
  }

  Matrix gradient() {
    std::vector<Matrix> parts(sides_.size());
    parallel_for(sides_.size(), threads_, [&](size_t i, size_t) {
      if (sides_[i].pruned()) parts[i] = sides_[i].gradient(units_of(sides_[i]), worth_);
    });
    Matrix all(d_, d_);
    for (const Matrix& part : parts) {
      if (part.rows > 0) add_to(all.row(0), part.row(0), d_ * d_);
    }
    return all;
  }

  std::vector<float> units_of(const Side& side) const {
    std::vector<float> units;
    const Matrix& from = side.makes() ? worth_ : side.covariance();
    for (int64_t c = 0; c < d_; ++c) units.push_back(from.row(c)[c]);
    return units;
  }

  int64_t d_;
  std::vector<Side> sides_;
  size_t threads_;
  RowMajor basis_;
  RowMajor first_covariance_;  ///< the sum over readers
  Matrix worth_;
  double first_variance_ = 0, lost_before_ = 0;
};

/// The variance of each column of a layer's weights.
std::vector<float> variances_of_columns(const PrunedLayer& layer, const InputMoments& inputs) {
  std::vector<float> variances;
  for (int64_t j = 0; j < layer.columns; ++j) {
    const float deviation =
        inputs.deviation[static_cast<size_t>(j * static_cast<int64_t>(inputs.deviation.size()) / layer.columns)];
    variances.push_back(deviation * deviation);
  }
  return variances;
}

/// Multiply-adds of a step: products with weights, covariances, and the inverse, in double precision.
double macs_of(const Bundle& bundle, const std::vector<const PrunedLayer*>& layers) {
  const auto d = static_cast<double>(bundle.channels);
  double weights = 0;
  for (const size_t i : bundle.makers) weights += 2 * static_cast<double>(layers[i]->weights());
  for (const size_t i : bundle.readers) weights += 3 * static_cast<double>(layers[i]->weights()) + 2 * d * d;
  return (weights + 10 * d * d) * d;
}

}  // namespace

void find_sparse_bases(Graph& graph, const std::vector<PrunedLayer>& layers, const Samples& samples,
                       const BasisOptions& options, const std::function<void(const BasisChange&)>& changed) {
  std::vector<const PrunedLayer*> by_node(graph.nodes.size());
  for (const PrunedLayer& layer : layers) by_node[layer.node] = &layer;
  const auto is_pruned = [&](size_t node) { return by_node[node]->pruned(); };
  std::vector<Bundle> bundles;
  double macs = 0;
  for (Bundle& bundle : find_bundles(graph)) {
    const bool any = std::any_of(bundle.makers.begin(), bundle.makers.end(), is_pruned) ||
                     std::any_of(bundle.readers.begin(), bundle.readers.end(), is_pruned);
    if (!bundle.linear || bundle.readers.empty() || !any) continue;
    macs += macs_of(bundle, by_node);
    bundles.push_back(std::move(bundle));
  }
  const int steps = static_cast<int>(std::min<double>(options.steps, options.macs / std::max(1.0, macs)));
  if (bundles.empty() || steps < kLeastSteps) return;
  const Network network(graph);
  std::set<ValueId> read;
  for (const Bundle& bundle : bundles) {
    for (const size_t i : bundle.readers) read.insert(graph.nodes[i].inputs[kX]);
  }
  const std::map<ValueId, Matrix> covariances = measure_covariances(network, read, samples, options.threads);
  const std::vector<InputMoments> inputs =
      measure_inputs(network, network.parameters(), samples, std::min(kSamplesOfInputs, samples.size()));
  for (const Bundle& bundle : bundles) {
    std::vector<Side> sides;
    for (const size_t i : bundle.makers) {
      sides.emplace_back(graph, i, true, is_pruned(i), variances_of_columns(*by_node[i], inputs[i]), Matrix(), options);
    }
    for (const size_t i : bundle.readers) {
      sides.emplace_back(graph, i, false, is_pruned(i), std::vector<float>(), covariances.at(graph.nodes[i].inputs[kX]),
                         options);
    }
    Space space(bundle.channels, std::move(sides), options.threads);
    if (space.lost_before() < kLeastLost) continue;
    space.descend(steps);
    const double lost = space.lost();
    if (!(lost < space.lost_before())) continue;  // nor where it is no number
    change_basis(graph, bundle, space.basis());
    changed({bundle.channels, space.lost_before(), lost});
  }
}

}  // namespace lacuna::prune
