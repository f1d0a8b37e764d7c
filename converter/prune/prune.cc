#include "converter/prune/prune.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "converter/passes/passes.h"
#include "converter/passes/unfuse.h"
#include "converter/prune/allocate.h"
#include "converter/prune/arrange.h"
#include "converter/prune/basis.h"
#include "converter/prune/distill.h"
#include "converter/prune/importance.h"
#include "converter/prune/parallel.h"
#include "converter/prune/plan.h"
#include "converter/prune/problem.h"
#include "converter/prune/push.h"

namespace lacuna::prune {
namespace {

/// How much evener than on the samples inputs may be elsewhere: what late layers get from other classes hardly varies.
constexpr double kEvenness[] = {0.05, 0.3, 1};
/// Samples at most: that the solver sees, three of each that is there; by which the network is judged, and a layer;
/// that importance is measured on, and the least that are worth it.
constexpr size_t kSolverSamples = 768, kVariants = 3, kErrorSamples = 64, kProbeSamples = 24;
constexpr size_t kImportanceSamples = 192, kFewestSamples = 16;
constexpr size_t kArrangeSamples = 32;
constexpr size_t kBatch = 8;
/// Multiply-adds a second that the length of training is planned with. Steps come from this, not from the clock, so
/// that the same input gives the same bytes; a machine that is slower still is cut short by --minutes.
constexpr double kPlannedMacs = 30e9;
/// Parts of the time that training may take: planned, and at most.
constexpr double kPlannedPart = 0.75, kMostPart = 0.97;
/// Part of the time that pushing samples to other classes may be planned with.
constexpr double kPushedPart = 0.13;
/// How often blocks are arranged and bases sought in turn, and the steps of all these searches.
constexpr int kRounds = 2, kBasisSteps = 200;
/// Part of the time that the search for bases may be planned with.
constexpr double kBasisPart = 0.1;
/// Parts of the time that runs for the solver, for judging and for importance may be planned with, and that probing and
/// solving may; until when they may go on by the clock.
constexpr double kCollectingPart = 0.25, kJudgingPart = 0.02, kImportancePart = 0.05;
constexpr double kProbingPart = 0.2, kSolvingPart = 0.2, kProbingUntil = 0.5, kSolvingUntil = 0.85;
/// The stages before the last one: until when they may run, and how far each goes, with zeros anywhere and in blocks.
constexpr double kStagesPart = 0.5, kStageDensity = 0.5, kBlockStageDensity = 0.75;
constexpr double kStageSlack = 0.1;     ///< of a stage that is not worth one
constexpr double kLastStagePart = 0.6;  ///< of all batches
/// Rate of training by the error at the outputs from which it starts, the least and the most: steps that mend a large
/// error make a small one larger.
constexpr double kRateByError = 0.006, kLeastRate = 0.0002, kMostRate = 0.002;
/// Densities that layers may get, and the two whose losses are measured at the output.
constexpr double kDensities[] = {0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.16, 0.12};
constexpr double kProbeDensity = 0.5, kLowDensity = 0.2;
/// Weights at the front that are left alone, as part of all, where the number of zeros is what counts.
constexpr double kFront = 0.03;

/// Every kHeldOut-th of the samples, or all others.
class PartOfSamples : public Samples {
 public:
  PartOfSamples(const Samples& all, bool held_out) : all_(all) {
    for (size_t i = 0; i < all.size(); ++i) {
      if ((i % kHeldOut == kHeldOut / 2) == held_out) indices_.push_back(i);
    }
  }
  size_t size() const override { return indices_.size(); }
  std::vector<float> plain(size_t i) const override { return all_.plain(indices_[i]); }
  std::vector<float> varied(size_t i, std::mt19937& rng) const override { return all_.varied(indices_[i], rng); }

