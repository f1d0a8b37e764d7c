// Every unfold kernel against the definition, in guarded memory.
#include "kernels/unfold/unfold.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "kernels/copy/cases.h"
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

float expected(const UnfoldTile& t, const Tensor& x, int64_t segment, int64_t column, int64_t p) {
  const int64_t pixel = t.pixel + p;
  const int64_t plane = column / t.width.kernel;
  const int64_t at_z = t.depth.position(t.out_depth, plane % t.depth.kernel);
  const int64_t at_y = t.height.position(pixel / t.width.out, segment);
  const int64_t at_x = t.width.position(pixel % t.width.out, column % t.width.kernel);
  if (at_z < 0 || at_z >= t.depth.in || at_y < 0 || at_y >= t.height.in || at_x < 0 || at_x >= t.width.in) return 0.0f;
  const int64_t at = plane / t.depth.kernel * t.channel_stride + (at_z * t.height.in + at_y) * t.width.in + at_x;
  return x.f32[static_cast<size_t>(at)];
}

void check_tile(const UnfoldKernel& kernel, const UnfoldTile& t, const Tensor& x) {
  GuardedMemory out(static_cast<size_t>(t.segment_stride * t.height.kernel) * sizeof(float));
  kernel.function(t, out.floats());
  bool equal = true;
  for (int64_t s = 0; s < t.height.kernel; ++s) {
    for (int64_t c = 0; c < t.columns; ++c) {
      for (int64_t p = 0; p < t.pixels; ++p) {
        equal =
            equal && out.floats()[s * t.segment_stride + c * t.column_stride + p] == expected(t, x, s, t.column + c, p);
      }
    }
  }
  CHECK(equal);
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
      {"volume", window(4, 3, 1, 1, 1, 1), window(5, 3, 1, 1, 1, 1), window(6, 3, 1, 1, 1, 1)},
      {"volume_stride_2", window(5, 2, 2, 2, 1, 1), window(6, 3, 2, 1, 1, 0), window(7, 2, 2, 1, 0, 1)},
  };
  std::mt19937 rng(1);
  int kernels = 0;
  for (const UnfoldKernel& kernel : kUnfoldKernels) {
    if ((cpu_isas() & kernel.isa) == 0) continue;
    CAPTURE(kernel.name);
    ++kernels;
    for (const Problem& p : problems) {
      CAPTURE(p.name);
      constexpr int64_t kChannels = 3;
      const int64_t plane = p.depth.in * p.height.in * p.width.in;
      const Tensor x = random_tensor(rng, make_shape({kChannels * plane}));
      GuardedMemory memory(x.f32.size() * sizeof(float), kOverreadBytes);
      std::copy(x.f32.begin(), x.f32.end(), memory.floats());
      const int64_t columns = kChannels * p.depth.kernel * p.width.kernel;
      const int64_t pixels = p.height.out * p.width.out;
      for (int64_t z = 0; z < p.depth.out; ++z) {
        for (int64_t first = 0; first < pixels; first += 16) {
          CAPTURE(first);
          const int tile = static_cast<int>(std::min<int64_t>(pixels - first, first % 3 == 0 ? 64 : 37));
          check_tile(kernel,
                     {memory.floats(), plane, p.depth, p.height, p.width, z, first, tile, 0, columns, 64, columns * 64},
                     x);
          check_tile(kernel,
                     {memory.floats(), plane, p.depth, p.height, p.width, z, first, 1, 1, columns - 1, 1, columns - 1},
                     x);
        }
      }
    }
  }
  CHECK(kernels >= 1);
}

}  // namespace
}  // namespace lacuna
