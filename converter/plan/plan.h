// Where every value lives: strides, buffers that values share, and an offset in the arena for every buffer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// Steps between which a value must be kept: from the one that writes it to the last one that reads it. -1 is before
/// the first step (graph inputs), the number of steps is after the last (graph outputs).
struct Life {
  int first = 0;
  int last = -2;
  bool used() const { return last != -2; }  ///< false: no step writes or reads the value
};

/// One life a value.
std::vector<Life> lives_of(const Graph& graph);

/// A region of the arena. It is needed while one of its values is.
struct Buffer {
  uint64_t bytes = 0;   ///< a multiple of kAlignment
  uint64_t offset = 0;  ///< in the arena's value part
  Life life;
};

/// The place of one value.
struct Placement {
  Shape strides;        ///< elements
  int buffer = -1;      ///< -1: a constant, or a value that nothing uses
  uint64_t offset = 0;  ///< bytes from the start of the buffer
};

struct Plan {
  std::vector<Placement> values;  ///< by ValueId
  std::vector<Buffer> buffers;
  uint64_t arena_bytes = 0;
  uint64_t naive_bytes = 0;  ///< sum of all buffers: what no reuse would take
};

/// Lays out, shares and places the values of a graph.
Plan make_plan(const Graph& graph);

/// Strides of every value: channels of large planes padded to whole vectors and off equal cache sets, where all steps
/// that touch the value take that; contiguous otherwise.
std::vector<Shape> choose_strides(const Graph& graph);

/// Puts each value into a buffer: a view (Reshape, Slice) into its source's, a part of a Concat into the result's, the
/// result of an elementwise step in place of an operand that dies there, everything else into one of its own.
/// Fills `values` and `buffers` but for offsets in the arena.
void share_buffers(const Graph& graph, const std::vector<Shape>& strides, Plan& plan);

/// Gives buffers that are alive at the same time disjoint offsets: largest first, each at the lowest place that is free
/// for all its life (greedy by size, as in Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
/// Inference", 2020). Returns the bytes used.
uint64_t place_greedy(std::vector<Buffer>& buffers);

/// No two buffers share bytes. The bound that place_greedy must beat; returns the bytes used.
uint64_t place_naive(std::vector<Buffer>& buffers);

/// The arena over time as text: a row an address range, a column a step.
std::string draw_plan(const std::vector<Buffer>& buffers, uint64_t arena_bytes, int steps, int rows, int columns);

}  // namespace lacuna