 private:
  static constexpr size_t kHeldOut = 5;
  const Samples& all_;
  std::vector<size_t> indices_;
};

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string text_of(double x, const char* form) {
  char text[64];
  std::snprintf(text, sizeof(text), form, x);
  return text;
}
std::string percent(double part) { return text_of(100 * part, "%.2f %%"); }

class Pruner {
 public:
  Pruner(Graph graph, const Samples& samples, const CostModel& costs, const PruneOptions& options,
         const PruneEvents& events)
      : source_(samples), costs_(costs), options_(options), events_(events), graph_(std::move(graph)) {}

  PruneResult run() {
    prepare();
    if (options_.pattern != Pattern::kTwoOfFour || by_time()) probe_layers();
    choose_densities();
    const size_t stages = count_stages();
    for (size_t stage = 1; stage <= stages; ++stage) {
      const bool last = stage == stages;
      if (!last && is_late(kStagesPart)) continue;
      solve_layers(static_cast<double>(stage) / static_cast<double>(stages));
      lost_ = error_->of(pruned_);
      result_.error = lost_.error;
      if (last) result_.error_before = result_.error;
      events_.say(percent(zeros()) + " zeros after " + text_of(clock_.seconds(), "%.0f s") + ": error at the outputs " +
                  percent(result_.error));
      keep();
      train(stages == 1 ? 1 : last ? kLastStagePart : (1 - kLastStagePart) / static_cast<double>(stages - 1), last);
    }
    finish();
    return std::move(result_);
  }

 private:
  bool by_time() const { return options_.speedup.has_value() || options_.latency_us.has_value(); }

  void prepare() {
    if (graph_.inputs.size() != 1)
      unsupported(graph_.name + ": has several inputs; lacuna prune takes networks of one");
    run_passes(graph_);
    unfuse(graph_);
    add_biases(graph_);
    LayerRules rules;
    rules.keep = options_.keep;
    rules.pattern = options_.pattern;
    rules.samples = source_.size();
    std::vector<PrunedLayer> layers = find_layers(graph_, rules);
    if (!by_time()) keep_front(layers, kFront);
    find_forms(layers);
    const auto trained =
        std::find_if(layers.begin(), layers.end(), [](const PrunedLayer& layer) { return !layer.frozen; });
    network_ = std::make_unique<Network>(graph_, trained->node);
    for (PrunedLayer& layer : layers) {
      LayerResult result;
      result.dense_us = result.us = predict_us(graph_, layer, Pattern::kFree, 1, costs_);
      result.layer = std::move(layer);
      result_.layers.push_back(std::move(result));
    }
    dense_ = network_->parameters();
    pruned_ = dense_;
    masks_.resize(dense_.size());
    for (const LayerResult& result : result_.layers) {
      const auto weight = static_cast<size_t>(result.layer.weight);
      if (result.layer.frozen) masks_[weight].assign(dense_[weight].size(), 0);
    }
    taps_ = find_taps(*network_, dense_, source_);
    const bool classifies = std::any_of(taps_.begin(), taps_.end(), [](const Tap& tap) { return tap.classes; });
    if (classifies) events_.say("moving samples towards other classes");
    samples_ =
        std::make_unique<PushedSamples>(source_, graph_, dense_, taps_, plan_pushed(), options_.threads, options_.seed);
    const size_t judges = std::max(kFewestSamples, plan_runs(kJudgingPart, 1, kErrorSamples));
    error_ = std::make_unique<OutputError>(*network_, taps_, dense_, source_, judges, options_.threads);
    treatments_.resize(graph_.nodes.size());
  }

  double mean_density() const { return by_time() ? kProbeDensity : 1 - options_.sparsity; }

  /// Puts the network into a form of the same function that loses less. Blocks of alike rows and bases depend on each
  /// other, so they take turns.
  void find_forms(const std::vector<PrunedLayer>& layers) {
    if (!is_block(options_.pattern)) {
      find_bases(layers, kBasisSteps);
      return;
    }
    for (int round = 0; round < kRounds; ++round) {
      arrange(layers);
      if (!find_bases(layers, kBasisSteps / kRounds)) return;
    }
  }

