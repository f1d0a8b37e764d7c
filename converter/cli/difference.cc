#include "converter/cli/difference.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

namespace lacuna {
namespace {

double distance(float a, float b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  return std::abs(static_cast<double>(a) - static_cast<double>(b));
}

Shape index_of(size_t flat, const Shape& shape) {
  Shape index = shape;
  auto rest = static_cast<int64_t>(flat);
  for (int i = shape.rank - 1; i >= 0; --i) {
    index[i] = rest % shape[i];
    rest /= shape[i];
  }
  return index;
}

}  // namespace

Difference largest_difference(const Tensor& actual, const Tensor& expected) {
  Difference result;
  size_t worst = 0;
  double scale = FLT_MIN;
  for (size_t i = 0; i < expected.f32.size(); ++i) {
    if (std::isfinite(expected.f32[i])) scale = std::max(scale, std::abs(static_cast<double>(expected.f32[i])));
    const double error = distance(actual.f32[i], expected.f32[i]);
    if (error > result.absolute) {
      result.absolute = error;
      worst = i;
    }
  }
  result.relative = result.absolute / scale;
  result.where = index_of(worst, expected.shape);
  result.actual = static_cast<double>(actual.f32[worst]);
  result.expected = static_cast<double>(expected.f32[worst]);
  return result;
}

}  // namespace lacuna
