// Trains the weights that are left so that the pruned network answers as the dense one does: knowledge distillation
// without labels (Hinton, Vinyals and Dean, 2015), at the outputs and at the values between blocks.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "converter/prune/network.h"
#include "converter/prune/samples.h"
#include "converter/prune/solver.h"

namespace lacuna::prune {

/// A value at which the two networks are compared.
struct Tap {
  ValueId id = kNoValue;
  double variance = 1;   ///< of the dense network's numbers there
  double weight = 1;     ///< in the loss; the squared difference counts in units of the variance
  bool classes = false;  ///< logits of classes: the divergence of their probabilities counts as well
  bool odds = false;     ///< probabilities of yes or no, from a sigmoid: likewise
};

/// The outputs, and what leaves each block: sums and linear layers where the network has them.
/// Variances are measured on a few samples.
std::vector<Tap> find_taps(const Network& network, const Parameters& dense, const Samples& samples);

/// What a network loses against the dense one.
struct Lost {
  double error = 0;  ///< mean squared difference of the outputs, in units of their variance
  double loss = 0;   ///< what training lessens, at the outputs
};

/// What is lost at the outputs, on `n` of the samples as they are. Everything is borrowed.
class OutputError {
 public:
  OutputError(const Network& network, const std::vector<Tap>& taps, const Parameters& dense, const Samples& samples,
              size_t n, size_t threads);
  Lost of(const Parameters& pruned) const;
  /// From now on nodes before this one are computed by these parameters, once where memory allows. It may move towards
  /// the outputs alone.
  void start_at(size_t node, const Parameters& parameters);

 private:
  void begin(Tape& tape, size_t i) const;
  std::vector<float> run(const Parameters& parameters, size_t i, size_t thread) const;

  const Network& network_;
  const Samples& samples_;
  std::vector<Tap> outputs_;
  std::vector<std::unique_ptr<Tape>> tapes_;  ///< one a thread
  std::vector<std::vector<float>> dense_;     ///< the dense network's outputs, sample by sample
  size_t start_ = 0;                          ///< node
  std::vector<Frontier> given_;               ///< what it and those behind it read, sample by sample
};

struct DistillOptions {
  size_t batches = 0;
  size_t batch = 16;
  double rate = 0.002;  ///< largest step of a weight in one batch, as part of the magnitude of its row
  uint32_t seed = 1;
  size_t threads = 1;
};

/// Called after each batch with its number and its loss; returns the part of the time that is used up. Where that is
/// ahead of the batches, the rate falls by the time and training ends with it.
using DistillProgress = std::function<double(size_t batch, double loss)>;

/// Adam with a rate that falls to zero. Only weights where the mask is 1 change; `masks` is by value id, empty where
/// all may. The result does not depend on the number of threads.
void distill(const Network& network, const std::vector<Tap>& taps, const Parameters& dense, Parameters& pruned,
             const std::vector<Mask>& masks, const Samples& samples, const DistillOptions& options,
             const DistillProgress& progress);

}  // namespace lacuna::prune
