// Wide values between a convolution and a depthwise one never exist as a whole.
#pragma once

#include "converter/ir/graph.h"

namespace lacuna {

/// A depthwise convolution needs one channel at a time, so the convolution in front of it may make a group of channels,
/// have it filtered, and go on with the next group in the same memory. Where the value between the two is larger than
/// kSplitAboveBytes, both become groups of channels of about kPartBytes each, put together again by a Concat whose
/// parts are written in place. Weights, results and multiply-adds stay the same to the bit. Run after all passes.
void split_channels(Graph& graph);

constexpr int64_t kSplitAboveBytes = 1 << 20;
constexpr int64_t kPartBytes = 1 << 19;

}  // namespace lacuna
