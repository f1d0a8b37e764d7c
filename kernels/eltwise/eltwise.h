// Elementwise kernels over runs of elements: unary functions, binary functions with broadcast, scale and shift.
#pragma once

#include <cstdint>

#include "kernels/built.h"
#include "kernels/eltwise/unary.h"

namespace lacuna {

constexpr int kUnaryKinds = static_cast<int>(fbs::UnaryKind::MAX) + 1;
constexpr int kBinaryKinds = static_cast<int>(fbs::BinaryKind::MAX) + 1;

/// y[i] = f(a[i * a_step], b[i * b_step]) for i in [0, n). A step of 0 broadcasts one element; any other is allowed, 0
/// and 1 are fast. y may be a or b where the step is 1. Touches nothing outside the n elements.
using BinaryFunction = void (*)(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n);

/// y[i] = x[i] * scale[i * step] + shift[i * step] for i in [0, n), step 0 or 1, y == x allowed. Touches nothing
/// outside.
using AffineFunction = void (*)(const float* x, const float* scale, const float* shift, int64_t step, float* y,
                                int64_t n);

/// All elementwise kernels of one tier, by the numbers of the schema's enums.
struct EltwiseKernels {
  UnaryFunction unary[kUnaryKinds];  ///< Identity copies
  BinaryFunction binary[kBinaryKinds];
  AffineFunction affine;
};

#define LACUNA_ELTWISE_KERNELS(isa, kernels) extern const EltwiseKernels kernels;
#include "kernels/eltwise/kernels.inc"
#undef LACUNA_ELTWISE_KERNELS

/// One line of kernels.inc.
struct EltwiseEntry {
  Isa isa;
  const char* name;
  const EltwiseKernels* kernels;
};

/// The best tier of `isas`.
const EltwiseEntry& select_eltwise(IsaMask isas);

}  // namespace lacuna