  void arrange(const std::vector<PrunedLayer>& layers) {
    const Network network(graph_);
    const std::vector<InputMoments> inputs =
        measure_inputs(network, network.parameters(), source_, std::min(kArrangeSamples, source_.size()));
    const size_t bundles = arrange_channels(graph_, layers, inputs, options_.pattern, mean_density(), options_.threads);
    events_.say("channels in blocks that are alike: " + std::to_string(bundles) + " sets of them");
  }

  /// Whether any changed.
  bool find_bases(const std::vector<PrunedLayer>& layers, int steps) {
    BasisOptions basis;
    basis.pattern = options_.pattern;
    basis.density = mean_density();
    basis.steps = steps;
    basis.macs = planned_macs(kBasisPart) * steps / kBasisSteps;
    basis.threads = options_.threads;
    bool any = false;
    find_sparse_bases(graph_, layers, source_, basis, [&](const BasisChange& change) {
      any = true;
      events_.say("sparser basis of " + std::to_string(change.channels) + " channels: the lesser weights hold " +
                  percent(change.lost) + " instead of " + percent(change.lost_before));
    });
    return any;
  }

  /// The more is to go, the more steps: what is trained in between loses less in the next.
  size_t count_stages() const {
    if (options_.pattern == Pattern::kTwoOfFour || plan_batches(1) == 0) return 1;
    double kept = 0, prunable = 0;
    for (const LayerResult& result : result_.layers) {
      const double weights = result.layer.pruned() ? static_cast<double>(result.layer.weights()) : 0;
      prunable += weights;
      kept += weights * result.layer.density;
    }
    const double stages =
        std::log(kept / prunable) / std::log(is_block(options_.pattern) ? kBlockStageDensity : kStageDensity);
    return static_cast<size_t>(std::max(1.0, std::ceil(stages - kStageSlack)));
  }

  bool is_late(double part) {
    const bool late = clock_.seconds() > options_.minutes * 60 * part;
    result_.out_of_time = result_.out_of_time || late;
    return late;
  }

  void keep() const {
    if (events_.checkpoint) events_.checkpoint(with_weights());
  }

  std::vector<float>& weights_of(const PrunedLayer& layer) { return pruned_[static_cast<size_t>(layer.weight)]; }
  std::vector<float>& bias_of(const PrunedLayer& layer) { return pruned_[static_cast<size_t>(layer.bias)]; }

  /// Error at the outputs when the layer alone is solved at `density`.
  double loss_of_probe(const std::vector<Problem>& problems, const OutputError& probe_error, const PrunedLayer& layer,
                       double density) {
    const Solution probe = solve(problems, layer, options_.pattern, density, bias_of(layer), options_.threads);
    Parameters changed = dense_;
    changed[static_cast<size_t>(layer.weight)] = probe.weights;
    changed[static_cast<size_t>(layer.bias)] = probe.bias;
    return probe_error.of(changed).error;
  }

  /// The layer's problems, treated as loses least on the samples that judge. `slopes`: how much the outputs depend on
  /// each of the layer's.
  std::vector<Problem> probe_layer(Collector& collector, const OutputError& probe_error,
                                   const std::vector<float>& slopes, Probing probing, LayerResult& result) {
    const PrunedLayer& layer = result.layer;
    std::vector<Problem> problems = make_problems(collector, layer, weights_of(layer));
    Treatment& best = treatments_[layer.node];
    result.sensitivity = -1;
    const auto probe = [&](double evenness, const std::vector<float>& importance) {
      set_importance(importance, layer, problems);
      const double loss = loss_of_probe(problems, probe_error, layer, kProbeDensity);
      if (result.sensitivity >= 0 && loss >= result.sensitivity) return;
      result.sensitivity = loss;
      best = {evenness, importance};
    };
    const std::vector<float> inverses = inverse_variances(problems, layer);
    const std::vector<float> both = geometric_mean(slopes, inverses);
    for (const double evenness : kEvenness) {
      even_out(evenness, Effort::kLittle, problems, options_.threads);
      probe(evenness, both);
      if (probing == Probing::kOnce) return problems;
    }
    even_out(best.evenness, Effort::kLittle, problems, options_.threads);
    for (const std::vector<float>& importance : {slopes, inverses}) {
      if (!importance.empty()) probe(best.evenness, importance);
    }
    set_importance(best.importance, layer, problems);
    return problems;
  }

