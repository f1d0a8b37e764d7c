// Depthwise convolution of one plane (packing Depthwise), in one of three ways:
//   kRows      a fixed square window, stride and no dilation: rows of output, several at once; edges are masked loads
//   kFlat      stride 1 and rows as long in as out: runs of pixels across rows, best where rows are short
//   kBordered  any window: the strip is first copied with its border, each row once for every phase of the stride
#pragma once

#include <cstddef>

#include "kernels/window.h"
#include "sdk/base/isa.h"

namespace lacuna {

enum class DwconvMethod : uint8_t { kRows, kFlat, kBordered };

/// Outputs that one entry of a mask table speaks of; no tier has more lanes.
constexpr int64_t kMaskOutputs = 16;

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
  /// kRows: [kernel width][width.out / 16, rounded up]; bit i: position (16 * column * stride + i) + kx - pad is inside
  /// the row. kFlat: [taps][pixels / 16, rounded up]; bit i: what the tap of pixel i reads is inside the plane.
  const uint32_t* masks;
  /// kFlat: [taps], from a pixel to what its tap reads. kBordered: [kernel width], from the start of a bordered row.
  const int64_t* shifts;
  const DwconvPhase* phases;  ///< kBordered
  int64_t phase_count;
  int64_t row_stride;  ///< kBordered: floats from a bordered row to the next; each ends in kOverreadBytes of slack
};

/// A strip of a plane.
struct DwconvTile {
  const DwconvPlan* plan;
  const float* x;        ///< the plane [height.in][width.in]
  const float* weights;  ///< [kernel height][kernel width]
  float bias;
  int64_t first_row;  ///< output rows [first_row, first_row + rows)
  int64_t rows;
  float* y;               ///< [rows][width.out]
  const float* residual;  ///< like y; null: none
  bool clamps;
  float low;
  float high;
  float* scratch;  ///< kBordered: dwconv_scratch_bytes
};

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
#define LACUNA_DWCONV_KERNEL(isa, method, kernel, stride, function) \
  {isa, DwconvMethod::method, kernel, stride, function, #function},
#include "kernels/dwconv/kernels.inc"
#undef LACUNA_DWCONV_KERNEL
};

}  // namespace lacuna
