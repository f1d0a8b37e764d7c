// Kernels that compute in halves, on CPUs that can. A sum of halves loses a bit for every few terms, so sums are short
// or kept in parts, and biases come last: docs/decisions/0008-fp16.md says what was weighed. What has no kernel here
// runs on floats.
#pragma once

#include "kernels/gemm/gemm.h"
#include "kernels/spmm/spmm.h"
#include "kernels/window.h"
#include "sdk/base/half.h"
#include "sdk/base/isa.h"

namespace lacuna {

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

/// The same strip of several planes of a depthwise convolution, without dilation.
struct HalfStrips {
  int64_t planes;
  const Half* x;  ///< the first plane
  int64_t x_stride;
  const Half* weights;  ///< [planes][kernel][kernel]
  const float* bias;    ///< [planes]; null: zeros
  Window height, width;
  int64_t first_row, rows;  ///< of output
  Half* y;                  ///< [rows][width.out] of the first plane
  int64_t y_stride;
  const Half* residual;  ///< like y; null: none
  int64_t residual_stride;
  float low, high;  ///< infinite: no clamp
  Half* scratch;    ///< half_strip_scratch
};

using HalfDwconvFunction = void (*)(const HalfStrips& strips);

/// Widest plane that is doubled.
constexpr int64_t kHalfDoubleWidth = 256;

/// y [2 * height][2 * width] is x by linear interpolation between the centres of pixels; neither has gaps.
using HalfDoubleFunction = void (*)(const Half* x, int64_t height, int64_t width, Half* y);

struct HalfKernels {
  /// `rows` has halves for values.
  void (*spmm)(const SparseTile& rows, const HalfTile& tile);
  void (*gemm)(const DenseTile& rows, const HalfTile& tile);
  HalfDwconvFunction dwconv_3x3[2];  ///< of stride 1, 2
  HalfDwconvFunction dwconv_5x5[2];
  HalfDoubleFunction double_plane;
  void (*widen)(const Half* x, float* y, int64_t n);
  void (*narrow)(const float* x, Half* y, int64_t n);
};

/// Output rows of a strip.
constexpr int64_t kHalfStripRows = 28;

/// Halves of a bordered row: for each phase of the stride the positions that outputs in whole vectors read.
inline int64_t half_row_pitch(const Window& width) {
  constexpr int64_t kLanes = 8;
  return (width.out + kLanes - 1) / kLanes * kLanes + 3 * kLanes;
}
/// Halves of scratch: rows that a strip reads, and what is written behind the last one.
inline int64_t half_strip_scratch(const Window& height, const Window& width) {
  const int64_t rows =
      ((height.out < kHalfStripRows ? height.out : kHalfStripRows) - 1) * height.stride + height.kernel;
  return (rows * width.stride + 1) * half_row_pitch(width);
}

struct HalfTier {
  Isa isa;
  const HalfKernels* kernels;
  const char* name;
};

#define LACUNA_HALF_KERNELS(isa, kernels) extern const HalfKernels kernels;
#include "kernels/halves/kernels.inc"
#undef LACUNA_HALF_KERNELS

/// The kernels of the best tier that computes in halves; null: there is none.
inline const HalfTier* select_halves(IsaMask isas) {
  static constexpr HalfTier kTiers[] = {
#define LACUNA_HALF_KERNELS(isa, kernels) {isa, &kernels, #kernels},
#include "kernels/halves/kernels.inc"
#undef LACUNA_HALF_KERNELS
      {kScalar, nullptr, nullptr}};
  for (const HalfTier& tier : kTiers) {
    if (tier.kernels != nullptr && (tier.isa & isas) != 0) return &tier;
  }
  return nullptr;
}

}  // namespace lacuna