  /// What the layer loses at each density: measured at the outputs for two of them, between these a power of the loss
  /// of the layer itself, beyond them in proportion to it.
  std::vector<Option> options_of(const std::vector<Problem>& problems, const OutputError& probe_error,
                                 const LayerResult& result) {
    constexpr double kNothing = 1e-12;
    std::vector<double> own(std::size(kDensities));
    parallel_for(own.size(), options_.threads, [&](size_t i, size_t) {
      own[i] = std::max(loss_of_mask(problems, options_.pattern, kDensities[i]), kNothing);
    });
    const auto own_at = [&](double density) {
      return own[static_cast<size_t>(std::find(std::begin(kDensities), std::end(kDensities), density) - kDensities)];
    };
    const double own_high = own_at(kProbeDensity), own_low = own_at(kLowDensity);
    const double high = std::max(result.sensitivity, kNothing);
    const double low = std::max(high, loss_of_probe(problems, probe_error, result.layer, kLowDensity));
    const double power = own_low > own_high ? std::log(low / high) / std::log(own_low / own_high) : 1;
    std::vector<Option> options;
    for (size_t i = 0; i < own.size(); ++i) {
      double loss = high * std::pow(own[i] / own_high, power);
      if (kDensities[i] > kProbeDensity) loss = high * own[i] / own_high;
      if (kDensities[i] < kLowDensity) loss = low * own[i] / own_low;
      options.push_back({kDensities[i], loss, 0});
    }
    return options;
  }

  double lost_by_magnitude_at(double density, const PrunedLayer& layer) {
    return lost_by_magnitude(weights_of(layer), layer, options_.pattern, density);
  }

  /// What the weights alone say of the loss; the unit is their own.
  std::vector<Option> options_by_magnitude(const PrunedLayer& layer) {
    std::vector<Option> options;
    for (const double density : kDensities) options.push_back({density, lost_by_magnitude_at(density, layer), 0});
    return options;
  }

  /// Brings losses by magnitude to the scale of those that are measured: the mean of what these are in their unit.
  void scale_magnitudes(const std::vector<bool>& measured) {
    double logs = 0, n = 0;
    for (size_t i = 0; i < measured.size(); ++i) {
      if (!measured[i]) continue;
      const double own = lost_by_magnitude_at(kProbeDensity, result_.layers[i].layer);
      const double loss = result_.layers[i].sensitivity;
      if (!(own > 0) || !(loss > 0)) continue;
      logs += std::log(loss / own);
      n += 1;
    }
    for (size_t i = 0; i < measured.size() && n > 0; ++i) {
      for (Option& option : options_by_layer_[i]) option.loss *= measured[i] ? 1 : std::exp(logs / n);
    }
  }

