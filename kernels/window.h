// How the window of a convolution moves along one dimension.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

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
  /// Tap k reads position (o + shift(k)) * stride + phase(k): inputs a stride apart, phase by phase, are moved by whole
  /// outputs.
  int64_t shift(int64_t k) const {
    const int64_t offset = k * dilation - pad;
    return offset >= 0 ? offset / stride : -((-offset + stride - 1) / stride);
  }
  int64_t phase(int64_t k) const { return k * dilation - pad - shift(k) * stride; }
  /// Taps k and k + phases() have one phase, taps in between others.
  int64_t phases() const { return std::min(stride / std::gcd(stride, dilation), kernel); }
  /// Shifts that taps have; 1 where there would be too many, which then do not count.
  int64_t segments() const {
    constexpr int64_t kMost = 8;
    const int64_t shifts = shift(kernel - 1) - shift(0) + 1;
    return shifts <= kernel && shifts <= kMost ? shifts : 1;
  }
  int64_t segment_of(int64_t k) const { return segments() == 1 ? 0 : shift(k) - shift(0); }

  /// Nothing moves: every output reads just its own position.
  bool is_identity() const { return kernel == 1 && stride == 1 && pad == 0 && in == out; }
};

}  // namespace lacuna
