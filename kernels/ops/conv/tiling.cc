#include "kernels/ops/conv/tiling.h"

#include <algorithm>
#include <numeric>

#include "kernels/spmm/spmm.h"
#include "kernels/unfold/unfold.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

/// Copies of a phase from which on reading one copy unaligned is better, for dense rows, which read a column for many.
constexpr int64_t kMostCopies = 3;
/// Floats behind a tile's own that its taps may reach in such a copy: the rest of a line is worth one.
constexpr int64_t kMostReach = 32;
/// Unfolded floats up to which a dense tile takes rows that share source rows, whatever the number of its pixels.
constexpr int64_t kNearFloats = 8 << 10;

/// How many source rows of its phase a tap is behind the first one.
int64_t reach_of(const Window& height, int64_t ky) { return ky * height.dilation / height.stride; }

/// Source rows of a phase: as many as output rows, and those that its furthest tap reaches.
int64_t rows_of_phase(const Window& height, int64_t phase, int64_t rows) {
  const int64_t phases = height.phases();
  return rows + reach_of(height, phase + (height.kernel - 1 - phase) / phases * phases);
}

int64_t count_source_rows(const Window& height, int64_t rows) {
  int64_t n = 0;
  for (int64_t phase = 0; phase < height.phases(); ++phase) n += rows_of_phase(height, phase, rows);
  return n;
}

LineTiling make_tiling(const ConvGeometry& g, int64_t parts, int64_t pitch, int64_t most_rows) {
  LineTiling tiling = {};
  tiling.bands = ceil_div(g.height.out, std::min(most_rows, g.height.out));
  tiling.rows = ceil_div(g.height.out, tiling.bands);
  tiling.bands = ceil_div(g.height.out, tiling.rows);
  tiling.parts = parts;
  tiling.part = parts == 1 ? g.width.out : pitch;
  tiling.pitch = pitch;
  tiling.planes = g.width.kernel;
  tiling.source_rows = count_source_rows(g.height, tiling.rows);
  const int64_t slack = std::max<int64_t>(kPixelUnit - pitch, 0);
  tiling.plane_stride = ceil_div(tiling.source_rows * pitch + slack, kPixelUnit) * kPixelUnit;
  return tiling;
}

}  // namespace

LineTiling choose_line_tiling(const ConvGeometry& g, int64_t units) {
  const int64_t width = g.width.out;
  for (const int64_t pitch : {kPixelUnit / 4, kPixelUnit / 2}) {
    if (width <= pitch) return make_tiling(g, 1, pitch, units * kPixelUnit / pitch);
  }
  const int64_t all = ceil_div(width, kPixelUnit);
  LineTiling best = {};
  for (int64_t part = std::min(units, all); part > 0; --part) {
    const int64_t parts = ceil_div(all, part);
    const LineTiling tiling = make_tiling(g, parts, ceil_div(all, parts) * kPixelUnit, units / part);
    // Copied floats for each that is computed, compared without division.
    if (best.parts == 0 || tiling.source_rows * best.rows < best.source_rows * tiling.rows) best = tiling;
  }
  return best;
}

LineTiling choose_wide_tiling(const ConvGeometry& g, int64_t units) {
  const int64_t width = g.width.out;
  for (const int64_t pitch : {kPixelUnit / 4, kPixelUnit / 2}) {
    if (width == pitch) return make_tiling(g, 1, pitch, units * kPixelUnit / pitch);
  }
  const int64_t reach = g.width.shift(g.width.kernel - 1) - g.width.shift(0);
  const bool slides = g.width.kernel >= kMostCopies * g.width.phases() && reach <= kMostReach;
  const int64_t all = ceil_div(width, kPixelUnit), planes = slides ? g.width.phases() : g.width.kernel;
  const int64_t parts = ceil_div(all, slides ? std::min(units, (kMaxPitch - reach) / kPixelUnit) : units);
  const int64_t part = ceil_div(all, parts) * kPixelUnit;
  const int64_t pitch = slides ? ceil_div(part + reach, kPixelUnit) * kPixelUnit : part;
  const int64_t row_floats = g.columns() / (g.height.kernel * g.width.kernel) * planes * pitch;
  int64_t rows = pitch == width ? units * kPixelUnit / pitch : 1;
  while (rows < g.height.out && row_floats * count_source_rows(g.height, rows + 1) <= kNearFloats) ++rows;
  LineTiling tiling = make_tiling(g, parts, pitch, rows);
  tiling.part = std::min(part, width);
  tiling.planes = planes;
  tiling.slides = slides;
  return tiling;
}

