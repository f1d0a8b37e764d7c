// Kernels that multiply two matrices, neither of them prepared.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// c = alpha * a * b with a [m, k], b [k, n], c [m, n]. Elements of a and b are any strides apart; one of b's two
/// strides is 1, and so is the distance between columns of c.
struct MatMulBlock {
  const float* a;
  int64_t a_row;     ///< floats from a row to the next
  int64_t a_column;  ///< floats from a column to the next
  const float* b;
  int64_t b_row;
  int64_t b_column;
  float* c;
  int64_t c_row;
  int64_t m;
  int64_t n;
  int64_t k;
  float alpha;
};

/// Terms that are summed in registers before they are added to c.
constexpr int64_t kMatMulDepth = 256;
/// Most columns of a panel of b.
constexpr int64_t kMatMulPanel = 64;
constexpr size_t kMatMulScratchBytes = kMatMulDepth * kMatMulPanel * sizeof(float);

/// Reads and writes nothing outside the matrices; `scratch` has kMatMulScratchBytes, aligned to kAlignment.
using MatMulFunction = void (*)(const MatMulBlock& block, float* scratch);

#define LACUNA_MATMUL_KERNEL(isa, function) void function(const MatMulBlock& block, float* scratch);
#include "kernels/matmul/kernels.inc"
#undef LACUNA_MATMUL_KERNEL

}  // namespace lacuna
