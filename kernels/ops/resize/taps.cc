#include "kernels/ops/resize/taps.h"

#include <algorithm>
#include <cmath>

namespace lacuna {
namespace {

/// The kernel function is zero from this distance on.
float support_of(fbs::ResizeMode mode) { return mode == fbs::ResizeMode::Cubic ? 2.0f : 1.0f; }

/// Stretch of the kernel function: antialiasing widens it when the axis shrinks.
float stretch_of(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis) {
  return attrs.antialias() ? std::min(axis.scale, 1.0f) : 1.0f;
}

/// Keys' cubic convolution with parameter a ("Cubic convolution interpolation for digital image processing", 1981).
float cubic(float distance, float a) {
  const float t = std::fabs(distance);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return ((t - 5) * t + 8) * t * a - 4 * a;
  return 0;
}

float weight_of(const fbs::ResizeAttrs& attrs, float distance) {
  if (attrs.mode() == fbs::ResizeMode::Cubic) return cubic(distance, attrs.cubic_a());
  return std::max(1 - std::fabs(distance), 0.0f);
}

float round_nearest(fbs::NearestMode mode, float x) {
  switch (mode) {
    case fbs::NearestMode::RoundPreferFloor:
      return std::ceil(x - 0.5f);
    case fbs::NearestMode::RoundPreferCeil:
      return std::round(x);  // halves away from zero; below zero is clamped
    case fbs::NearestMode::Floor:
      return std::floor(x);
    case fbs::NearestMode::Ceil:
      return std::ceil(x);
  }
  return x;
}

/// x brought into [low, high], also when it is not a number.
float bounded(float x, float low, float high) { return x >= low ? std::min(x, high) : low; }

int64_t nearest_index(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis, float x) {
  const float near = round_nearest(attrs.nearest(), bounded(x, -1.0f, static_cast<float>(axis.in)));
  return std::clamp<int64_t>(static_cast<int64_t>(near), 0, axis.in - 1);
}

/// Table under construction.
struct Table {
  int64_t window;
  int64_t taps;
  int64_t pitch;
  int32_t* starts;
  float* weights;
};

/// Neighbours in the window around x; those outside of the input count for its edge, or not at all.
void weigh_neighbours(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis, float coordinate, int64_t i,
                      const Table& table) {
  const float stretch = stretch_of(attrs, axis);
  const float support = support_of(attrs.mode()) / stretch;
  // Further out, all neighbours are the edge.
  const float x = bounded(coordinate, -support - 1, static_cast<float>(axis.in) + support);
  const auto first = static_cast<int64_t>(std::floor(x - support)) + 1;
  const int64_t start = std::clamp<int64_t>(first, 0, axis.in - table.taps);
  table.starts[i] = static_cast<int32_t>(start);
  float* weights = table.weights + i;
  for (int64_t k = 0; k < table.taps; ++k) weights[k * table.pitch] = 0;
  float total = 0;
  for (int64_t j = first; j < first + table.window; ++j) {
    const int64_t inside = std::clamp<int64_t>(j, 0, axis.in - 1);
    if (attrs.exclude_outside() && inside != j) continue;
    const float weight = weight_of(attrs, (static_cast<float>(j) - x) * stretch);
    weights[(inside - start) * table.pitch] += weight;
    total += weight;
  }
  if (!attrs.exclude_outside() && !attrs.antialias()) return;  // they add up to 1
  if (total == 0) {
    weights[(std::clamp<int64_t>(first, 0, axis.in - 1) - start) * table.pitch] = 1;
    return;
  }
  for (int64_t k = 0; k < table.taps; ++k) weights[k * table.pitch] /= total;
}

}  // namespace

int64_t window_size(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis) {
  if (attrs.mode() == fbs::ResizeMode::Nearest) return 1;
  const float window = std::ceil(2 * support_of(attrs.mode()) / stretch_of(attrs, axis));
  return window <= static_cast<float>(kMaxTapEntries) ? static_cast<int64_t>(window) : kMaxTapEntries + 1;
}

int64_t tap_count(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis) {
  return is_unchanged(attrs.coordinates(), axis) ? 0 : std::min(window_size(attrs, axis), axis.in);
}

size_t taps_bytes(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis) {
  const auto taps = static_cast<size_t>(tap_count(attrs, axis));
  if (taps == 0) return 0;
  return static_cast<size_t>(pitch_of(axis)) * (sizeof(int32_t) + taps * sizeof(float));
}

Taps make_taps(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis, void* memory) {
  Taps result;
  if (is_unchanged(attrs.coordinates(), axis)) {
    result.inside_end = axis.out;
    return result;
  }
  const int64_t window = window_size(attrs, axis), pitch = pitch_of(axis);
  auto* starts = static_cast<int32_t*>(memory);
  const Table table = {window, tap_count(attrs, axis), pitch, starts, reinterpret_cast<float*>(starts + pitch)};
  result.taps = table.taps;
  result.pitch = pitch;
  result.starts = table.starts;
  result.weights = table.weights;
  const bool crop = attrs.coordinates() == fbs::CoordinateMode::TfCropAndResize;
  for (int64_t i = 0; i < axis.out; ++i) {
    const float x = input_coordinate(attrs.coordinates(), axis, i);
    if (is_built(BuiltTaps{1}) && attrs.mode() == fbs::ResizeMode::Nearest) {
      table.starts[i] = static_cast<int32_t>(nearest_index(attrs, axis, x));
    } else {
      weigh_neighbours(attrs, axis, x, i, table);
    }
    if (crop && !(x >= 0 && x <= static_cast<float>(axis.in - 1))) continue;
    // Coordinates are monotonic, so the inside is one range.
    if (result.inside_end == 0) result.inside_begin = i;
    result.inside_end = i + 1;
  }
  std::fill(starts + axis.out, starts + pitch, starts[axis.out - 1]);
  for (int64_t k = 0; k < table.taps; ++k) {
    std::fill(table.weights + k * pitch + axis.out, table.weights + (k + 1) * pitch, 0.0f);
  }
  return result;
}

size_t interpolation_bytes(const fbs::ResizeAttrs& attrs, const ResizeAxis& axis) {
  if (is_unchanged(attrs.coordinates(), axis)) return 0;
  return 2 * static_cast<size_t>(pitch_of(axis)) * sizeof(int32_t);
}

Interpolation interpolate_along(const Taps& taps, const ResizeAxis& axis, int lanes, void* memory) {
  auto* offsets = static_cast<int32_t*>(memory);
  int32_t* bases = offsets + taps.pitch;
  // A base so close to the row's end that no Vec from there on reads far behind it.
  const auto last_base = static_cast<int32_t>(std::max<int64_t>(axis.in - lanes, 0));
  int32_t largest = 0;
  for (int64_t i = 0; i < taps.pitch; i += lanes) {
    const int32_t base = std::min(*std::min_element(taps.starts + i, taps.starts + i + lanes), last_base);
    bases[i / lanes] = base;
    for (int64_t lane = i; lane < i + lanes; ++lane) {
      offsets[lane] = taps.starts[lane] - base;
      largest = std::max(largest, offsets[lane]);
    }
  }
  Interpolation result = {};
  result.taps = taps.taps;
  result.n = axis.out;
  result.pitch = taps.pitch;
  result.reach = largest + taps.taps;
  result.bases = bases;
  result.offsets = offsets;
  result.weights = taps.weights;
  return result;
}

}  // namespace lacuna