LineTiling choose_moving_tiling(const ConvGeometry& g, int64_t units) {
  const Window& width = g.width;
  const int64_t least = width.shift(0), most = width.shift(width.kernel - 1);
  if (width.segments() == 1 || least > 0 || most < 0) return {};
  const auto make = [&](int64_t parts, int64_t part, int64_t pitch) {
    LineTiling tiling = make_tiling(g, parts, pitch, units * kPixelUnit / pitch);
    tiling.part = part;
    tiling.lead = parts == 1 ? most : most - least;
    tiling.moves = true;
    tiling.planes = width.phases();
    return tiling;
  };
  // What moves out of a whole line must be zeros: its inputs end before it does.
  const int64_t line = std::max(ceil_div(width.in, width.stride) - least, width.out + most);
  for (const int64_t pitch : {kPixelUnit / 4, kPixelUnit / 2, kPixelUnit, int64_t{kMostLine}}) {
    if (line <= pitch) return make(1, width.out, pitch);
  }
  const int64_t parts = ceil_div(width.out, kMostLine - (most - least));
  return make(parts, ceil_div(width.out, parts), kMostLine);
}

LineTiling cut_bands(const ConvGeometry& g, int64_t pitch, int64_t most_rows) {
  return make_tiling(g, 1, pitch, most_rows);
}

double line_tiling_fill(const ConvGeometry& g, const LineTiling& tiling) {
  const int64_t units = ceil_div(g.width.out, kPixelUnit) * kPixelUnit;
  const int64_t line = tiling.moves ? tiling.parts * tiling.pitch : tiling.pitch < kPixelUnit ? tiling.pitch : units;
  return static_cast<double>(g.width.out) / static_cast<double>(line);
}

void list_plane_starts(const ConvGeometry& g, const LineTiling& tiling, int32_t* starts) {
  const Window& width = g.width;
  for (int64_t i = 0; i < tiling.planes; ++i) {
    const int64_t first = tiling.moves && tiling.parts == 1 ? 0 : width.shift(0) * width.stride;
    const bool by_phase = tiling.moves || tiling.slides;
    starts[i] = static_cast<int32_t>(by_phase ? first + width.phase(i) : width.position(0, i));
  }
}

void list_source_rows(const ConvGeometry& g, const LineTiling& tiling, int32_t* sources) {
  const Window& height = g.height;
  for (int64_t phase = 0; phase < height.phases(); ++phase) {
    const int64_t first = phase * height.dilation % height.stride - height.pad;
    const int64_t rows = rows_of_phase(height, phase, tiling.rows);
    for (int64_t i = 0; i < rows; ++i) *sources++ = static_cast<int32_t>(first + i * height.stride);
  }
}

void list_column_offsets(const ConvGeometry& g, const LineTiling& tiling, int64_t columns, int32_t* offsets) {
  const Window& height = g.height;
  const int64_t channel_columns = height.kernel * g.width.kernel;  // of one depth tap
  int64_t line = 0;
  for (int64_t phase = 0; phase < height.phases(); ++phase) {
    for (int64_t ky = phase; ky < height.kernel; ky += height.phases()) {
      for (int64_t kx = 0; kx < g.width.kernel; ++kx) {
        int64_t at = kx % tiling.planes * tiling.plane_stride + (line + reach_of(height, ky)) * tiling.pitch;
        if (tiling.slides) at += g.width.shift(kx) - g.width.shift(0);
        for (int64_t c = ky * g.width.kernel + kx; c < columns; c += channel_columns) {
          offsets[c] = static_cast<int32_t>(at);
          at += tiling.planes * tiling.plane_stride;
        }
      }
    }
    line += rows_of_phase(height, phase, tiling.rows);
  }
}

}  // namespace lacuna
