#include <algorithm>
#include <cmath>

#include "kernels/copy/reference.h"
#include "kernels/ops/resize/coordinate.h"

namespace lacuna {
namespace {

struct Neighbour {
  int64_t index;
  double weight;
};

/// What one output element takes from along an axis; nothing when it is extrapolated.
using Neighbours = std::vector<Neighbour>;

double kernel_function(const fbs::ResizeAttrs& attrs, double distance) {
  const double d = std::abs(distance);
  const double a = attrs.cubic_a();
  if (attrs.mode() == fbs::ResizeMode::Linear) return d < 1 ? 1 - d : 0;
  if (d < 1) return (a + 2) * d * d * d - (a + 3) * d * d + 1;
  return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

/// Halves go down or up as the mode says.
int64_t nearest_to(fbs::NearestMode mode, double x) {
  const double below = std::floor(x);
  const bool half = x - below == 0.5;
  if (mode == fbs::NearestMode::Floor || (half && mode == fbs::NearestMode::RoundPreferFloor)) {
    return static_cast<int64_t>(below);
  }
  if (mode == fbs::NearestMode::Ceil || half) return static_cast<int64_t>(std::ceil(x));
  return std::llround(x);
}

Neighbours neighbours(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis, int64_t i) {
  if (is_unchanged(attrs.coordinates(), axis)) return {{i, 1.0}};
  const double x = input_coordinate(attrs.coordinates(), axis, i);
  const bool crop = attrs.coordinates() == fbs::CoordinateMode::TfCropAndResize;
  if (crop && (x < 0 || x > static_cast<double>(axis.in - 1))) return {};
  const auto clamped = [&](int64_t j) { return std::clamp<int64_t>(j, 0, axis.in - 1); };
  if (attrs.mode() == fbs::ResizeMode::Nearest) return {{clamped(nearest_to(attrs.nearest(), x)), 1.0}};
  const double stretch = attrs.antialias() ? std::min<double>(axis.scale, 1.0) : 1.0;
  const double support = 2.0 / stretch;
  Neighbours result;
  double total = 0;
  for (auto j = static_cast<int64_t>(std::floor(x - support)); static_cast<double>(j) <= x + support; ++j) {
    if (attrs.exclude_outside() && j != clamped(j)) continue;
    const double weight = kernel_function(attrs, (static_cast<double>(j) - x) * stretch);
    if (weight != 0) result.push_back({clamped(j), weight});
    total += weight;
  }
  if (total == 0) return {{clamped(static_cast<int64_t>(x)), 1.0}};
  for (Neighbour& neighbour : result) neighbour.weight /= total;
  return result;
}

/// One element by recursion over the axes; `offset` counts elements of the axes before.
double interpolate(const Tensor& x, const std::vector<const Neighbours*>& axes, size_t axis, int64_t offset) {
  if (axis == axes.size()) return x.f32[static_cast<size_t>(offset)];
  double sum = 0;
  for (const Neighbour& neighbour : *axes[axis]) {
    const int64_t inner = offset * x.shape[static_cast<int>(axis)] + neighbour.index;
    const double value = interpolate(x, axes, axis + 1, inner);
    sum += neighbour.weight == 1.0 ? value : neighbour.weight * value;
  }
  return sum;
}

}  // namespace

void resize_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::ResizeAttrs>();
  const Tensor& x = args.input(0);
  const auto rank = static_cast<size_t>(x.shape.rank);
  std::vector<std::vector<Neighbours>> tables(rank);
  for (int d = 0; d < x.shape.rank; ++d) {
    const ResizeAxis axis = resize_axis(attrs, x.shape, d);
    for (int64_t i = 0; i < axis.out; ++i) tables[static_cast<size_t>(d)].push_back(neighbours(attrs, axis, i));
  }
  std::vector<const Neighbours*> chosen(rank);
  for_each_index(args.output->shape, [&](const Shape& index, int64_t i) {
    bool outside = false;
    for (size_t d = 0; d < rank; ++d) {
      chosen[d] = &tables[d][static_cast<size_t>(index[static_cast<int>(d)])];
      outside = outside || chosen[d]->empty();
    }
    args.output->f32[static_cast<size_t>(i)] =
        outside ? attrs.extrapolation() : static_cast<float>(interpolate(x, chosen, 0, 0));
  });
}

}  // namespace lacuna
