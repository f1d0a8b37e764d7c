// Convolution as products of weight rows and tiles of pixels: packings SparseRows, SparseRows4 and DenseRows8.
//
// Pointwise convolutions read planes in place. Any other one unfolds what a tile sees into scratch, one block of
// channels at a time; sums wait in the output or in scratch between blocks.
#pragma once

#include "kernels/op.h"

namespace lacuna {

/// What the kernels of a step do whose weights are as its packing says.
TileKind conv_tile_kind(const OpStep& step);

/// As the functions of OpRun. The state starts with the function that runs a task.
size_t tiles_state_bytes(const OpStep& step);
size_t tiles_scratch_bytes(const OpStep& step);
Binding bind_tiles(const OpStep& step, const BindContext& context, void* state);

}  // namespace lacuna
