// Kernels that compute in halves, on CPUs that can. A sum of halves loses a bit for every few terms, so sums are short
// or kept in parts, and biases come last: docs/decisions/0011-halves.md says what was weighed. What has no kernel here
// runs on floats.
#pragma once

#include "kernels/dwconv/dwconv.h"
#include "kernels/gemm/gemm.h"
#include "kernels/spmm/spmm.h"
#include "sdk/base/half.h"

namespace lacuna {

/// Of Arm's vector registers.
constexpr int kHalfLanes = 8;

/// Most pixels of a tile of planes of halves: as many bytes as a tile of floats.
constexpr int kHalfTilePixels = 2 * kTilePixels;
/// Entries of a row that are summed at a time; the row's sum takes in their sum.
constexpr int kHalfEntries = 17;

/// The same for columns of dense rows.
constexpr int kHalfColumns = 32;

/// Planes that a product reads and writes; strides in halves. y = clamp(sum + bias + residual), spread over
/// calls as TileOutput says.
struct HalfTile {
  const Half* x;
  int64_t x_stride;
  Half* y;
  int64_t y_stride;
  int pixels;         ///< up to kHalfTilePixels of a sparse product
  const float* bias;  ///< of each row; null: zeros
  const Half* residual;
  int64_t residual_stride;
  bool clamps;  ///< whether low and high count
  float low, high;
  bool first, last;
};

/// As a tile of floats. Rows suit kHalfLanes (whole_rows_suit); there is a kernel for any number of them.
using HalfDwconvTile = DwconvTileOf<Half>;
void dwconv_f16_f16_f16_3x3s1__neonfp16(const HalfDwconvTile& tile);
void dwconv_f16_f16_f16_3x3s2__neonfp16(const HalfDwconvTile& tile);
void dwconv_f16_f16_f16_5x5s1__neonfp16(const HalfDwconvTile& tile);
void dwconv_f16_f16_f16_5x5s2__neonfp16(const HalfDwconvTile& tile);

/// Narrowest plane that is doubled or interleaved, and widest one that is doubled.
constexpr int64_t kHalfLeastWidth = kHalfLanes / 2;
constexpr int64_t kHalfMostWidth = 256;

template <class Function>
struct HalfKernel {
  Function* function;
  const char* name;
};

struct HalfKernels {
  /// `rows` has halves for values.
  HalfKernel<void(const SparseTile& rows, const HalfTile& tile)> spmm;
  HalfKernel<void(const DenseTile& rows, const HalfTile& tile)> gemm;
  /// Of stride 1 and 2.
  HalfKernel<void(const HalfDwconvTile&tile)> dwconv_3x3[2], dwconv_5x5[2];
  /// y[i] = a[i] + b[i].
  HalfKernel<void(const Half* a, const Half* b, Half* y, int64_t n)> add;
  /// y [2 * height][2 * width] is x by linear interpolation between the centres of pixels; neither has gaps.
  HalfKernel<void(const Half* x, int64_t height, int64_t width, Half* y)> double_plane;
  /// y [2 * height][2 * width]: pixel (dy, dx) of each block of 2 x 2 is from plane x[2 * dy + dx]; none has gaps.
  HalfKernel<void(const Half* const* x, int64_t height, int64_t width, Half* y)> interleave_planes;
  HalfKernel<void(const Half* x, float* y, int64_t n)> widen;
  HalfKernel<void(const float* x, Half* y, int64_t n)> narrow;
};

}  // namespace lacuna
