// Where an output element of Resize lies in the input.
#pragma once

#include "kernels/op.h"

namespace lacuna {

/// One axis of a Resize.
struct ResizeAxis {
  int64_t in;
  int64_t out;
  float scale;      ///< output over input as the model gave it; out / in when it gave none
  float roi_begin;  ///< for TfCropAndResize
  float roi_end;
};

inline ResizeAxis resize_axis(const fbs::ResizeAttrs& attrs, const Shape& input, int axis) {
  const auto at = static_cast<uint32_t>(axis);
  const auto rank = static_cast<uint32_t>(input.rank);
  ResizeAxis result = {input[axis], static_cast<int64_t>(attrs.sizes()->Get(at)), 0, 0, 1};
  const bool scaled = attrs.scales() != nullptr && attrs.scales()->size() != 0;
  result.scale = scaled ? attrs.scales()->Get(at) : static_cast<float>(result.out) / static_cast<float>(result.in);
  if (attrs.coordinates() == fbs::CoordinateMode::TfCropAndResize) {
    result.roi_begin = attrs.roi()->Get(at);
    result.roi_end = attrs.roi()->Get(at + rank);
  }
  return result;
}

/// Input coordinate of output element i, where element centres have whole numbers. The formulas are those of ONNX's
/// Resize; fp32 throughout, because rounding decides which neighbour is the nearest.
inline float input_coordinate(fbs::CoordinateMode mode, const ResizeAxis& axis, int64_t i) {
  const auto x = static_cast<float>(i);
  const auto in = static_cast<float>(axis.in);
  const auto out = static_cast<float>(axis.out);
  switch (mode) {
    case fbs::CoordinateMode::HalfPixel:
      return (x + 0.5f) / axis.scale - 0.5f;
    case fbs::CoordinateMode::HalfPixelSymmetric: {
      const float adjustment = out / (axis.scale * in);
      return in / 2 * (1 - adjustment) + (x + 0.5f) / axis.scale - 0.5f;
    }
    case fbs::CoordinateMode::PytorchHalfPixel:
      return axis.out > 1 ? (x + 0.5f) / axis.scale - 0.5f : 0.0f;
    case fbs::CoordinateMode::AlignCorners:
      return axis.out > 1 ? x * (in - 1) / (out - 1) : 0.0f;
    case fbs::CoordinateMode::Asymmetric:
      return x / axis.scale;
    case fbs::CoordinateMode::TfCropAndResize:
      return axis.out > 1 ? axis.roi_begin * (in - 1) + x * (axis.roi_end - axis.roi_begin) * (in - 1) / (out - 1)
                          : 0.5f * (axis.roi_begin + axis.roi_end) * (in - 1);
    case fbs::CoordinateMode::TfHalfPixelForNn:
      return (x + 0.5f) / axis.scale;
  }
  return x;
}

/// Whether the axis stays as it is, whatever the mode.
inline bool is_unchanged(fbs::CoordinateMode mode, const ResizeAxis& axis) {
  return axis.in == axis.out && axis.scale == 1.0f && mode != fbs::CoordinateMode::TfCropAndResize;
}

}  // namespace lacuna
