// Unfold: copies what a tile of output pixels sees of its input into columns, with zeros where the window leaves a
// plane. Strides, dilations, pads and depth end here; the tile kernels (spmm, gemm) see columns of pixels only.
//
// A tile is a run of pixels with a column for each tap (UnfoldPixels), or some whole or cut rows of pixels, of which
// the taps of one kernel column share a copy (UnfoldLines); the sums of the latter are brought to their places by
// FoldLines.
#pragma once

#include "kernels/built.h"
#include "kernels/tile.h"
#include "kernels/window.h"

namespace lacuna {

/// What both ways of unfolding see.
struct UnfoldInput {
  const float* x;  ///< first channel
  int64_t channels;
  int64_t channel_stride;  ///< floats
  Window depth;            ///< of extent 1 where there is none
  Window height;
  Window width;
  int64_t out_depth;  ///< output position in depth
};

struct UnfoldPixels {
  UnfoldInput in;
  int64_t pixel;          ///< first output pixel, row-major in height and width
  int pixels;             ///< 1 to kTilePixels; to kWideTilePixels for one tap whose columns are strided
  int64_t column_stride;  ///< floats from a column to the next: 1 for one pixel, else a multiple of 16 >= pixels
};

/// Writes out[c * column_stride + p] for each pixel p and column c = ((channel * depth taps + kz) * height taps + ky) *
/// width taps + kx. Floats of a column past its pixels may be written too, up to column_stride.
using UnfoldPixelsFunction = void (*)(const UnfoldPixels& tile, float* out);

/// Most floats of a line.
constexpr int64_t kMaxPitch = 128;

struct UnfoldLines {
  UnfoldInput in;
  const int32_t* sources;  ///< [source_rows] input row (or outside) of each, for a tile whose first output row is 0
  int64_t source_rows;
  const int32_t* starts;  ///< [planes] input column (or outside) that each starts at, for a tile at output column 0
  int64_t planes;         ///< of a channel and depth tap
  int64_t row;            ///< first output row
  int64_t column;         ///< first output column
  int64_t pitch;          ///< floats from a line to the next: 4, 8 or a multiple of 16, up to kMaxPitch
  int64_t plane_stride;   ///< floats, at least source_rows * pitch, and 16 - pitch more
};

/// Writes out[n * plane_stride + s * pitch + p] for each source row s, p < pitch and n = (channel * depth taps + kz) *
/// planes + plane: input column starts[plane] + (column + p) * stride of that row, or zero outside. Other floats of a
/// plane may be written too.
using UnfoldLinesFunction = void (*)(const UnfoldLines& tile, float* out);

/// Sums of `rows` channels for `lines` rows of pixels, on their way into planes.
struct FoldLines {
  const float* sums;    ///< line l of channel r is at r * sums_stride + l * pitch
  int64_t sums_stride;  ///< floats, like all strides
  int64_t rows;
  int64_t lines;
  int64_t columns;
  int64_t pitch;
  float* y;
  int64_t y_stride;       ///< from a channel to the next
  const float* residual;  ///< null: none
  int64_t residual_stride;
  int64_t line_stride;  ///< of y and residual
  bool clamps;
  float low;
  float high;
};

/// y = clamp(sum + residual). Writes nothing else.
using FoldLinesFunction = void (*)(const FoldLines& tile);

struct UnfoldKernel {
  Isa isa;
  UnfoldPixelsFunction unfold_pixels;
  UnfoldLinesFunction unfold_lines;
  FoldLinesFunction fold_lines;
};

#define LACUNA_UNFOLD_KERNEL(isa, unfold_pixels, unfold_lines, fold_lines) \
  void unfold_pixels(const UnfoldPixels& tile, float* out);                \
  void unfold_lines(const UnfoldLines& tile, float* out);                  \
  void fold_lines(const FoldLines& tile);
#include "kernels/unfold/kernels.inc"
#undef LACUNA_UNFOLD_KERNEL

constexpr AnyTile kUnfoldedPixels = {{TileKind::kSparsePixels, TileKind::kDensePixels, TileKind::kOnePixel}};
constexpr AnyTile kUnfoldedLines = {{TileKind::kSparseLines, TileKind::kDenseLines, TileKind::kDenseLines}};

#if defined(__x86_64__)
constexpr AnyTile kFoldedLines = {{TileKind::kSparseLines, TileKind::kDenseLines, TileKind::kDenseLines}};
#else
constexpr AnyTile kFoldedLines = {{TileKind::kSparseLines, TileKind::kSparseLines, TileKind::kSparseLines}};
#endif

constexpr UnfoldKernel kUnfoldKernels[] = {
#define LACUNA_UNFOLD_KERNEL(isa, unfold_pixels, unfold_lines, fold_lines)                          \
  {isa, if_built(unfold_pixels, isa, kUnfoldedPixels), if_built(unfold_lines, isa, kUnfoldedLines), \
   if_built(fold_lines, isa, kFoldedLines)},
#include "kernels/unfold/kernels.inc"
#undef LACUNA_UNFOLD_KERNEL
};

}  // namespace lacuna
