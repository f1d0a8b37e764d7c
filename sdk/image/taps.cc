#include "sdk/image/taps.h"

#include <algorithm>
#include <cmath>

namespace lacuna {
namespace {

/// By how much the filter grows when shrinking.
double growth(const Axis& axis) { return axis.filter == LACUNA_IMAGE_LINEAR ? 1.0 : std::max(axis.scale, 1.0); }

/// Reach of the filter to either side, in source pixels.
double reach(const Axis& axis) {
  switch (axis.filter) {
    case LACUNA_IMAGE_AREA:
      return 0.5 * growth(axis) + 0.5;
    case LACUNA_IMAGE_BICUBIC:
      return 2.0 * growth(axis);
    default:
      return growth(axis);
  }
}

/// Keys, Cubic convolution interpolation for digital image processing, 1981, with a = -0.5.
double cubic(double x) {
  x = std::fabs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// Weight of a source pixel whose middle is `distance` from the result pixel's.
double weight_at(const Axis& axis, double distance) {
  switch (axis.filter) {
    case LACUNA_IMAGE_AREA: {
      const double half = 0.5 * growth(axis);
      return std::max(0.0, std::min(distance + 0.5, half) - std::max(distance - 0.5, -half));
    }
    case LACUNA_IMAGE_BICUBIC:
      return cubic(distance / growth(axis));
    default:
      return std::max(0.0, 1 - std::fabs(distance) / growth(axis));
  }
}

}  // namespace

Axis make_axis(double begin, double length, int source_size, int size, lacuna_image_filter filter) {
  Axis axis = {begin, length / size, size, 0, source_size, filter};
  axis.low = std::min(0, static_cast<int>(std::floor(begin)));
  axis.high = std::max(source_size, static_cast<int>(std::ceil(begin + length)));
  return axis;
}

int most_taps(const Axis& axis) { return std::min(static_cast<int>(std::ceil(2 * reach(axis))) + 1, kMaxTaps); }

int find_taps(const Axis& axis, int i, float* weights) {
  const double middle = axis.begin + (i + 0.5) * axis.scale;
  const int taps = most_taps(axis);
  int first = static_cast<int>(std::floor(middle - reach(axis) + 0.5));
  const int last = std::min(first + taps, axis.high);
  first = std::min(std::max(first, axis.low), axis.high - 1);
  double total = 0;
  for (int x = first; x < last; ++x) total += weight_at(axis, x + 0.5 - middle);
  for (int t = 0; t < taps; ++t) {
    const bool counts = first + t < last;
    weights[t] = counts ? static_cast<float>(weight_at(axis, first + t + 0.5 - middle) / total) : 0.0f;
  }
  return first;
}

}  // namespace lacuna