  /// Loss of every layer at every density, on samples that the layer is not solved for where there are some.
  void probe_layers() {
    const PartOfSamples held_out(*samples_, true), others(*samples_, false);
    const bool split = held_out.size() >= kProbeSamples;
    const Samples &all = *samples_, &solved = split ? others : all, &judged = split ? held_out : all;
    const size_t judges = split ? std::min(judged.size(), kErrorSamples) : kProbeSamples;
    const std::vector<Probing> probing = plan_probing(judges);
    Collector collector(*network_, dense_, dense_, solved, plan_collected(solved), options_.threads, options_.seed);
    OutputError probe_error(*network_, taps_, dense_, judged, judges, options_.threads);
    const std::vector<std::vector<float>> slopes = measure_slopes(solved);
    std::vector<bool> measured;
    for (LayerResult& result : result_.layers) {
      const PrunedLayer& layer = result.layer;
      const size_t number = measured.size();
      measured.push_back(layer.pruned() && probing[number] != Probing::kMagnitudes && !is_late(kProbingUntil));
      std::vector<Option> options = {{1, 0, 0}};
      std::vector<Option> sparse;
      std::string found = layer.kept_because;
      if (measured.back()) {
        probe_error.start_at(layer.node, dense_);
        const std::vector<Problem> problems =
            probe_layer(collector, probe_error, slopes[layer.node], probing[number], result);
        sparse = options_of(problems, probe_error, result);
        found = "error at the outputs at half density " + percent(result.sensitivity);
      } else if (layer.pruned()) {
        sparse = options_by_magnitude(layer);
        found = "by its magnitudes, since the time does not suffice to measure what it loses";
      }
      options.insert(options.end(), sparse.begin(), sparse.end());
      options_by_layer_.push_back(std::move(options));
      events_.say("probing layer " + std::to_string(number + 1) + " of " + std::to_string(result_.layers.size()) +
                  ", " + layer.name + ": " + found);
    }
    scale_magnitudes(measured);
    for (size_t i = 0; i < options_by_layer_.size(); ++i) {
      for (Option& option : options_by_layer_[i]) {
        option.cost = option.density == 1
                          ? result_.layers[i].dense_us
                          : predict_us(graph_, result_.layers[i].layer, options_.pattern, option.density, costs_);
      }
    }
    measure_curve();
  }

  double dense_us() const {
    double us = 0;
    for (const LayerResult& result : result_.layers) us += result.dense_us;
    return us;
  }

  void measure_curve() {
    double counted = 0;
    for (const LayerResult& result : result_.layers) {
      counted += result.layer.counts ? static_cast<double>(result.layer.weights()) : 0;
    }
    for (int percent = 100; percent >= 10; percent -= 5) {
      const std::vector<size_t> chosen = allocate(options_by_layer_, dense_us() * percent / 100);
      if (chosen.empty()) break;
      CurvePoint point;
      double zeros = 0;
      for (size_t i = 0; i < chosen.size(); ++i) {
        const Option& option = options_by_layer_[i][chosen[i]];
        point.us += option.cost;
        point.error += option.loss;
        zeros += (1 - option.density) * static_cast<double>(result_.layers[i].layer.weights());
      }
      point.sparsity = counted > 0 ? zeros / counted : 0;
      result_.curve.push_back(point);
    }
  }

  void choose_densities() {
    if (by_time()) {
      fit_time(options_.latency_us ? *options_.latency_us : dense_us() / *options_.speedup);
    } else {
      fit_sparsity();
    }
  }

  void fit_time(double budget_us) {
    if (dense_us() <= 0) {
      throw Error(ExitCode::kUsage, "the cost profile knows none of the model's layers; give --sparsity");
    }
    const std::vector<size_t> chosen = allocate(options_by_layer_, budget_us);
    if (chosen.empty()) {
      double least = 0;
      for (const std::vector<Option>& options : options_by_layer_) {
        least += std::min_element(options.begin(), options.end(), [](const Option& a, const Option& b) {
                   return a.cost < b.cost;
                 })->cost;
      }
      throw Error(ExitCode::kUsage, "that fast the layers cannot be: predicted are " + text_of(dense_us(), "%.0f us") +
                                        " dense and " + text_of(least, "%.0f us") + " at the lowest densities, " +
                                        text_of(dense_us() / least, "%.2f") + " times faster; ask for less");
    }
    for (size_t i = 0; i < chosen.size(); ++i) {
      result_.layers[i].layer.density = options_by_layer_[i][chosen[i]].density;
      if (result_.layers[i].layer.pruned() && chosen[i] == 0) {
        result_.layers[i].layer.kept_because = "zeros here cost more accuracy than the time they save is worth";
      }
    }
  }

