// How a convolution that does not read planes in place cuts the pixels of an image into tiles.
#pragma once

#include "kernels/ops/conv/geometry.h"

namespace lacuna {

/// Tiles start at multiples of this many pixels: one cache line.
constexpr int64_t kPixelUnit = 16;

/// Tiles of whole or cut rows (kernels/unfold/unfold.h: UnfoldLines). Taps of one kernel column share copies, so the
/// columns of a tile take a third of the room that a 3x3 window takes tap by tap, and more of them fit L1. Where sums
/// move (kernels/spmm/spmm.h: TileInput::line), kernel columns of one phase share copies as well: another third.
struct LineTiling {
  int64_t rows;    ///< output rows of a tile, at most
  int64_t bands;   ///< of that many rows
  int64_t parts;   ///< that an output row is cut into
  int64_t part;    ///< columns of one, at most
  int64_t pitch;   ///< floats from a line to the next
  int64_t lead;    ///< where sums move: floats of a line in front of its first sum
  bool moves;      ///< whether sums move
  bool slides;     ///< whether columns start where their tap's shift says, in the planes of their phase
  int64_t planes;  ///< of a channel and depth tap
  int64_t source_rows;
  int64_t plane_stride;  ///< floats

  int64_t tiles() const { return bands * parts; }
  /// Floats of a row of sums.
  int64_t sums_stride() const { return (rows * pitch + kPixelUnit - 1) / kPixelUnit * kPixelUnit; }
};

/// The line tiling with tiles of at most `units` kPixelUnits that copies least.
LineTiling choose_line_tiling(const ConvGeometry& g, int64_t units);

/// The line tiling for dense rows, whose sums lie in the output as they are: rows of pixels that are multiplied one by
/// one, or at once where they are without gaps.
LineTiling choose_wide_tiling(const ConvGeometry& g, int64_t units);

/// The tiling with moving sums; with no parts where the window has just one segment or lines would not suit it.
LineTiling choose_moving_tiling(const ConvGeometry& g, int64_t units);

/// Bands of at most `most_rows` whole rows, `pitch` floats from one to the next.
LineTiling cut_bands(const ConvGeometry& g, int64_t pitch, int64_t most_rows);

/// Part of the computed pixels that exist.
double line_tiling_fill(const ConvGeometry& g, const LineTiling& tiling);

/// Fills starts [planes]: the input column that each plane starts at for output column 0.
void list_plane_starts(const ConvGeometry& g, const LineTiling& tiling, int32_t* starts);

/// Fills sources [source_rows]: the input row of each source row for output row 0. Rows whose taps are a stride apart
/// are neighbours, so that the next output row is the next source row for every tap.
void list_source_rows(const ConvGeometry& g, const LineTiling& tiling, int32_t* sources);

/// Fills offsets [columns]: floats from the start of the unfolded planes to where column c of `g` reads.
void list_column_offsets(const ConvGeometry& g, const LineTiling& tiling, int64_t columns, int32_t* offsets);

}  // namespace lacuna
