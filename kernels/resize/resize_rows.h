// Kernels of interpolation, one row at a time.
#pragma once

#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// y[i] = sum over k < taps of weights[k * n + i] * x[starts[i] + k] for i < n; with one tap y[i] = x[starts[i]], and
/// weights are not read. x and y do not overlap.
using InterpolateRow = void (*)(const float* x, const int32_t* starts, const float* weights, int64_t taps, int64_t n,
                                float* y);

/// y[i] = weight_a * a[i] + weight_b * b[i] for i < n. y may be a or b.
using BlendRows = void (*)(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y);

#define LACUNA_RESIZE_KERNEL(isa, suffix)                                                                              \
  void interpolate_row__##suffix(const float* x, const int32_t* starts, const float* weights, int64_t taps, int64_t n, \
                                 float* y);                                                                            \
  void blend_rows__##suffix(const float* a, float weight_a, const float* b, float weight_b, int64_t n, float* y);
#include "kernels/resize/kernels.inc"
#undef LACUNA_RESIZE_KERNEL

/// One line of kernels.inc.
struct ResizeEntry {
  Isa isa;
  const char* name;
  InterpolateRow interpolate;
  BlendRows blend;
};

constexpr ResizeEntry kResizeKernels[] = {
#define LACUNA_RESIZE_KERNEL(isa, suffix) \
  {isa, "resize_rows__" #suffix, interpolate_row__##suffix, blend_rows__##suffix},
#include "kernels/resize/kernels.inc"
#undef LACUNA_RESIZE_KERNEL
};

}  // namespace lacuna