  /// Least loss for so many zeros among all weights that count; the same density for every layer where a pattern leaves
  /// no choice.
  void fit_sparsity() {
    double counted = 0, prunable = 0, weights = 0;
    for (const LayerResult& result : result_.layers) {
      const auto n = static_cast<double>(result.layer.weights());
      counted += result.layer.counts ? n : 0;
      prunable += result.layer.pruned() ? n : 0;
      weights += n;
    }
    const double zeros = options_.sparsity * counted;
    if (options_.pattern == Pattern::kTwoOfFour) {
      for (LayerResult& result : result_.layers) result.layer.density = result.layer.pruned() ? 0.5 : 1;
      return;
    }
    if (zeros >= prunable) {
      throw Error(ExitCode::kUsage, "--sparsity " + text_of(options_.sparsity, "%g") + ": only " +
                                        percent(prunable / counted) + " of the weights may become zero; ask for less");
    }
    std::vector<std::vector<Option>> options = options_by_layer_;
    for (size_t i = 0; i < options.size(); ++i) {
      for (Option& option : options[i]) {
        option.cost = option.density * static_cast<double>(result_.layers[i].layer.weights());
      }
    }
    const std::vector<size_t> chosen = allocate(options, weights - zeros);
    double kept = 0;
    for (size_t i = 0; i < result_.layers.size(); ++i) {
      PrunedLayer& layer = result_.layers[i].layer;
      // Beyond the lowest density that a layer may choose, all get the same.
      layer.density = !layer.pruned() ? 1 : chosen.empty() ? 1 - zeros / prunable : options[i][chosen[i]].density;
      kept += layer.pruned() ? layer.density * static_cast<double>(layer.weights()) : 0;
    }
    // What steps between densities leave over.
    const double scale = (prunable - zeros) / kept;
    for (LayerResult& result : result_.layers) {
      if (result.layer.pruned()) result.layer.density = std::min(1.0, result.layer.density * scale);
    }
  }

  Solution solve_layer(Collector& collector, const PrunedLayer& layer, Effort effort, double density) {
    if (effort == Effort::kNone) {
      return keep_by_magnitude(weights_of(layer), layer, options_.pattern, density, bias_of(layer));
    }
    std::vector<Problem> problems = make_problems(collector, layer, weights_of(layer));
    treat(treatments_[layer.node], effort, layer, problems, options_.threads);
    return solve(problems, layer, options_.pattern, density, bias_of(layer), options_.threads);
  }

  /// Takes every layer `part` of the way to its density, measured in factors. The first time from the dense network,
  /// later on from what training has made of it.
  void solve_layers(double part) {
    const Parameters reference = pruned_;
    const std::vector<Effort> efforts = plan_efforts();
    Collector collector(*network_, reference, pruned_, *samples_, plan_collected(*samples_), options_.threads,
                        options_.seed);
    size_t done = 0;
    for (LayerResult& result : result_.layers) {
      ++done;
      const PrunedLayer& layer = result.layer;
      if (!layer.pruned()) continue;
      const double density = std::pow(layer.density, part);
      const Effort effort = is_late(kSolvingUntil) ? Effort::kNone : efforts[done - 1];
      Solution solution = solve_layer(collector, layer, effort, density);
      weights_of(layer) = std::move(solution.weights);
      bias_of(layer) = std::move(solution.bias);
      masks_[static_cast<size_t>(layer.weight)] = std::move(solution.mask);
      result.error = solution.error;
      result.us = predict_us(graph_, layer, options_.pattern, layer.density, costs_);
      events_.say("layer " + std::to_string(done) + " of " + std::to_string(result_.layers.size()) + ", " + layer.name +
                  ": density " + percent(density) + ", loss " + percent(result.error) + ", " + time_left());
    }
  }

