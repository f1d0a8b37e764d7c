// Depthwise convolution of one plane (packing Depthwise), in one of three ways:
//   kRows      a fixed square window, stride and no dilation: rows of output, several at once; edges are masked loads
//   kFlat      other windows of stride 1 with rows as long in as out: runs of pixels across rows
//   kBordered  any window: the strip is first copied with its border, each row once for every phase of the stride
#pragma once

#include <cstddef>

#include "kernels/built.h"
#include "kernels/window.h"

namespace lacuna {

/// Whether kernels of whole vectors (kernels/dwconv/whole_rows.h) take such rows, vectors of so many lanes.
constexpr bool whole_rows_suit(const Window& w, int64_t lanes) {
  const int64_t behind = w.kernel - 1 - w.pad;  // positions that a tap reads behind that of the output
  const bool as_long = w.stride == 1 ? w.in == w.out : w.in == 2 * w.out || (behind < 3 && w.in == 2 * w.out - 1);
  if (!as_long) return false;
  if (w.out <= lanes) return true;
  const int64_t first_two = lanes + (w.stride == 1 ? behind : 1);  // the first vector, and what it reads of the second
  return w.out >= first_two && (w.out <= 2 * lanes || w.out >= first_two + (w.stride == 1 ? w.pad : 1));
}

enum class DwconvMethod : uint8_t { kRows, kFlat, kBordered };

/// kFlat: pixels that one entry of the mask table speaks of; no tier has more lanes.
constexpr int64_t kMaskOutputs = 16;
/// kRows: positions in front of a row, and behind what its last output reads, that the bits cover.
constexpr int64_t kInsideMargin = 128;

/// Positions q * stride + phase - pad of an input row, for q = 0, 1, ...: they lie side by side in a bordered row.
struct DwconvPhase {
  Window window;   ///< of the whole phase as if it were the output of a filter with one tap
  int64_t offset;  ///< floats from the start of the bordered row
};

/// What depends on the window alone: kernels/dwconv/plan.h makes it.
struct DwconvPlan {
  DwconvMethod method;
  Window height;
  Window width;
  int64_t strip_rows;  ///< output rows of a strip; all of them for kFlat
  /// kRows: bit kInsideMargin + i, counted from the lowest of the first byte: position i is inside the row.
  const uint8_t* inside;
  const float* zeros;  ///< kRows: [width.in] and kOverreadBytes, a row outside the plane
  /// kFlat: [taps][pixels / 16, rounded up]; bit i: what the tap of pixel i reads is inside the plane.
  const uint32_t* masks;
  /// kFlat: [taps], from a pixel to what its tap reads. kBordered: [kernel width], from the start of a bordered row.
  const int64_t* shifts;
  const DwconvPhase* phases;  ///< kBordered
  int64_t phase_count;
  int64_t row_stride;  ///< kBordered: floats from a bordered row to the next; each ends in kOverreadBytes of slack
};

/// The same strip of several planes of T.
template <class T>
struct DwconvTileOf {
  const DwconvPlan* plan;
  const T* x;         ///< the first plane [height.in][width.in]
  const T* weights;   ///< [planes][kernel height][kernel width]
  const float* bias;  ///< [planes]; null: zeros
  int64_t first_row;  ///< output rows [first_row, first_row + rows)
  int64_t rows;
  T* y;               ///< [rows][width.out] of the first plane
  const T* residual;  ///< like y; null: none
  bool clamps;
  float low;
  float high;
  float* scratch;  ///< kBordered: dwconv_scratch_bytes
  int64_t planes;
  int64_t x_stride;  ///< elements from a plane to the next; 0: all filter the same one
  int64_t y_stride;
  int64_t residual_stride;
};
using DwconvTile = DwconvTileOf<float>;

/// y = clamp(sum + bias + residual); the sum starts from the bias and runs over ky, then kx.
using DwconvFunction = void (*)(const DwconvTile& tile);

struct DwconvKernel {
  Isa isa;
  DwconvMethod method;
  int kernel;  ///< kRows: height and width of the window; 0: any
  int stride;  ///< kRows: of both; 0: any
  DwconvFunction function;
  const char* name;
};

#define LACUNA_DWCONV_KERNEL(isa, method, kernel, stride, function) void function(const DwconvTile& tile);
#include "kernels/dwconv/kernels.inc"
#undef LACUNA_DWCONV_KERNEL

constexpr DwconvKernel kDwconvKernels[] = {
#define LACUNA_DWCONV_KERNEL(isa, method, kernel, stride, function)            \
  {isa,                                                                        \
   DwconvMethod::method,                                                       \
   kernel,                                                                     \
   stride,                                                                     \
   if_built(function, isa, BuiltWindow{kernel, stride, BuiltWindow::kAnyPad}), \
   #function},
#include "kernels/dwconv/kernels.inc"
#undef LACUNA_DWCONV_KERNEL
};

}  // namespace lacuna
