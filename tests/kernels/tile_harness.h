// A product of rows and a tile in guarded memory, for the tests of spmm and gemm kernels.
#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "converter/ir/tensor.h"
#include "kernels/tile.h"
#include "platforms/cpu_features.h"
#include "tests/support/guarded_memory.h"

namespace lacuna {

struct TileShape {
  int64_t rows;
  int64_t columns;
  int pixels;
  bool bias;
  bool residual;
  bool clamps;
};

/// Numbers of pixels around every boundary up to `most`.
inline std::vector<int> tile_pixels(int most) {
  std::vector<int> pixels;
  for (int n = 1; n <= most; ++n) {
    if (n <= 17 || n % 8 <= 4 || n % 8 == 7) pixels.push_back(n);
  }
  return pixels;
}

/// Operands end at unmapped pages (but for what kernels may read beyond x); y starts as NaN.
class TileProblem {
 public:
  TileProblem(const TileShape& shape, std::mt19937& rng)
      : shape_(shape),
        x_(bytes(shape.columns * shape.pixels), kOverreadBytes),
        y_(bytes(shape.rows * shape.pixels), shape.pixels > 1 ? kOverreadBytes : 0),
        residual_(bytes(shape.rows * shape.pixels), kOverreadBytes),
        bias_(bytes(shape.rows)) {
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    for (int64_t i = 0; i < shape.columns * shape.pixels; ++i) x_.floats()[i] = uniform(rng);
    for (int64_t i = 0; i < shape.rows * shape.pixels; ++i) {
      residual_.floats()[i] = uniform(rng);
      y_.floats()[i] = std::numeric_limits<float>::quiet_NaN();
    }
    for (int64_t i = 0; i < shape.rows; ++i) bias_.floats()[i] = uniform(rng);
    for (int64_t c = 0; c < shape.columns; ++c) offsets_.push_back(static_cast<int32_t>(c * shape.pixels));
  }

  /// With offsets or with a stride.
  TileInput input(int64_t first_column, bool offsets) const {
    return {x_.floats() + first_column * shape_.pixels, shape_.pixels, offsets ? offsets_.data() : nullptr};
  }
  TileOutput output(bool first, bool last) const {
    return {y_.floats(),
            shape_.pixels,
            shape_.pixels,
            shape_.bias ? bias_.floats() : nullptr,
            shape_.residual ? residual_.floats() : nullptr,
            shape_.pixels,
            shape_.clamps,
            kLow,
            kHigh,
            first,
            last};
  }

  /// Largest difference from a plain loop over weights [rows][columns], over the largest sum.
  double error(const Tensor& weight) const {
    double largest = 1, difference = 0;
    const int64_t columns = shape_.columns;
    for (int64_t row = 0; row < shape_.rows; ++row) {
      for (int64_t p = 0; p < shape_.pixels; ++p) {
        const int64_t at = row * shape_.pixels + p;
        double sum = shape_.bias ? bias_.floats()[row] : 0.0f;
        for (int64_t c = 0; c < columns; ++c) {
          sum += static_cast<double>(weight.f32[static_cast<size_t>(row * columns + c)]) *
                 static_cast<double>(x_.floats()[c * shape_.pixels + p]);
        }
        if (shape_.residual) sum += static_cast<double>(residual_.floats()[at]);
        if (shape_.clamps) sum = std::fmin(std::fmax(sum, static_cast<double>(kLow)), static_cast<double>(kHigh));
        const double off = std::fabs(sum - static_cast<double>(y_.floats()[at]));
        if (std::isnan(off)) return std::numeric_limits<double>::infinity();
        largest = std::fmax(largest, std::fabs(sum));
        difference = std::fmax(difference, off);
      }
    }
    return difference / largest;
  }

 private:
  static constexpr float kLow = -0.75f, kHigh = 1.25f;
  static size_t bytes(int64_t floats) { return static_cast<size_t>(floats) * sizeof(float); }

  TileShape shape_;
  GuardedMemory x_, y_, residual_, bias_;
  std::vector<int32_t> offsets_;
};

}  // namespace lacuna