  std::string time_left() const {
    return text_of(std::max(0.0, options_.minutes * 60 - clock_.seconds()), "%.0f s left at most");
  }

  double planned_macs(double part) const { return part * options_.minutes * 60 * kPlannedMacs; }

  /// Multiply-adds of one run of the network, by its layers.
  double run_macs() const {
    double macs = 0;
    for (const LayerResult& result : result_.layers) {
      macs += static_cast<double>(result.layer.weights()) * static_cast<double>(result.layer.positions);
    }
    return std::max(1.0, macs);
  }

  /// How many times `runs` of the network fit into a part of the time, up to `most`.
  size_t plan_runs(double part, double runs, size_t most) const {
    return static_cast<size_t>(std::min(static_cast<double>(most), planned_macs(part) / (runs * run_macs())));
  }

  /// Each sample is run 3 times in a step.
  size_t plan_pushed() const { return plan_runs(kPushedPart, 3 * PushedSamples::kSteps, PushedSamples::kMost); }

  /// Each sample is run in both networks, once for probing and once for solving.
  size_t plan_collected(const Samples& samples) const {
    const size_t most = std::min(kVariants * samples.size(), kSolverSamples);
    return std::max(std::min(kFewestSamples, most), plan_runs(kCollectingPart, 4, most));
  }

  /// How much the outputs depend on each layer's; by node.
  std::vector<std::vector<float>> measure_slopes(const Samples& samples) const {
    const size_t n = plan_runs(kImportancePart, 3, kImportanceSamples);
    if (n < kFewestSamples) return std::vector<std::vector<float>>(graph_.nodes.size());
    return channel_importance(*network_, taps_, dense_, samples, n, options_.threads);
  }

  /// By layer: the level that fits into a part of the time. `costs_of`: multiply-adds of a pruned layer by level.
  template <class Level, class Costs>
  std::vector<Level> plan_levels(double part, Costs costs_of) const {
    std::vector<std::vector<double>> costs;
    for (const LayerResult& result : result_.layers) {
      costs.push_back(result.layer.pruned() ? costs_of(result.layer) : std::vector<double>{0});
    }
    std::vector<Level> levels;
    for (const size_t level : choose_levels(costs, planned_macs(part))) levels.push_back(static_cast<Level>(level));
    return levels;
  }

  /// `judges`: samples that judge; half of a run for each, in the mean.
  std::vector<Probing> plan_probing(size_t judges) const {
    const double judging = 0.5 * static_cast<double>(judges) * run_macs();
    return plan_levels<Probing>(kProbingPart, [&](const PrunedLayer& layer) { return probing_macs(layer, judging); });
  }

  std::vector<Effort> plan_efforts() const { return plan_levels<Effort>(kSolvingPart, solving_macs); }

  size_t plan_batches(double part) const {
    // Of one sample: the dense network forward; behind the front the pruned one as well, and backward, which is twice
    // that; for every second sample, once more all of it but the gradients of weights.
    double macs = 0;
    for (const LayerResult& result : result_.layers) {
      const PrunedLayer& layer = result.layer;
      const double forward = static_cast<double>(layer.weights()) * static_cast<double>(layer.positions);
      macs += layer.node < network_->first_trained() ? forward : 6 * forward;
    }
    const double per_batch = macs * kBatch;
    const double planned = planned_macs(kPlannedPart) / std::max(1.0, per_batch);
    return static_cast<size_t>(part * std::min(planned, static_cast<double>(options_.max_batches)));
  }

