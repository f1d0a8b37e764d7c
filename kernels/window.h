// How the window of a convolution moves along one dimension.
#pragma once

#include <cstdint>

namespace lacuna {

/// One spatial dimension of a convolution.
struct Window {
  int64_t in;
  int64_t out;
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t pad;  ///< zeros in front

  /// Input position that tap `k` of output position `o` reads; outside [0, in): a zero.
  int64_t position(int64_t o, int64_t k) const { return o * stride + k * dilation - pad; }
  /// Nothing moves: every output reads just its own position.
  bool is_identity() const { return kernel == 1 && stride == 1 && pad == 0 && in == out; }
};

}  // namespace lacuna
