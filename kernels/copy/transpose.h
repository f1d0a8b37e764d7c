// 2-D transpositions, the kernels of the copy engine that pay for ISAs of their own.
#pragma once

#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// target[r * target_stride + c] = source[c * source_stride + r] for r < rows, c < columns.
struct Transposition {
  int64_t source_stride;
  int64_t target_stride;
  int64_t rows;
  int64_t columns;
};

using TransposeKernel = void (*)(const Transposition& shape, const float* source, float* target);

/// Most lines of a narrow transposition.
constexpr int64_t kMostLines = 4;

inline bool is_few_lines(int64_t n) { return n >= 2 && n <= kMostLines; }

/// The source is lines whose elements alternate.
inline bool is_deinterleaving(const Transposition& shape) {
  return is_few_lines(shape.rows) && shape.source_stride == shape.rows;
}
/// The source or the target is such lines.
inline bool is_narrow(const Transposition& shape) {
  return is_deinterleaving(shape) || (is_few_lines(shape.columns) && shape.target_stride == shape.columns);
}
/// AVX2 stores parts of a Vec slowly.
inline bool is_narrow_and_long(const Transposition& shape) {
  return is_narrow(shape) && (shape.rows >= 8 || shape.columns >= 8);
}
inline bool is_wide(const Transposition& shape) { return shape.rows >= 4 && shape.columns >= 8; }
inline bool is_any(const Transposition&) { return true; }

#define LACUNA_COPY_KERNEL(isa, function, suits) \
  void function(const Transposition& shape, const float* source, float* target);
#include "kernels/copy/kernels.inc"
#undef LACUNA_COPY_KERNEL

/// One line of kernels.inc.
struct TransposeEntry {
  Isa isa;
  const char* name;
  TransposeKernel function;
  bool (*suits)(const Transposition& shape);  ///< a part of a narrow one has all lines
};

constexpr TransposeEntry kTransposeKernels[] = {
#define LACUNA_COPY_KERNEL(isa, function, suits) {isa, #function, function, suits},
#include "kernels/copy/kernels.inc"
#undef LACUNA_COPY_KERNEL
};

}  // namespace lacuna