  /// Trains for `part` of all batches; only the last stage may use up the time.
  void train(double part, bool last) {
    DistillOptions distill_options;
    distill_options.batches = plan_batches(part);
    distill_options.batch = kBatch;
    distill_options.rate = std::clamp(kRateByError * lost_.error, kLeastRate, kMostRate);
    distill_options.threads = options_.threads;
    distill_options.seed = options_.seed + static_cast<uint32_t>(result_.batches);
    const double until = last ? kMostPart : kStagesPart;
    if (distill_options.batches == 0 || is_late(until)) return;
    const Parameters before = pruned_;
    const double start = clock_.seconds(), end = options_.minutes * 60 * until;
    double smooth = 0;
    distill(*network_, taps_, dense_, pruned_, masks_, *samples_, distill_options, [&](size_t batch, double loss) {
      smooth = batch == 0 ? loss : 0.95 * smooth + 0.05 * loss;
      ++result_.batches;
      if (batch % 25 == 24 || batch + 1 == distill_options.batches) {
        events_.say("training, batch " + std::to_string(batch + 1) + " of " + std::to_string(distill_options.batches) +
                    ": loss " + text_of(smooth, "%.4f") + ", " + time_left());
      }
      const double time_part = (clock_.seconds() - start) / std::max(1e-3, end - start);
      const double batch_part = static_cast<double>(batch + 1) / static_cast<double>(distill_options.batches);
      result_.out_of_time = result_.out_of_time || time_part > batch_part;
      return time_part;
    });
    const Lost lost = error_->of(pruned_);
    if (is_better(lost)) {
      lost_ = lost;
      result_.error = lost.error;
      keep();
    } else {
      pruned_ = before;
    }
  }

  /// Of masks the error alone says what they lose: their divergence is that of pixels in no doubt.
  bool is_better(const Lost& lost) const {
    const bool masks = std::any_of(taps_.begin(), taps_.end(), [](const Tap& tap) { return tap.odds; });
    return lost.loss < lost_.loss && (!masks || lost.error < lost_.error);
  }

  /// Among the weights that count.
  double zeros() {
    double zeros = 0, counted = 0;
    for (const LayerResult& result : result_.layers) {
      if (!result.layer.counts) continue;
      const std::vector<float>& weights = weights_of(result.layer);
      counted += static_cast<double>(weights.size());
      zeros += static_cast<double>(std::count(weights.begin(), weights.end(), 0.0f));
    }
    return counted > 0 ? zeros / counted : 0;
  }

  void finish() {
    for (const LayerResult& result : result_.layers) {
      result_.dense_us += result.dense_us;
      result_.us += result.us;
    }
    result_.sparsity = zeros();
    result_.graph = with_weights();
    result_.seconds = clock_.seconds();
  }

  Graph with_weights() const {
    Graph graph = graph_;
    for (size_t id = 0; id < pruned_.size(); ++id) {
      if (pruned_[id].empty()) continue;
      Value& value = graph.values[id];
      value.constant = std::make_shared<const Tensor>(value.shape, pruned_[id]);
    }
    return graph;
  }

  const Clock clock_;
  const Samples& source_;
  std::unique_ptr<Samples> samples_;  ///< the same, pushed
  const CostModel& costs_;
  const PruneOptions& options_;
  const PruneEvents& events_;
  Graph graph_;
  std::unique_ptr<Network> network_;
  Parameters dense_, pruned_;
  std::vector<Mask> masks_;
  std::vector<Tap> taps_;
  std::unique_ptr<OutputError> error_;
  Lost lost_;                          ///< by pruned_
  std::vector<Treatment> treatments_;  ///< by node
  std::vector<std::vector<Option>> options_by_layer_;
  PruneResult result_;
};

}  // namespace

PruneResult prune(Graph graph, const Samples& samples, const CostModel& costs, const PruneOptions& options,
                  const PruneEvents& events) {
  return Pruner(std::move(graph), samples, costs, options, events).run();
}

}  // namespace lacuna::prune
