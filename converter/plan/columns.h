// Columns: chains of convolutions run in bands of rows, so that wide values between them never exist as a whole.
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

/// Where a convolution makes a wide value for a depthwise one alone, the two, and the pointwise convolution behind them
/// if there is one, become a chain for each band of output rows. Values between them are as high as their band (plus
/// the rows that the next band's window sees too, which are computed twice), and take the same memory band after band;
/// the results are written in place into the whole output. Weights are shared, results stay the same to the bit. The
/// bands start where rows start cache lines. (Neural Magic's "tensor columns", as a rewrite of the graph.) Run after
/// all passes.
void run_in_columns(Graph& graph);

/// Values up to this many bytes stay whole.
constexpr int64_t kWideBytes = 1 << 20;
/// What the values inside a band may take together: about half of a large core's L2.
constexpr int64_t kBandBytes = 3 << 18;

}  // namespace lacuna
