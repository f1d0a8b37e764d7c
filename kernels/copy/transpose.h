// 2-D transposition, the one kernel of the copy engine that pays for an ISA of its own.
#pragma once

#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// target[r * target_stride + c] = source[c * source_stride + r] for r < rows, c < columns: a 2-D transposition.
using TransposeKernel = void (*)(const float* source, int64_t source_stride, float* target, int64_t target_stride,
                                 int64_t rows, int64_t columns);

#define LACUNA_COPY_KERNEL(isa, function, min_rows, min_columns)                                                \
  void function(const float* source, int64_t source_stride, float* target, int64_t target_stride, int64_t rows, \
                int64_t columns);
#include "kernels/copy/kernels.inc"
#undef LACUNA_COPY_KERNEL

/// One line of kernels.inc.
struct TransposeEntry {
  Isa isa;
  const char* name;
  TransposeKernel function;
  int64_t min_rows;
  int64_t min_columns;
};

constexpr TransposeEntry kTransposeKernels[] = {
#define LACUNA_COPY_KERNEL(isa, function, min_rows, min_columns) {isa, #function, function, min_rows, min_columns},
#include "kernels/copy/kernels.inc"
#undef LACUNA_COPY_KERNEL
};

}  // namespace lacuna
