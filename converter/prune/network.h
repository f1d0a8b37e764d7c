// A graph that runs one sample forward, and backward for gradients, with weights that may change between runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "converter/ir/graph.h"
#include "converter/prune/compute.h"

namespace lacuna::prune {

/// Convolutions and fully connected nodes: those with parameters.
bool is_layer(const Node& node);
/// Convolutions each of whose outputs reads one channel.
bool is_depthwise(const Graph& graph, const Node& node);

bool is_sum(const Node& node);
/// Numbers of a channel that lie side by side in a layer's output.
int64_t inner_of(const Graph& graph, const Node& layer);

/// Numbers of constants by value id: weights and biases of layers; empty for all others.
using Parameters = std::vector<std::vector<float>>;

/// Numbers of values: what is kept of one sample at a place of a network.
using Frontier = std::map<ValueId, std::vector<float>>;

class Tape;

/// The way a graph is computed. Weights are read from `Parameters`, so several sets can share one Network.
class Network {
 public:
  /// `graph` has no fused residuals and activations (unfuse) and outlives the network. Gradients are made from the last
  /// loss back to what the nodes from `first_trained` on read of those before them.
  explicit Network(const Graph& graph, size_t first_trained = 0);

  const Graph& graph() const { return *graph_; }
  /// Layers before this node get no gradient.
  size_t first_trained() const { return first_trained_; }
  /// Values made before a node that it or nodes behind it read.
  std::vector<ValueId> wanted_at(size_t node) const;
  /// How many numbers these have.
  int64_t floats_at(size_t node) const;
  /// Weights and biases as the graph has them.
  Parameters parameters() const;
  /// Zeros of the same sizes.
  Parameters zeros() const;
  /// Nodes through which no gradient passes.
  const std::vector<bool>& is_barrier() const { return barrier_; }

 private:
  friend class Tape;
  void mark_gradients();

  const Graph* graph_;
  size_t first_trained_;
  std::vector<int> last_reader_;    ///< for every value: its last node
  std::vector<ValueId> storage_;    ///< for every value: the value whose memory it shares
  std::vector<bool> has_gradient_;  ///< for every value
  std::vector<bool> barrier_;       ///< for every node
};

/// Memory of one sample on its way through a network. Not shared between threads.
class Tape {
 public:
  /// With `gradients` it can run backward.
  Tape(const Network& network, bool gradients);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Sets the network's only input.
  void set_input(const std::vector<float>& x);
  /// A value's elements, contiguous. Valid while no node behind it runs that works in place.
  float* value(ValueId id);
  /// The gradient at a value; null where none is made.
  float* gradient(ValueId id);

  /// Runs nodes [first, last). Values they read have been set or computed.
  void forward(const Parameters& parameters, size_t first, size_t last);
  /// Everything.
  void forward(const Parameters& parameters);

  /// What Network::wanted_at() names, of a sample that has come to this node; and such values set again.
  Frontier frontier_at(size_t node);
  void restore(const Frontier& frontier);

  /// Sets all gradients at values to zero.
  void clear_gradients();
  /// Runs nodes backward from the gradients that the caller has set; adds to `sums`, but for those that are empty.
  void backward(const Parameters& parameters, Parameters& sums);

  struct Step;  ///< how one node runs on this tape

 private:
  float* reserve(int64_t floats);

  const Network& network_;
  struct Free {
    void operator()(float* memory) const;
  };
  std::vector<std::unique_ptr<float, Free>> memory_;  ///< aligned, as kernels want it
  std::vector<float*> values_, gradients_;
  std::vector<int64_t> sizes_;
  std::vector<std::unique_ptr<Step>> steps_;
  Scratch scratch_;
};

}  // namespace lacuna::prune
