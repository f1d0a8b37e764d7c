// How the zeros of a layer's weights lie.
#pragma once

#include <string>

#include "converter/ir/tensor.h"

namespace lacuna {

/// One of: "dense" (no zeros), "empty" (nothing else), "channels" (whole rows or input channels are zero, the rest is
/// dense), "16x1" and the like (blocks of that many rows x input channels are zero or not as a whole; the largest that
/// fits), "2:4" (at most two of four neighbouring input channels), "unstructured".
/// `weight` is [rows, input channels, taps...]. A few zeros inside blocks that are kept do not count.
std::string detect_pattern(const Tensor& weight);

}  // namespace lacuna
