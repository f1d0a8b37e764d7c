// How far a result is from the right one.
#pragma once

#include "converter/ir/tensor.h"

namespace lacuna {

/// The element that is furthest off.
struct Difference {
  double absolute = 0;  ///< largest |actual - expected|
  double relative = 0;  ///< the same over the largest absolute value expected
  Shape where;          ///< its index
  double actual = 0;
  double expected = 0;
};

/// Both f32 and of one shape. NaN must meet NaN and an infinity the same infinity: anything else is infinitely far off.
/// Where all expected values are smaller than the smallest normal float, that takes their place as the largest.
Difference largest_difference(const Tensor& actual, const Tensor& expected);

}  // namespace lacuna
