// Kernels that see a whole row or column of elements at once: softmax, normalisation, reduction.
//
// Rows are contiguous. Columns are up to kColumnTile neighbours in memory, each with its elements a stride apart.
// Nothing outside the elements is read or written. Sums go through short partial sums, so that their relative error
// stays below 1e-6 of the sum of absolute values whatever the length.
#pragma once

#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// Most columns of one call.
constexpr int64_t kColumnTile = 64;

/// Functions of a whole row (or column) of n elements to as many.
enum class AxisFunction { kSoftmax, kLogSoftmax, kL2Norm };
constexpr int kAxisFunctions = 3;

/// y = f(x); y == x is allowed. epsilon is the least sum of squares for kL2Norm, otherwise unused.
using AxisRow = void (*)(const float* x, float* y, int64_t n, float epsilon);
/// The same for `columns` columns: element i of column c is x[i * x_stride + c].
using AxisColumns = void (*)(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t n, int64_t columns,
                             float epsilon);

/// What a row is reduced to; "d" is the element less a center.
enum class Reduction { kSum, kSumAbs, kSumSquares, kSumExp, kMax, kMin, kProduct };
constexpr int kReductions = 7;

/// Sum of x, |x|, d^2 or e^d; largest, least or product of x. `center` counts for kSumSquares and kSumExp.
using ReduceRow = double (*)(const float* x, int64_t n, float center);
/// The same without center for `rows` rows, each `stride` floats behind the one before: y[rows].
using ReduceRows = void (*)(const float* x, int64_t n, int64_t stride, int64_t rows, double* y);
/// Joins n elements of each column to acc[columns]; `lost` holds the compensation of the sums. They start as the
/// neutral element and 0. center[columns] may be null: zeros.
using ReduceColumns = void (*)(const float* x, int64_t n, int64_t stride, int64_t columns, const float* center,
                               float* acc, float* lost);

/// y[i] = (x[i] - mean) * factor * scale[i * scale_step] + shift[i * shift_step], steps 0 or 1; y == x is allowed.
using NormalizeRow = void (*)(const float* x, float mean, float factor, const float* scale, int64_t scale_step,
                              const float* shift, int64_t shift_step, float* y, int64_t n);

/// All row kernels of one tier, by the numbers of the enums above.
struct RowsKernels {
  AxisRow axis_row[kAxisFunctions];
  AxisColumns axis_columns[kAxisFunctions];
  ReduceRow reduce_row[kReductions];
  ReduceRows reduce_rows[kReductions];
  ReduceColumns reduce_columns[kReductions];
  NormalizeRow normalize_row;
};

#define LACUNA_ROWS_KERNELS(isa, kernels) extern const RowsKernels kernels;
#include "kernels/rows/kernels.inc"
#undef LACUNA_ROWS_KERNELS

/// One line of kernels.inc.
struct RowsEntry {
  Isa isa;
  const char* name;
  const RowsKernels* kernels;
};

/// The best tier of `isas`.
const RowsEntry& select_rows(IsaMask isas);

}  // namespace lacuna
