// Columns: chains of convolutions run in bands of rows, so that wide values between them never exist as a whole.
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

/// Where a convolution makes a wide value for a depthwise one alone, the two, and the pointwise convolution behind them
/// if there is one, become a chain for each band of output rows. Values between them are as high as their band (plus
/// the rows that the next band's window sees too, which are computed twice), and take the same memory band after band;
/// the results are written in place into the whole output. Weights are shared, results stay the same to the bit. The
/// bands start where rows start cache lines. (Neural Magic's "tensor columns", as a rewrite of the graph.) Run after
/// all passes. What is alive inside a band takes at most `band_bytes` where a line of rows lets it.
void run_in_columns(Graph& graph, int64_t band_bytes);

/// Values up to this many bytes stay whole.
constexpr int64_t kWideBytes = 1 << 20;
/// More for the inside of a band gains nothing, and the arena grows.
constexpr int64_t kMostBandBytes = 3 << 18;
/// What suits cores with this L2: most of it, since weights pass through as well.
constexpr int64_t band_bytes_for(int64_t l2_bytes) {
  return l2_bytes / 4 * 3 < kMostBandBytes ? l2_bytes / 4 * 3 : kMostBandBytes;
}

}  // namespace lacuna
