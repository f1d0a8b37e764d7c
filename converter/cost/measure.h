// Times layers on this machine through their operators, as a session would run them.
#pragma once

#include <memory>
#include <vector>

#include "converter/cost/layer.h"
#include "sdk/base/isa.h"

namespace lacuna {

/// Memory aligned as the arena's and the weight segment's, filled with zeros.
class AlignedMemory {
 public:
  explicit AlignedMemory(size_t bytes);
  void* data() const { return memory_.get(); }
  float* floats() const { return static_cast<float*>(memory_.get()); }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  size_t bytes_;
  std::unique_ptr<void, Free> memory_;
};

/// Pushes everything else out of the caches that belong to one core, so that weights come from where a network's do.
class CacheSweeper {
 public:
  CacheSweeper();
  void sweep();

 private:
  AlignedMemory memory_;
};

/// Weights as they are packed for this build's CPU family. `bias` may be null.
WeightBytes pack_for_this_machine(const Layer& layer, const Tensor& weight, const Tensor* bias, fbs::Packing packing);

/// A layer bound to kernels, with memory of its own.
class LayerTimer {
 public:
  /// Borrows nothing. `isas` are the tiers that kernels may come from; one thread.
  LayerTimer(const Layer& layer, const WeightBytes& weights, IsaMask isas);
  LayerTimer(const LayerTimer&) = delete;
  LayerTimer& operator=(const LayerTimer&) = delete;

  /// Nanoseconds of one run. The weights come from the outer caches, the input from the nearest that holds it, since
  /// the step before has just written it.
  double time_ns(CacheSweeper& sweeper);

  const char* kernel() const { return kernel_; }

 private:
  void touch_values() const;

  PackedAttrs attrs_;
  PackedWeights packed_;
  AlignedMemory index_, values_, bias_;
  TensorView x_, y_;
  std::unique_ptr<AlignedMemory> x_memory_, y_memory_, state_, scratch_;
  const OpRun* run_;
  uint32_t tasks_ = 0;
  const char* kernel_ = "-";
};

/// Least time of runs that go on for `seconds`, at least `least` of them.
double least_ns(LayerTimer& timer, CacheSweeper& sweeper, double seconds, int least);

}  // namespace lacuna
