// Dense rows x planar tile (kernels of packing DenseRows8), and rows of x times dense rows (DenseRows16).
#pragma once

#include <cstddef>

#include "kernels/built.h"
#include "kernels/tile.h"
#include "lacuna_generated.h"

namespace lacuna {

/// Neighbouring rows of DenseRows8 or DenseRows16, some of their columns: kernels/gemm/dense_rows.h.
struct DenseTile {
  const float* values;   ///< first row block, first column; for kernels/halves they are halves
  int64_t block_stride;  ///< floats, from a row block to the next
  int64_t rows;
  int64_t columns;
};

/// out = rows x in. The sum of an output runs over the columns in their order.
using GemmFunction = void (*)(const DenseTile& rows, const TileInput& in, const TileOutput& out);

enum class GemmShape : uint8_t {
  kTile,    ///< any number of pixels
  kVector,  ///< one pixel
};

constexpr bool is_built(GemmShape shape) {
  if (shape == GemmShape::kVector) return is_built(TileKind::kOnePixel);
  return is_built(AnyTile{{TileKind::kDensePlanes, TileKind::kDensePixels, TileKind::kDenseLines}});
}

struct GemmKernel {
  Isa isa;
  fbs::Packing packing;
  GemmShape shape;
  GemmFunction function;
  const char* name;
};

/// x [count, columns] times DenseRows16: y[i][r] = clamp(sum of x[i] * row r + bias[r] + residual[i][r]).
struct DenseProduct {
  const float* x;
  int64_t x_stride;  ///< floats, from a row of x to the next
  int64_t count;     ///< rows of x
  DenseTile rows;
  float* y;
  int64_t y_stride;
  const float* bias;      ///< null: zeros
  const float* residual;  ///< rows as far apart as those of y; null: none
  bool clamps;
  float low;
  float high;
};
using GemmProductFunction = void (*)(const DenseProduct& product);

struct GemmProductKernel {
  Isa isa;
  GemmProductFunction function;
  const char* name;
};

#define LACUNA_GEMM_KERNEL(isa, packing, shape, function) \
  void function(const DenseTile& rows, const TileInput& in, const TileOutput& out);
#define LACUNA_GEMM_PRODUCT_KERNEL(isa, function) void function(const DenseProduct& product);
#include "kernels/gemm/kernels.inc"
#undef LACUNA_GEMM_KERNEL
#undef LACUNA_GEMM_PRODUCT_KERNEL

constexpr GemmKernel kGemmKernels[] = {
#define LACUNA_GEMM_KERNEL(isa, packing, shape, function)                                                          \
  {isa, fbs::Packing::packing, GemmShape::shape, if_built(function, isa, fbs::Packing::packing, GemmShape::shape), \
   #function},
#define LACUNA_GEMM_PRODUCT_KERNEL(isa, function)
#include "kernels/gemm/kernels.inc"
#undef LACUNA_GEMM_KERNEL
#undef LACUNA_GEMM_PRODUCT_KERNEL
};

constexpr GemmProductKernel kGemmProductKernels[] = {
#define LACUNA_GEMM_KERNEL(isa, packing, shape, function)
#define LACUNA_GEMM_PRODUCT_KERNEL(isa, function) {isa, if_built(function, isa, TileKind::kProduct), #function},
#include "kernels/gemm/kernels.inc"
#undef LACUNA_GEMM_KERNEL
#undef LACUNA_GEMM_PRODUCT_KERNEL
};

}  // namespace lacuna
