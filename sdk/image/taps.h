// Which source pixels make a result pixel, along one axis.
#pragma once

#include <cstdint>

#include "lacuna/lacuna_image.h"

namespace lacuna {

/// Most source pixels for one result pixel, and the most taps that makes: BICUBIC reaches 2 result pixels to each side.
constexpr int kMaxShrink = 64;
constexpr int kMaxTaps = 4 * kMaxShrink + 2;

/// One axis of a resize. Positions count in source pixels; pixel i covers [i, i + 1).
struct Axis {
  double begin;   ///< of the crop; may be negative
  double scale;   ///< source pixels of one result pixel
  int size;       ///< of the result
  int low, high;  ///< source pixels that count: [low, high), the picture and the crop together
  lacuna_image_filter filter;
};

Axis make_axis(double begin, double length, int source_size, int size, lacuna_image_filter filter);

/// Largest number of taps of a pixel of the axis, at most kMaxTaps.
int most_taps(const Axis& axis);

/// Weights of result pixel `i`, which add up to 1; zeros up to most_taps(). Returns the first source pixel.
int find_taps(const Axis& axis, int i, float* weights);

}  // namespace lacuna
