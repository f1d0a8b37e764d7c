#include "kernels/ops/conv/tiling.h"

#include <algorithm>
#include <numeric>

#include "sdk/base/align.h"

namespace lacuna {
namespace {

/// Taps ky of a phase see input rows a multiple of the stride apart: phase ky % phases_of(height).
int64_t phases_of(const Window& height) {
  return std::min(height.stride / std::gcd(height.stride, height.dilation), height.kernel);
}

/// How many source rows of its phase a tap is behind the first one.
int64_t reach_of(const Window& height, int64_t ky) { return ky * height.dilation / height.stride; }

/// Source rows of a phase: as many as output rows, and those that its furthest tap reaches.
int64_t rows_of_phase(const Window& height, int64_t phase, int64_t rows) {
  const int64_t phases = phases_of(height);
  return rows + reach_of(height, phase + (height.kernel - 1 - phase) / phases * phases);
}

int64_t count_source_rows(const Window& height, int64_t rows) {
  int64_t n = 0;
  for (int64_t phase = 0; phase < phases_of(height); ++phase) n += rows_of_phase(height, phase, rows);
  return n;
}

LineTiling make_tiling(const ConvGeometry& g, int64_t parts, int64_t pitch, int64_t most_rows) {
  LineTiling tiling;
  tiling.bands = ceil_div(g.height.out, std::min(most_rows, g.height.out));
  tiling.rows = ceil_div(g.height.out, tiling.bands);
  tiling.bands = ceil_div(g.height.out, tiling.rows);
  tiling.parts = parts;
  tiling.pitch = pitch;
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
  const int64_t all = ceil_div(width, kPixelUnit), parts = ceil_div(all, units);
  const int64_t pitch = ceil_div(all, parts) * kPixelUnit;
  return make_tiling(g, parts, pitch, pitch == width ? units * kPixelUnit / pitch : 1);
}

double line_tiling_fill(const ConvGeometry& g, const LineTiling& tiling) {
  const int64_t line = tiling.pitch < kPixelUnit ? tiling.pitch : ceil_div(g.width.out, kPixelUnit) * kPixelUnit;
  return static_cast<double>(g.width.out) / static_cast<double>(line);
}

void list_source_rows(const ConvGeometry& g, const LineTiling& tiling, int32_t* sources) {
  const Window& height = g.height;
  for (int64_t phase = 0; phase < phases_of(height); ++phase) {
    const int64_t first = phase * height.dilation % height.stride - height.pad;
    const int64_t rows = rows_of_phase(height, phase, tiling.rows);
    for (int64_t i = 0; i < rows; ++i) *sources++ = static_cast<int32_t>(first + i * height.stride);
  }
}

void list_column_offsets(const ConvGeometry& g, const LineTiling& tiling, int64_t columns, int32_t* offsets) {
  const Window& height = g.height;
  const int64_t channel_columns = height.kernel * g.width.kernel;  // of one depth tap
  int64_t line = 0;
  for (int64_t phase = 0; phase < phases_of(height); ++phase) {
    for (int64_t ky = phase; ky < height.kernel; ky += phases_of(height)) {
      for (int64_t kx = 0; kx < g.width.kernel; ++kx) {
        int64_t at = kx * tiling.plane_stride + (line + reach_of(height, ky)) * tiling.pitch;
        for (int64_t c = ky * g.width.kernel + kx; c < columns; c += channel_columns) {
          offsets[c] = static_cast<int32_t>(at);
          at += g.width.kernel * tiling.plane_stride;
        }
      }
    }
    line += rows_of_phase(height, phase, tiling.rows);
  }
}

}  // namespace lacuna
