// Every Winograd kernel against the definition, in guarded memory.
#include "kernels/winograd/winograd.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/tensor_view.h"
#include "platforms/cpu_features.h"
#include "tests/support/guarded_memory.h"

namespace lacuna {
namespace {

struct Problem {
  const char* name;
  int64_t height, width;
  int64_t kernel_width, stride, pad;
  std::vector<int32_t> sources;  ///< input rows, each the only one of its outputs
  int64_t runs;
};

std::vector<float> random_floats(int64_t n, std::mt19937& rng) {
  std::vector<float> floats(static_cast<size_t>(n));
  for (float& x : floats) x = std::uniform_real_distribution<float>(-1, 1)(rng);
  return floats;
}

/// Output `column` of source row `i` and row `row` of the weights [kernel_width][kWeightRows].
double expected(const Problem& p, const float* plane, const std::vector<float>& weights, size_t i, int64_t column,
                int64_t row) {
  const int64_t y = p.sources[i];
  double sum = 0;
  for (int64_t tap = 0; y >= 0 && y < p.height && tap < p.kernel_width; ++tap) {
    const int64_t x = column * p.stride + tap - p.pad;
    if (x < 0 || x >= p.width) continue;
    sum += double{plane[y * p.width + x]} * double{weights[static_cast<size_t>(tap * kWeightRows + row)]};
  }
  return sum;
}

/// Weights of the problem's one line, inputs of all phases, their products summed at each point, outputs of them.
void check_problem(const WinogradKernel& kernel, const Problem& p, std::mt19937& rng, bool clamps) {
  const int64_t points = winograd_points(kernel.taps), phases = p.stride;
  const auto rows = static_cast<int64_t>(p.sources.size()), runs = rows * p.runs;
  GuardedMemory plane(static_cast<size_t>(p.height * p.width) * sizeof(float), kOverreadBytes);
  const std::vector<float> pixels = random_floats(p.height * p.width, rng);
  std::copy(pixels.begin(), pixels.end(), plane.floats());
  const std::vector<float> weights = random_floats(p.kernel_width * kWeightRows, rng);

  const int64_t point_weights = phases * kWeightRows;
  std::vector<float> moved_weights(static_cast<size_t>(points * point_weights));
  kernel.weights({weights.data(), 1, p.kernel_width, phases, moved_weights.data(), point_weights});

  const int64_t point_inputs = runs + kWinogradSlack;
  std::vector<float> lines(static_cast<size_t>(2 * (kRunOutputs * runs + kWinogradSlack)));
  std::vector<double> sums(static_cast<size_t>(points * kWeightRows * runs));
  for (int64_t phase = 0; phase < phases; ++phase) {
    std::vector<float> inputs(static_cast<size_t>(points * point_inputs));
    kernel.input({plane.floats(), p.height, p.width, p.sources.data(), rows, 0, phase - p.pad, p.stride, p.runs,
                  lines.data(), inputs.data(), point_inputs});
    for (int64_t point = 0; point < points; ++point) {
      for (int64_t row = 0; row < kWeightRows; ++row) {
        const double w = moved_weights[static_cast<size_t>(point * point_weights + phase * kWeightRows + row)];
        for (int64_t run = 0; run < runs; ++run) {
          sums[static_cast<size_t>((point * kWeightRows + row) * runs + run)] +=
              w * double{inputs[static_cast<size_t>(point * point_inputs + run)]};
        }
      }
    }
  }

  std::vector<float> rounded(sums.begin(), sums.end());
  rounded.resize(rounded.size() + kWinogradSlack);
  const int64_t row_outputs = kRunOutputs * runs;
  GuardedMemory outputs(static_cast<size_t>(kWeightRows * row_outputs) * sizeof(float));
  constexpr float kLow = -0.25f, kHigh = 0.5f;
  kernel.output({rounded.data(), kWeightRows * runs, runs, kWeightRows, runs, outputs.floats(), row_outputs, clamps,
                 kLow, kHigh});
  double worst = 0;
  for (int64_t row = 0; row < kWeightRows; ++row) {
    for (int64_t at = 0; at < row_outputs; ++at) {
      const int64_t line = kRunOutputs * p.runs;
      double wanted = expected(p, plane.floats(), weights, static_cast<size_t>(at / line), at % line, row);
      if (clamps) wanted = std::fmin(double{kHigh}, std::fmax(double{kLow}, wanted));
      worst = std::fmax(worst, std::fabs(wanted - double{outputs.floats()[row * row_outputs + at]}));
    }
  }
  CHECK(worst < 2e-5);
}

TEST_CASE("inputs, weights and sums of every Winograd kernel give what the window gives") {
  constexpr uint32_t kSeed = 5;
  MESSAGE("seed " << kSeed);
  const Problem problems[] = {
      {"one run", 1, 4, 3, 1, 1, {0}, 1},
      {"narrower than a run", 3, 2, 3, 1, 1, {-1, 0, 1, 2, 3}, 1},
      {"runs of several rows in one vector", 14, 14, 3, 1, 1, {-1, 0, 1, 2, 3, 4, 5, 6}, 4},
      {"seventeen runs", 2, 66, 3, 1, 0, {0, 1}, 17},
      {"pads wider than a run", 2, 30, 3, 1, 7, {1}, 11},
      {"four taps", 5, 23, 4, 1, 2, {0, 2, 4}, 6},
      {"stride 2, five taps", 6, 33, 5, 2, 2, {0, 2, 4, 6}, 5},
      {"stride 2, seven taps", 9, 40, 7, 2, 3, {-3, -1, 1, 3}, 5},
      {"stride 3, nine taps", 4, 53, 9, 3, 4, {3, 0}, 5},
      {"stride 2, no row inside", 3, 40, 7, 2, 3, {-2, 5}, 5},
  };
  int checked = 0;
  for (const WinogradKernel& kernel : kWinogradKernels) {
    if (kernel.taps == 0 || (cpu_isas() & kernel.isa) == 0) continue;
    CAPTURE(kernel.name);
    std::mt19937 rng(kSeed);
    for (const Problem& p : problems) {
      if ((p.kernel_width + p.stride - 1) / p.stride != kernel.taps) continue;
      CAPTURE(p.name);
      check_problem(kernel, p, rng, false);
      check_problem(kernel, p, rng, true);
      ++checked;
    }
  }
  MESSAGE(checked << " problems; none where no tier of this CPU has such kernels");
}

}  // namespace
}  // namespace lacuna
