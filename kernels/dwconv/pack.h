// Packer of Depthwise: values are [channel out][kernel row][kernel column] float32, as weights [M, 1, kh, kw] are
// given. In PackedWeights: rows = channels out, columns = taps, groups = channels in.
#pragma once

#include "kernels/op_host.h"
#include "kernels/weight_matrix.h"

namespace lacuna {

/// `bias` may be null.
WeightBytes pack_depthwise(const WeightMatrix& weights, const Tensor* bias);

}  // namespace lacuna
