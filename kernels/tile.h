// Tiles: runs of pixels of planar values, what the spmm and gemm families multiply weights with.
#pragma once

#include <cstdint>

namespace lacuna {

/// Pixels of most tiles: 64 proved best for sparse rows (docs/decisions/0001), and edges of copies fit one 64-bit mask.
constexpr int kTilePixels = 64;
/// The same of wide tiles, for 1x1 convolutions.
constexpr int kWideTilePixels = 2 * kTilePixels;

/// Pixels of a dense tile: two runs of three vectors of the widest tier, so that weights are read half as often.
constexpr int kGemmTilePixels = 96;
/// Floats of one of its columns where columns are brought together: vectors are whole there.
constexpr int kPanelPixels = kGemmTilePixels + 8;

/// The right-hand side. Column c is the run of `TileOutput::pixels` floats at x + c * column_stride or, where there are
/// offsets, at x + offsets[c]. Kernels may read kOverreadBytes past a run.
struct TileInput {
  const float* x;
  int64_t column_stride;   ///< floats
  const int32_t* offsets;  ///< [columns], floats; null: columns are column_stride apart
  int line = 0;            ///< pixels between which sums move from segment to segment (SparseTile); 0: they stay
#if defined(__x86_64__)
  float* panels = nullptr;  ///< kPanelPixels floats a column, where dense kernels may bring columns together; or null
#endif
};

/// Where sums go: row r is the run of floats at y + r * row_stride. Nothing else is written.
/// y = clamp(sum + bias + residual), spread over calls: the call with `first` starts from the bias, later ones go on
/// from y; the call with `last` adds the residual and clamps.
struct TileOutput {
  float* y;
  int64_t row_stride;       ///< floats
  int pixels;               ///< 1 to the tile width of the kernel
  const float* bias;        ///< of each row; null: zeros
  const float* residual;    ///< like y; null: none
  int64_t residual_stride;  ///< floats
  bool clamps;              ///< whether low and high count
  float low;
  float high;
  bool first;
  bool last;
};

}  // namespace lacuna
