// How kernels of dense rows of halves walk over a tile. The tier's Vec comes first.
#pragma once

#include "kernels/halves/halves.h"

namespace lacuna {
namespace {

constexpr int kBlockRows = 8;

/// Calls multiply(row, weights, tile) for every block of rows and run of up to three vectors of pixels; `tile` is that
/// of the run.
template <class Multiply>
inline void for_each_run(const DenseTile& rows, const HalfTile& tile, const Multiply& multiply) {
  constexpr int kRun = 3 * Vec::kLanes;
  const auto* values = reinterpret_cast<const Half*>(rows.values);
  for (int64_t row = 0; row < rows.rows; row += kBlockRows, values += rows.block_stride) {
    HalfTile t = tile;
    for (int left = tile.pixels; left > 0; left -= kRun) {
      t.pixels = left < kRun ? left : kRun;
      multiply(row, values, t);
      t.x += kRun;
      t.y += kRun;
      if (t.residual != nullptr) t.residual += kRun;
    }
  }
}

}  // namespace
}  // namespace lacuna
