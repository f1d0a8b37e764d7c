// Which bytes of a memory a value may touch, precisely enough that rows of one planar value can lie between each
// other.
#pragma once

#include "kernels/tensor_view.h"

namespace lacuna {

/// A half-open range of bytes, or runs of `run` bytes every `period` bytes in it. A planar value of one image is
/// such a comb: a plane a channel. Bands of rows of one value interleave, and yet share nothing.
struct Footprint {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t run = 0;
  int64_t period = 0;  ///< 0: every byte of the range

  bool shares_bytes_with(const Footprint& other) const {
    if (begin >= other.end || other.begin >= end) return false;
    const int64_t common = period != 0 ? period : other.period;
    if (common == 0 || (other.period != 0 && other.period != common)) return true;
    const int64_t a = run_within(common), b = other.run_within(common);
    const int64_t apart = ((other.begin - begin) % common + common) % common;
    return apart < a || apart + b > common;
  }

 private:
  int64_t run_within(int64_t common) const { return period == common ? run : end - begin; }
};

/// Of a value whose first byte is number `begin` of its memory.
inline Footprint footprint_of(const TensorView& view, int64_t begin) {
  const int64_t element = bytes_of(view.dtype);
  Footprint print = {begin, begin + extent(view) * element, 0, 0};
  if (is_planar(view) && view.shape[0] == 1 && view.shape[1] > 1 && plane_size(view) < view.strides[1]) {
    print.run = plane_size(view) * element;
    print.period = view.strides[1] * element;
  }
  return print;
}

}  // namespace lacuna
