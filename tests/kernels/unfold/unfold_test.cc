// Every unfold kernel against the definition, in guarded memory.
#include "kernels/unfold/unfold.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "kernels/copy/cases.h"
#include "kernels/ops/conv/tiling.h"
#include "kernels/spmm/spmm.h"
#include "platforms/cpu_features.h"
#include "tests/support/guarded_memory.h"

namespace lacuna {
namespace {

struct Problem {
  const char* name;
  Window depth, height, width;
};

Window window(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t begin, int64_t end) {
  return {in, (in + begin + end - (kernel - 1) * dilation - 1) / stride + 1, kernel, stride, dilation, begin};
}

/// What tap (kz, ky, kx) of a channel reads for an output position.
float expected(const UnfoldInput& in, const Tensor& x, int64_t channel, int64_t kz, int64_t ky, int64_t kx, int64_t row,
               int64_t column) {
  const int64_t at_z = in.depth.position(in.out_depth, kz);
  const int64_t at_y = in.height.position(row, ky);
  const int64_t at_x = in.width.position(column, kx);
  if (at_z < 0 || at_z >= in.depth.in || at_y < 0 || at_y >= in.height.in || at_x < 0 || at_x >= in.width.in) return 0;
  return x.f32[static_cast<size_t>(channel * in.channel_stride + (at_z * in.height.in + at_y) * in.width.in + at_x)];
}

/// Calls visit(number, channel, kz, ky, kx) for every column.
template <class Visit>
void for_each_column(const UnfoldInput& in, Visit visit) {
  int64_t number = 0;
  for (int64_t channel = 0; channel < in.channels; ++channel) {
    for (int64_t kz = 0; kz < in.depth.kernel; ++kz) {
      for (int64_t ky = 0; ky < in.height.kernel; ++ky) {
        for (int64_t kx = 0; kx < in.width.kernel; ++kx) visit(number++, channel, kz, ky, kx);
      }
    }
  }
}

int64_t columns_of(const UnfoldInput& in) { return in.channels * in.depth.kernel * in.height.kernel * in.width.kernel; }

void check_pixels(const UnfoldKernel& kernel, const UnfoldPixels& t, const Tensor& x) {
  GuardedMemory out(static_cast<size_t>(columns_of(t.in) * t.column_stride) * sizeof(float));
  kernel.unfold_pixels(t, out.floats());
  bool equal = true;
  for_each_column(t.in, [&](int64_t number, int64_t channel, int64_t kz, int64_t ky, int64_t kx) {
    for (int64_t p = 0; p < t.pixels; ++p) {
      const int64_t row = (t.pixel + p) / t.in.width.out, column = (t.pixel + p) % t.in.width.out;
      equal =
          equal && out.floats()[number * t.column_stride + p] == expected(t.in, x, channel, kz, ky, kx, row, column);
    }
  });
  CHECK(equal);
}

/// Tiles of a tiling, read through the offsets as kernels do: float p of a line is output column t.column + p, and
/// where sums move, tap kx reads what its shift moves to it.
void check_lines(const UnfoldKernel& kernel, const UnfoldInput& in, const ConvGeometry& g, const LineTiling& tiling,
                 const Tensor& x) {
  REQUIRE(tiling.pitch <= kMaxPitch);
  std::vector<int32_t> sources(static_cast<size_t>(tiling.source_rows)), starts(static_cast<size_t>(tiling.planes));
  std::vector<int32_t> offsets(static_cast<size_t>(columns_of(in)));
  list_source_rows(g, tiling, sources.data());
  list_plane_starts(g, tiling, starts.data());
  list_column_offsets(g, tiling, columns_of(in), offsets.data());
  const int64_t planes = in.channels * in.depth.kernel * tiling.planes;
  GuardedMemory out(static_cast<size_t>(planes * tiling.plane_stride) * sizeof(float));
  UnfoldLines t = {in, sources.data(), tiling.source_rows, starts.data(), tiling.planes, 0,
                   0,  tiling.pitch,   tiling.plane_stride};
  const int64_t last_shift = in.width.shift(in.width.kernel - 1);
  bool equal = true;
  for (t.row = 0; t.row < in.height.out; t.row += tiling.rows) {
    for (t.column = 0; t.column < in.width.out; t.column += tiling.part) {
      kernel.unfold_lines(t, out.floats());
      for_each_column(in, [&](int64_t number, int64_t channel, int64_t kz, int64_t ky, int64_t kx) {
        const float* line = out.floats() + offsets[static_cast<size_t>(number)];
        for (int64_t row = t.row; row < std::min(t.row + tiling.rows, in.height.out); ++row, line += t.pitch) {
          for (int64_t p = 0; p < std::min(tiling.part, in.width.out - t.column); ++p) {
            const int64_t moved = tiling.moves ? p + tiling.lead + in.width.shift(kx) - last_shift : p;
            // In front of a first line there is nothing: zeros move in.
            const float read = moved < 0 && row == t.row ? 0.0f : line[moved];
            equal = equal && read == expected(in, x, channel, kz, ky, kx, row, t.column + p);
          }
        }
      });
    }
  }
  CHECK(equal);
}

void check_lines(const UnfoldKernel& kernel, const UnfoldInput& in, int64_t units, const Tensor& x) {
  const ConvGeometry g = {1, 1, in.channels, 1, 3, in.depth, in.height, in.width};
  const LineTiling tiling = choose_line_tiling(g, units);
  REQUIRE(tiling.rows * tiling.pitch <= units * kPixelUnit);
  check_lines(kernel, in, g, tiling, x);
  check_lines(kernel, in, g, choose_wide_tiling(g, units), x);
  const LineTiling moving = choose_moving_tiling(g, kMostLine / kPixelUnit * units);
  if (moving.parts > 0) check_lines(kernel, in, g, moving, x);
}

TEST_CASE("every unfold kernel of this machine copies what the window sees") {
  const Window flat = {1, 1, 1, 1, 1, 0};
  const Problem problems[] = {
      {"same", flat, window(9, 3, 1, 1, 1, 1), window(9, 3, 1, 1, 1, 1)},
      {"same_one_column", flat, window(70, 3, 1, 1, 1, 1), window(1, 3, 1, 1, 1, 1)},
      {"same_wide", flat, window(3, 3, 1, 1, 1, 1), window(100, 5, 1, 1, 2, 2)},
      {"same_dilated_beyond_rows", flat, window(5, 3, 1, 7, 7, 7), window(5, 3, 1, 7, 7, 7)},
      {"same_width_other_height", flat, window(9, 2, 1, 1, 0, 0), window(9, 2, 1, 1, 0, 1)},
      {"valid", flat, window(9, 3, 1, 1, 0, 0), window(40, 3, 1, 1, 0, 0)},
      {"stride_2", flat, window(11, 3, 2, 1, 1, 1), window(75, 3, 2, 1, 1, 1)},
      {"stride_3_dilation_2", flat, window(20, 3, 3, 2, 2, 2), window(21, 2, 3, 2, 1, 0)},
      {"wide_pads", flat, window(2, 2, 1, 1, 4, 5), window(3, 2, 1, 1, 6, 4)},
      {"stride_2_kernel_5", flat, window(30, 5, 2, 1, 2, 2), window(31, 5, 2, 1, 2, 1)},
      {"stride_2_dilation_2", flat, window(20, 3, 2, 2, 2, 2), window(40, 3, 2, 2, 2, 2)},
      {"one_tap_stride_2", flat, window(14, 1, 2, 1, 0, 0), window(14, 1, 2, 1, 0, 0)},
      {"one_tap_stride_2_wide", flat, window(9, 1, 2, 1, 0, 0), window(55, 1, 2, 1, 0, 0)},
      {"stride_2_kernel_7", flat, window(9, 7, 2, 1, 3, 3), window(223, 7, 2, 1, 3, 3)},
      {"kernel_over_a_line", flat, window(2, 1, 1, 1, 0, 0), window(290, 130, 1, 1, 70, 70)},
      {"reach_of_a_line", flat, window(3, 3, 1, 1, 1, 1), window(140, 3, 1, 60, 60, 60)},
      {"reach_of_part_of_a_line", flat, window(3, 3, 1, 1, 1, 1), window(256, 33, 1, 1, 16, 16)},
      {"narrow", flat, window(9, 3, 1, 1, 1, 1), window(4, 3, 1, 1, 1, 1)},
      {"seven", flat, window(7, 3, 1, 1, 1, 1), window(7, 3, 1, 1, 1, 1)},
      {"volume", window(4, 3, 1, 1, 1, 1), window(5, 3, 1, 1, 1, 1), window(6, 3, 1, 1, 1, 1)},
      {"volume_stride_2", window(5, 2, 2, 2, 1, 1), window(6, 3, 2, 1, 1, 0), window(7, 2, 2, 1, 0, 1)},
  };
  std::mt19937 rng(1);
  int kernels = 0;
  for (const UnfoldKernel& kernel : kUnfoldKernels) {
    if ((cpu_isas() & kernel.isa) == 0) continue;
    CAPTURE(kernel.isa);
    ++kernels;
    for (const Problem& p : problems) {
      CAPTURE(p.name);
      constexpr int64_t kChannels = 3;
      const int64_t plane = p.depth.in * p.height.in * p.width.in;
      const Tensor x = random_tensor(rng, make_shape({kChannels * plane}));
      GuardedMemory memory(x.f32.size() * sizeof(float), kOverreadBytes);
      std::copy(x.f32.begin(), x.f32.end(), memory.floats());
      const int64_t pixels = p.height.out * p.width.out;
      for (int64_t z = 0; z < p.depth.out; ++z) {
        UnfoldInput in = {memory.floats(), kChannels, plane, p.depth, p.height, p.width, z};
        for (int64_t first = 0; first < pixels; first += 16) {
          CAPTURE(first);
          const int tile = static_cast<int>(std::min<int64_t>(pixels - first, first % 3 == 0 ? 64 : 37));
          check_pixels(kernel, {in, first, tile, 64}, x);
          check_pixels(kernel, {in, first, 1, 1}, x);
        }
        for (const int64_t units : {1, 3, 4, 8}) {
          CAPTURE(units);
          check_lines(kernel, in, units, x);
        }
      }
    }
  }
  CHECK(kernels >= 1);
}

TEST_CASE("every fold kernel of this machine brings sums to their places") {
  std::mt19937 rng(1);
  for (const UnfoldKernel& kernel : kUnfoldKernels) {
    if ((cpu_isas() & kernel.isa) == 0) continue;
    for (const int64_t columns : {1, 4, 7, 8, 14, 16, 20, 56, 64}) {
      for (const bool ends : {false, true}) {
        CAPTURE(columns);
        CAPTURE(ends);
        constexpr int64_t kRows = 3, kLines = 2;
        const int64_t pitch = columns <= 4 ? 4 : columns <= 8 ? 8 : (columns + 15) / 16 * 16;
        const int64_t stride = kLines * pitch + 16, width = columns + 3;
        const Tensor sums = random_tensor(rng, make_shape({kRows * stride + 16}));
        const Tensor residual = random_tensor(rng, make_shape({kRows * kLines * width}));
        GuardedMemory y(static_cast<size_t>(((kRows * kLines - 1) * width + columns)) * sizeof(float));
        const int64_t floats = (kRows * kLines - 1) * width + columns;
        std::fill_n(y.floats(), floats, 5.0f);
        kernel.fold_lines({sums.f32.data(), stride, kRows, kLines, columns, pitch, y.floats(), kLines * width,
                           ends ? residual.f32.data() : nullptr, kLines * width, width, ends, -0.5f, 0.5f});
        bool equal = true;
        for (int64_t i = 0; i < floats; ++i) {
          const int64_t line = i / width, column = i % width;
          float wanted = 5.0f;
          if (column < columns) {
            wanted = sums.f32[static_cast<size_t>(line / kLines * stride + line % kLines * pitch + column)];
            if (ends) wanted = std::clamp(wanted + residual.f32[static_cast<size_t>(i)], -0.5f, 0.5f);
          }
          equal = equal && y.floats()[i] == wanted;
        }
        CHECK(equal);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
