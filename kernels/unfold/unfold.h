// Unfold: copies what a tile of output pixels sees of a plane into contiguous columns, with zeros where the window
// leaves the plane. Strides, dilations, pads and depth end here; the tile kernels (spmm, gemm) see columns of pixels
// only.
#pragma once

#include "kernels/tile.h"
#include "kernels/window.h"
#include "sdk/base/isa.h"

namespace lacuna {

/// Column c is tap kx = c % width.kernel of depth tap kz = c / width.kernel % depth.kernel of channel
/// c / width.kernel / depth.kernel; segment s is kernel row ky.
struct UnfoldTile {
  const float* x;          ///< first channel of the group
  int64_t channel_stride;  ///< floats
  Window depth;            ///< of extent 1 where there is none
  Window height;
  Window width;
  int64_t out_depth;  ///< output position in depth
  int64_t pixel;      ///< first output pixel, row-major in height and width
  int pixels;         ///< 1 to kTilePixels
  int64_t column;     ///< first column
  int64_t columns;
  int64_t
      column_stride;  ///< floats of `out` from a column to the next: 1 for one pixel, else a multiple of 16 >= pixels
  int64_t segment_stride;  ///< floats of `out`
};

/// Writes out[s * segment_stride + (c - column) * column_stride + p] for each segment, column and pixel. Floats of a
/// column past its pixels may be written too, up to column_stride.
using UnfoldFunction = void (*)(const UnfoldTile& tile, float* out);

struct UnfoldKernel {
  Isa isa;
  UnfoldFunction function;
  const char* name;
};

#define LACUNA_UNFOLD_KERNEL(isa, function) void function(const UnfoldTile& tile, float* out);
#include "kernels/unfold/kernels.inc"
#undef LACUNA_UNFOLD_KERNEL

constexpr UnfoldKernel kUnfoldKernels[] = {
#define LACUNA_UNFOLD_KERNEL(isa, function) {isa, function, #function},
#include "kernels/unfold/kernels.inc"
#undef LACUNA_UNFOLD_KERNEL
};

}  // namespace lacuna
