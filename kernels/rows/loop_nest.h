// Nested loops over strided operands, collapsed to as few loops as their strides allow.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sdk/base/shape.h"

namespace lacuna {

/// Loops over kOperands operands, outermost first: operand o is at sum of index[i] * stride[o][i]. Plain data.
template <int kOperands>
struct LoopNest {
  int32_t rank = 0;
  int64_t size[kMaxRank + 1] = {};
  int64_t stride[kOperands][kMaxRank + 1] = {};

  /// Adds a loop inside all others. One of a single round vanishes; one that just goes on where the loop around it
  /// steps is merged with that.
  void add(int64_t n, const int64_t (&strides)[kOperands]) {
    if (n == 1) return;
    if (rank > 0 && continues(n, strides)) {
      size[rank - 1] *= n;
    } else {
      size[rank++] = n;
    }
    for (int o = 0; o < kOperands; ++o) stride[o][rank - 1] = strides[o];
  }

  /// Makes sure of an innermost loop that runs along memory of the operands in the bit set `operands`: the last one, or
  /// a new one of a single round.
  void close(uint32_t operands) {
    bool dense = rank > 0;
    for (int o = 0; dense && o < kOperands; ++o) dense = (operands >> o & 1) == 0 || stride[o][rank - 1] == 1;
    if (dense) return;
    size[rank] = 1;
    for (int o = 0; o < kOperands; ++o) stride[o][rank] = 1;
    ++rank;
  }

  /// Rounds of the outermost `depth` loops together.
  int64_t rounds(int depth) const {
    int64_t n = 1;
    for (int i = 0; i < depth; ++i) n *= size[i];
    return n;
  }
  int64_t elements() const { return rounds(rank); }

 private:
  bool continues(int64_t n, const int64_t (&strides)[kOperands]) const {
    for (int o = 0; o < kOperands; ++o) {
      if (stride[o][rank - 1] != n * strides[o]) return false;
    }
    return true;
  }
};

/// Position in the outermost `depth` loops of a nest, which outlives it.
template <int kOperands>
class LoopCursor {
 public:
  int64_t offset[kOperands] = {};

  /// At round `round`, counted row-major.
  LoopCursor(const LoopNest<kOperands>& nest, int depth, int64_t round = 0) : nest_(nest), depth_(depth) {
    for (int i = depth - 1; i >= 0; --i) {
      index_[i] = round % nest.size[i];
      round /= nest.size[i];
      for (int o = 0; o < kOperands; ++o) offset[o] += index_[i] * nest.stride[o][i];
    }
  }

  /// The next round; after the last one the first.
  void next() {
    for (int i = depth_ - 1; i >= 0; --i) {
      for (int o = 0; o < kOperands; ++o) offset[o] += nest_.stride[o][i];
      if (++index_[i] < nest_.size[i]) return;
      for (int o = 0; o < kOperands; ++o) offset[o] -= nest_.size[i] * nest_.stride[o][i];
      index_[i] = 0;
    }
  }

 private:
  const LoopNest<kOperands>& nest_;
  int depth_;
  int64_t index_[kMaxRank + 1] = {};
};

/// Calls body(offsets, n) for each part of an innermost run that elements [begin, end) of a closed nest cover.
template <int kOperands, class Body>
void for_each_run(const LoopNest<kOperands>& nest, int64_t begin, int64_t end, Body body) {
  const int inner = nest.rank - 1;
  const int64_t length = nest.size[inner];
  int64_t first = begin % length;
  for (LoopCursor<kOperands> row(nest, inner, begin / length); begin < end; row.next()) {
    const int64_t n = std::min(length - first, end - begin);
    int64_t offsets[kOperands];
    for (int o = 0; o < kOperands; ++o) offsets[o] = row.offset[o] + first * nest.stride[o][inner];
    body(offsets, n);
    begin += n;
    first = 0;
  }
}

}  // namespace lacuna
