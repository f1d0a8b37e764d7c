// Networks that nobody would write, all of them valid: for tests that compare, and for fuzzers.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// Decisions drawn from bytes, so that a fuzzer can change one decision at a time. Used up, it says 0.
class Decisions {
 public:
  Decisions(const uint8_t* data, size_t bytes) : data_(data), bytes_(bytes) {}

  /// In [0, count); `count` is at least 1.
  uint32_t below(uint32_t count);
  /// In [low, high].
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<uint32_t>(high - low + 1)));
  }
  bool one_in(uint32_t count) { return below(count) == 1; }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[below(static_cast<uint32_t>(list.size()))];
  }

 private:
  uint8_t next() { return at_ < bytes_ ? data_[at_++] : uint8_t{0}; }

  const uint8_t* data_;
  size_t bytes_;
  size_t at_ = 0;
};

/// Bytes for Decisions.
std::vector<uint8_t> random_bytes(uint32_t seed, size_t bytes = 400);

/// A network of up to some twenty nodes of all operators: odd sizes, strides, groups, pads and broadcasts, shared
/// values, several outputs. Functions are tame, so that results can be compared. Small: at most some million
/// multiply-adds.
Graph random_graph(Decisions& decisions);

/// Inputs for a graph, around -1 to 1.
std::vector<Tensor> random_inputs(const Graph& graph, uint32_t seed);

/// The whole way to an .lcn file; packings are drawn from those that are legal, so that each of them is met.
std::string random_file(Graph graph, Decisions& decisions, fbs::Dtype dtype = fbs::Dtype::F32);

}  // namespace lacuna
