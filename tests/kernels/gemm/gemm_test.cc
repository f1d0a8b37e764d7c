// Packings DenseRows8 and DenseRows16, and every gemm kernel against plain loops.
#include "kernels/gemm/gemm.h"

#include <doctest/doctest.h>

#include "kernels/copy/cases.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/gemm/pack.h"
#include "tests/kernels/tile_harness.h"

namespace lacuna {
namespace {

WeightMatrix matrix_of(const Tensor& weight, uint32_t groups) {
  WeightMatrix matrix;
  matrix.data = weight.f32.data();
  matrix.rows = static_cast<uint32_t>(weight.shape[0]);
  matrix.columns = static_cast<uint32_t>(weight.shape[1]);
  matrix.groups = groups;
  return matrix;
}

TEST_CASE("dense rows round-trip and pass their check; other sizes do not") {
  std::mt19937 rng(1);
  for (const fbs::Packing packing : {fbs::Packing::DenseRows8, fbs::Packing::DenseRows16}) {
    for (const int64_t rows : {2, 14, 16, 18, 32, 34}) {
      for (const uint32_t groups : {1u, 2u}) {
        const Tensor weight = random_tensor(rng, make_shape({rows, 30}));
        WeightBytes packed = pack_dense_rows(matrix_of(weight, groups), nullptr, packing);
        CHECK(check_dense_rows(packed.view(), nullptr) == LACUNA_OK);
        CHECK(unpack_dense_rows(packed.view()) == weight.f32);
        packed.values.pop_back();
        CHECK(check_dense_rows(packed.view(), nullptr) == LACUNA_ERROR_MEANING);
      }
    }
  }
}

enum class Columns : uint8_t { kStrided, kOffsets, kPanels };

void check_kernel(const GemmKernel& kernel, const TileShape& shape, int64_t block, Columns lie, std::mt19937& rng) {
  const Tensor weight = random_tensor(rng, make_shape({shape.rows, shape.columns}));
  const WeightBytes packed = pack_dense_rows(matrix_of(weight, 1), nullptr, kernel.packing);
  TileProblem problem(shape, rng);
  GuardedMemory panels(static_cast<size_t>(block * kPanelPixels) * sizeof(float));
  for (int64_t column = 0; column < shape.columns; column += block) {
    const int64_t columns = std::min(block, shape.columns - column);
    TileInput in = problem.input(column, lie == Columns::kOffsets);
#if defined(__x86_64__)
    if (lie == Columns::kPanels) in.panels = panels.floats();
#endif
    kernel.function(dense_tile(packed.view(), 0, 0, shape.rows, column, columns), in,
                    problem.output(column == 0, column + columns == shape.columns));
  }
  CHECK(problem.error(weight) <= 1e-5);
}

TEST_CASE("every gemm kernel of this machine agrees with a plain loop") {
  std::mt19937 rng(1);
  int kernels = 0;
  for (const GemmKernel& kernel : kGemmKernels) {
    if ((cpu_isas() & kernel.isa) == 0) continue;
    CAPTURE(kernel.name);
    ++kernels;
    for (const int pixels : tile_pixels(kernel.shape == GemmShape::kVector ? 1 : kGemmTilePixels)) {
      CAPTURE(pixels);
      check_kernel(kernel, {8, 20, pixels, true, false, false}, 20, Columns::kStrided, rng);
      const bool tile = kernel.shape == GemmShape::kTile;
      check_kernel(kernel, {19, 60, pixels, false, true, true}, 7, tile ? Columns::kOffsets : Columns::kStrided, rng);
      if (tile) check_kernel(kernel, {19, 60, pixels, true, true, true}, 25, Columns::kPanels, rng);
    }
    for (int64_t rows = 1; rows < 40; ++rows) {
      CAPTURE(rows);
      check_kernel(kernel, {rows, 18, 1, true, true, true}, 18, Columns::kStrided, rng);
    }
    check_kernel(kernel, {300, 33, 1, true, true, true}, 33, Columns::kStrided, rng);
  }
  CHECK(kernels >= 3);
}

TEST_CASE("every gemm product kernel of this machine agrees with a plain loop") {
  std::mt19937 rng(1);
  int kernels = 0;
  for (const GemmProductKernel& kernel : kGemmProductKernels) {
    if ((cpu_isas() & kernel.isa) == 0) continue;
    CAPTURE(kernel.name);
    ++kernels;
    for (const int64_t units : {1, 7, 16, 17, 40}) {
      for (const int64_t columns : {1, 30, 256, 257}) {
        for (int64_t count = 1; count < 28; ++count) {
          CAPTURE(units);
          CAPTURE(columns);
          CAPTURE(count);
          // The transposed problem: units are its rows, rows of x its pixels.
          const Tensor weight = random_tensor(rng, make_shape({units, columns}));
          const Tensor x = random_tensor(rng, make_shape({count, columns}));
          const Tensor bias = random_tensor(rng, make_shape({units}));
          const WeightBytes packed = pack_dense_rows(matrix_of(weight, 1), nullptr, fbs::Packing::DenseRows16);
          GuardedMemory y(static_cast<size_t>(count * units) * sizeof(float));
          kernel.function({x.f32.data(), columns, count, dense_tile(packed.view(), 0, 0, units, 0, columns), y.floats(),
                           units, bias.f32.data(), nullptr, true, -3.0f, 3.0f});
          double worst = 0;
          for (int64_t i = 0; i < count * units; ++i) {
            double sum = bias.f32[static_cast<size_t>(i % units)];
            for (int64_t c = 0; c < columns; ++c) {
              sum += static_cast<double>(x.f32[static_cast<size_t>(i / units * columns + c)]) *
                     static_cast<double>(weight.f32[static_cast<size_t>(i % units * columns + c)]);
            }
            sum = std::fmin(std::fmax(sum, -3.0), 3.0);
            worst = std::fmax(worst, std::fabs(sum - static_cast<double>(y.floats()[i])));
          }
          CHECK(worst <= 1e-4);
        }
      }
    }
  }
  CHECK(kernels >= 1);
}

}  // namespace
}  // namespace lacuna
