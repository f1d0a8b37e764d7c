// Fully connected: which kernels a step takes.
#pragma once

#include "kernels/op.h"

namespace lacuna {

/// What the kernels of a step do whose weights are as its packing says.
TileKind fully_connected_tile_kind(const OpStep& step);

}  // namespace lacuna
