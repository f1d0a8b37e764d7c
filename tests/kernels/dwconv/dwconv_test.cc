// Every depthwise kernel against a plain loop, in guarded memory.
#include "kernels/dwconv/dwconv.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/copy/cases.h"
#include "kernels/dwconv/plan.h"
#include "platforms/cpu_features.h"
#include "tests/support/guarded_memory.h"

namespace lacuna {
namespace {

Window window(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t begin, int64_t end) {
  return {in, (in + begin + end - (kernel - 1) * dilation - 1) / stride + 1, kernel, stride, dilation, begin};
}

double expected(const DwconvTile& t, int64_t row, int64_t column) {
  const Window& height = t.plan->height;
  const Window& width = t.plan->width;
  double sum = static_cast<double>(*t.bias);
  for (int64_t ky = 0; ky < height.kernel; ++ky) {
    for (int64_t kx = 0; kx < width.kernel; ++kx) {
      const int64_t y = height.position(row, ky), x = width.position(column, kx);
      if (y < 0 || y >= height.in || x < 0 || x >= width.in) continue;
      sum += static_cast<double>(t.weights[ky * width.kernel + kx]) * static_cast<double>(t.x[y * width.in + x]);
    }
  }
  const int64_t at = (row - t.first_row) * width.out + column;
  if (t.residual != nullptr) sum += static_cast<double>(t.residual[at]);
  return t.clamps ? std::clamp(sum, static_cast<double>(t.low), static_cast<double>(t.high)) : sum;
}

struct GuardedCopy : GuardedMemory {
  GuardedCopy(const Tensor& tensor, size_t slack) : GuardedMemory(tensor.f32.size() * sizeof(float), slack) {
    std::copy(tensor.f32.begin(), tensor.f32.end(), floats());
  }
};

/// All strips of two planes, with a gap between them, by `kernel`.
void check_kernel(const DwconvKernel& kernel, const DwconvPlan& plan, bool ends, std::mt19937& rng) {
  constexpr int64_t kPlanes = 2, kGap = 5;
  const int64_t in_stride = plan.height.in * plan.width.in + kGap, pixels = plan.height.out * plan.width.out;
  const int64_t out_stride = pixels + kGap, taps = plan.height.kernel * plan.width.kernel;
  const Tensor planes = random_tensor(rng, make_shape({kPlanes * in_stride - kGap}));
  const Tensor weights = random_tensor(rng, make_shape({kPlanes * taps}));
  const Tensor residual = random_tensor(rng, make_shape({kPlanes * out_stride - kGap}));
  const float bias[] = {0.25f, -0.5f};
  const GuardedCopy x(planes, kOverreadBytes), w(weights, 0), r(residual, kOverreadBytes);
  const GuardedMemory y(static_cast<size_t>(kPlanes * out_stride - kGap) * sizeof(float));
  const GuardedMemory scratch(dwconv_scratch_bytes(plan.height, plan.width));
  constexpr float kUntouched = 12345;
  std::fill_n(y.floats() + pixels, kGap, kUntouched);
  double worst = 0;
  for (int64_t first = 0; first < plan.height.out; first += plan.strip_rows) {
    const int64_t at = first * plan.width.out;
    const int64_t rows = std::min(plan.strip_rows, plan.height.out - first);
    const DwconvTile tile = {&plan,
                             x.floats(),
                             w.floats(),
                             bias,
                             first,
                             rows,
                             y.floats() + at,
                             ends ? r.floats() + at : nullptr,
                             ends,
                             -1.5f,
                             1.5f,
                             scratch.floats(),
                             kPlanes,
                             in_stride,
                             out_stride,
                             out_stride};
    kernel.function(tile);
    for (int64_t plane = 0; plane < kPlanes; ++plane) {
      DwconvTile one = tile;
      one.x += plane * in_stride;
      one.weights += plane * taps;
      one.bias += plane;
      one.y += plane * out_stride;
      if (ends) one.residual += plane * out_stride;
      for (int64_t i = 0; i < rows * plan.width.out; ++i) {
        const double sum = expected(one, first + i / plan.width.out, i % plan.width.out);
        worst = std::fmax(worst, std::fabs(sum - static_cast<double>(one.y[i])));
      }
    }
  }
  CHECK(worst <= 1e-5);
  CHECK(std::count(y.floats() + pixels, y.floats() + out_stride, kUntouched) == kGap);
}

bool suits(const DwconvKernel& kernel, const DwconvPlan& plan) {
  return kernel.method == plan.method &&
         (kernel.kernel == 0 || (kernel.kernel == plan.width.kernel && kernel.stride == plan.width.stride));
}

TEST_CASE("every depthwise kernel of this machine agrees with a plain loop") {
  struct Problem {
    const char* name;
    int64_t kernel, stride, dilation, begin, end;
  };
  const Problem problems[] = {
      {"3x3", 3, 1, 1, 1, 1},
      {"3x3_valid", 3, 1, 1, 0, 0},
      {"3x3_wide_pads", 3, 1, 1, 2, 3},
      {"3x3_stride_2", 3, 2, 1, 1, 1},
      {"3x3_stride_2_behind", 3, 2, 1, 0, 1},
      {"3x3_stride_2_wide_pads", 3, 2, 1, 2, 4},
      {"5x5", 5, 1, 1, 2, 2},
      {"5x5_valid", 5, 1, 1, 0, 0},
      {"5x5_stride_2", 5, 2, 1, 2, 2},
      {"5x5_stride_2_asymmetric", 5, 2, 1, 1, 2},
      {"7x7", 7, 1, 1, 3, 3},
      {"7x7_stride_2", 7, 2, 1, 3, 3},
      {"3x3_dilation_2", 3, 1, 2, 2, 2},
      {"3x3_stride_2_dilation_3", 3, 2, 3, 3, 3},
      {"2x2", 2, 1, 1, 0, 1},
      {"pads_over_kernel", 3, 1, 1, 4, 3},
      {"1x1_stride_3", 1, 3, 1, 0, 0},
      {"4x4_stride_3", 4, 3, 1, 1, 2},
  };
  std::mt19937 rng(1);
  std::vector<int> uses(sizeof(kDwconvKernels) / sizeof(kDwconvKernels[0]));
  for (const Problem& p : problems) {
    CAPTURE(p.name);
    for (const int64_t in_height : {1, 2, 3, 4, 6, 7, 9, 40}) {
      for (const int64_t in_width : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 31, 32, 33, 34, 49, 120}) {
        CAPTURE(in_height);
        CAPTURE(in_width);
        const int64_t reach = (p.kernel - 1) * p.dilation + 1;
        if (std::min(in_height, in_width) + p.begin + p.end < reach) continue;
        const Window height = window(in_height, p.kernel, p.stride, p.dilation, p.begin, p.end);
        const Window width = window(in_width, p.kernel, p.stride, p.dilation, p.begin, p.end);
        GuardedMemory tables(dwconv_table_bytes(height, width));
        const DwconvPlan plan = plan_dwconv(height, width, tables.data());
        for (size_t i = 0; i < uses.size(); ++i) {
          const DwconvKernel& kernel = kDwconvKernels[i];
          if ((cpu_isas() & kernel.isa) == 0 || !suits(kernel, plan)) continue;
          CAPTURE(kernel.name);
          ++uses[i];
          check_kernel(kernel, plan, in_width % 2 == 1, rng);
        }
      }
    }
  }
  for (size_t i = 0; i < uses.size(); ++i) {
    CAPTURE(kDwconvKernels[i].name);
    CHECK((uses[i] > 0) == ((cpu_isas() & kDwconvKernels[i].isa) != 0));
  }
}

}  // namespace
}  // namespace lacuna
