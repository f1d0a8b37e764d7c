// Row kernels over Vec. A tier's Vec header is included first.
#pragma once

#include <math.h>

#include <cstdint>

#include "kernels/rows/rows.h"
#include "kernels/simd/math.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = Vec::kLanes;
constexpr float kInfinity = __builtin_inff();

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// What a reduction does: the neutral element, the term of an element, and how partial results join.
struct Sum {
  static constexpr bool kIsSum = true;
  static constexpr float kNeutral = 0;
  static Vec term(Vec x, Vec) { return x; }
  static Vec join(Vec acc, Vec term) { return add(acc, term); }
};
struct SumAbs : Sum {
  static Vec term(Vec x, Vec) { return abs(x); }
};
struct SumSquares : Sum {
  static Vec term(Vec x, Vec center) {
    const Vec d = sub(x, center);
    return mul(d, d);
  }
};
struct SumExp : Sum {
  static Vec term(Vec x, Vec center) { return exp(sub(x, center)); }
};
struct Largest {
  static constexpr bool kIsSum = false;
  static constexpr float kNeutral = -kInfinity;
  static Vec term(Vec x, Vec) { return x; }
  static Vec join(Vec acc, Vec term) { return max(acc, term); }
};
struct Least : Largest {
  static constexpr float kNeutral = kInfinity;
  static Vec join(Vec acc, Vec term) { return min(acc, term); }
};
struct Product : Largest {
  static constexpr float kNeutral = 1;
  static Vec join(Vec acc, Vec term) { return mul(acc, term); }
};

// Rows.

inline float lanes_joined(Sum, Vec acc) { return sum(acc); }
inline float lanes_joined(Largest, Vec acc) { return max_lane(acc); }
inline float lanes_joined(Least, Vec acc) { return min_lane(acc); }

/// Up to one block: lanes of four accumulators add few elements each.
template <class Op>
inline float reduce_block(const float* x, int64_t n, Vec center) {
  Vec acc[4];
  for (Vec& a : acc) a = splat(Op::kNeutral);
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) acc[k] = Op::join(acc[k], Op::term(load(x + i + k * kLanes), center));
  }
  for (; i + kLanes <= n; i += kLanes) acc[0] = Op::join(acc[0], Op::term(load(x + i), center));
  if (i < n) {
    // Fewer than a Vec: the terms of absent elements are replaced, since f(0) need not be neutral.
    const int rest = static_cast<int>(n - i);
    const Vec terms = select_first(rest, Op::term(load_first(x + i, rest), center), splat(Op::kNeutral));
    acc[1] = Op::join(acc[1], terms);
  }
  return lanes_joined(Op(), Op::join(Op::join(acc[0], acc[1]), Op::join(acc[2], acc[3])));
}

template <class Op>
double reduce_row(const float* x, int64_t n, float center) {
  constexpr int64_t kBlock = 32 * kLanes;
  double total = static_cast<double>(Op::kNeutral);
  for (int64_t i = 0; i < n; i += kBlock) {
    const auto part = static_cast<double>(reduce_block<Op>(x + i, least(kBlock, n - i), splat(center)));
    if (Op::kIsSum) {
      total += part;
    } else if (Op::kNeutral < 0 ? part > total : part < total) {
      total = part;
    }
  }
  return total;
}

/// In double, whose range no partial product of floats in any order soon exceeds.
double product_row(const float* x, int64_t n, float) {
  double total = 1;
  for (int64_t i = 0; i < n; ++i) total *= static_cast<double>(x[i]);
  return total;
}

template <ReduceRow kReduce>
void reduce_rows(const float* x, int64_t n, int64_t stride, int64_t rows, double* y) {
  for (int64_t r = 0; r < rows; ++r) y[r] = kReduce(x + r * stride, n, 0);
}

// Columns.

/// Joins n rows of kVecs neighbouring Vecs to acc; the last of them has `lanes` lanes.
template <class Op, int kVecs>
inline void reduce_strip(const float* x, int64_t n, int64_t stride, int lanes, const float* center, float* acc,
                         float* lost) {
  constexpr int64_t kBlock = 32;
  const auto get = [lanes](const float* p, int k) {
    return k == kVecs - 1 && lanes < Vec::kLanes ? load_first(p + k * kLanes, lanes) : load(p + k * kLanes);
  };
  const auto put = [lanes](float* p, int k, Vec value) {
    if (k == kVecs - 1 && lanes < Vec::kLanes) {
      store_first(p + k * kLanes, value, lanes);
    } else {
      store(p + k * kLanes, value);
    }
  };
  Vec middle[kVecs];
  for (int k = 0; k < kVecs; ++k) middle[k] = center == nullptr ? zero() : get(center, k);
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t end = least(first + kBlock, n);
    Vec part[kVecs];
    for (int k = 0; k < kVecs; ++k) part[k] = splat(Op::kNeutral);
    for (int64_t i = first; i < end; ++i) {
      for (int k = 0; k < kVecs; ++k) part[k] = Op::join(part[k], Op::term(get(x + i * stride, k), middle[k]));
    }
    for (int k = 0; k < kVecs; ++k) {
      const Vec total = get(acc, k);
      if (!Op::kIsSum) {
        put(acc, k, Op::join(total, part[k]));
        continue;
      }
      // Kahan's compensated sum over the blocks; without compensation once the sum is not finite.
      const Vec corrected = sub(part[k], get(lost, k));
      const Vec next = add(total, corrected);
      const Vec missed = sub(sub(next, total), corrected);
      put(acc, k, next);
      put(lost, k, select(equal(missed, missed), missed, zero()));
    }
  }
}

template <class Op>
void reduce_columns(const float* x, int64_t n, int64_t stride, int64_t columns, const float* center, float* acc,
                    float* lost) {
  const auto at = [center](int64_t c) { return center == nullptr ? nullptr : center + c; };
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) {
    reduce_strip<Op, 4>(x + c, n, stride, Vec::kLanes, at(c), acc + c, lost + c);
  }
  for (; c < columns; c += kLanes) {
    const int lanes = static_cast<int>(least(kLanes, columns - c));
    reduce_strip<Op, 1>(x + c, n, stride, lanes, at(c), acc + c, lost + c);
  }
}

// Functions of a row or of columns to as many elements.

/// y = f(x) for n elements of one row.
template <class Function>
inline void map_row(const float* x, float* y, int64_t n, Function f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(load(x + i)));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    store_first(y + i, f(load_first(x + i, rest)), rest);
  }
}

void softmax_row(const float* x, float* y, int64_t n, float) {
  const auto largest = static_cast<float>(reduce_row<Largest>(x, n, 0));
  const Vec center = splat(largest);
  map_row(x, y, n, [=](Vec v) { return exp(sub(v, center)); });
  const Vec factor = splat(static_cast<float>(1 / reduce_row<Sum>(y, n, 0)));
  map_row(y, y, n, [=](Vec v) { return mul(v, factor); });
}

void log_softmax_row(const float* x, float* y, int64_t n, float) {
  const auto largest = static_cast<float>(reduce_row<Largest>(x, n, 0));
  const Vec center = splat(largest);
  const Vec shift = splat(logf(static_cast<float>(reduce_row<SumExp>(x, n, largest))));
  map_row(x, y, n, [=](Vec v) { return sub(sub(v, center), shift); });
}

void l2_norm_row(const float* x, float* y, int64_t n, float epsilon) {
  const double squares = reduce_row<SumSquares>(x, n, 0);
  const auto least_squares = static_cast<double>(epsilon);
  const Vec factor = splat(static_cast<float>(1 / ::sqrt(squares < least_squares ? least_squares : squares)));
  map_row(x, y, n, [=](Vec v) { return mul(v, factor); });
}

/// One value for each column of a tile.
struct ColumnValues {
  float values[kColumnTile];

  explicit ColumnValues(float value) {
    for (float& v : values) v = value;
  }
};

template <class Op>
inline ColumnValues columns_reduced(const float* x, int64_t stride, int64_t n, int64_t columns, const float* center) {
  ColumnValues acc(Op::kNeutral), lost(0);
  reduce_columns<Op>(x, n, stride, columns, center, acc.values, lost.values);
  return acc;
}

/// y = f(x, a of the column, b of the column) for n elements of each column.
template <class Function>
inline void map_columns(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t n, int64_t columns,
                        const ColumnValues& a, const ColumnValues& b, Function f) {
  for (int64_t c = 0; c < columns; c += kLanes) {
    const Vec of_a = load(a.values + c), of_b = load(b.values + c);
    const int lanes = static_cast<int>(least(kLanes, columns - c));
    if (lanes == Vec::kLanes) {
      for (int64_t i = 0; i < n; ++i) store(y + i * y_stride + c, f(load(x + i * x_stride + c), of_a, of_b));
    } else {
      for (int64_t i = 0; i < n; ++i) {
        store_first(y + i * y_stride + c, f(load_first(x + i * x_stride + c, lanes), of_a, of_b), lanes);
      }
    }
  }
}

void softmax_columns(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t n, int64_t columns, float) {
  const ColumnValues largest = columns_reduced<Largest>(x, x_stride, n, columns, nullptr);
  map_columns(x, x_stride, y, y_stride, n, columns, largest, largest, [](Vec v, Vec m, Vec) { return exp(sub(v, m)); });
  const ColumnValues sums = columns_reduced<Sum>(y, y_stride, n, columns, nullptr);
  map_columns(y, y_stride, y, y_stride, n, columns, sums, sums, [](Vec v, Vec s, Vec) { return div(v, s); });
}

void log_softmax_columns(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t n, int64_t columns,
                         float) {
  const ColumnValues largest = columns_reduced<Largest>(x, x_stride, n, columns, nullptr);
  ColumnValues logs = columns_reduced<SumExp>(x, x_stride, n, columns, largest.values);
  map_row(logs.values, logs.values, kColumnTile, [](Vec v) { return log(v); });
  map_columns(x, x_stride, y, y_stride, n, columns, largest, logs,
              [](Vec v, Vec m, Vec l) { return sub(sub(v, m), l); });
}

void l2_norm_columns(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t n, int64_t columns,
                     float epsilon) {
  ColumnValues factors = columns_reduced<SumSquares>(x, x_stride, n, columns, nullptr);
  const Vec least_squares = splat(epsilon);
  map_row(factors.values, factors.values, kColumnTile,
          [=](Vec v) { return div(splat(1.0f), sqrt(max(least_squares, v))); });
  map_columns(x, x_stride, y, y_stride, n, columns, factors, factors, [](Vec v, Vec f, Vec) { return mul(v, f); });
}

void normalize_row(const float* x, float mean, float factor, const float* scale, int64_t scale_step, const float* shift,
                   int64_t shift_step, float* y, int64_t n) {
  const Vec middle = splat(mean), by = splat(factor), one_scale = splat(*scale), one_shift = splat(*shift);
  const auto normal = [=](Vec v, Vec a, Vec b) { return fma(mul(sub(v, middle), by), a, b); };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec a = scale_step == 0 ? one_scale : load(scale + i);
    const Vec b = shift_step == 0 ? one_shift : load(shift + i);
    store(y + i, normal(load(x + i), a, b));
  }
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    const Vec a = scale_step == 0 ? one_scale : load_first(scale + i, rest);
    const Vec b = shift_step == 0 ? one_shift : load_first(shift + i, rest);
    store_first(y + i, normal(load_first(x + i, rest), a, b), rest);
  }
}

/// In the order of the enums.
constexpr RowsKernels kRowsKernels = {
    {softmax_row, log_softmax_row, l2_norm_row},
    {softmax_columns, log_softmax_columns, l2_norm_columns},
    {reduce_row<Sum>, reduce_row<SumAbs>, reduce_row<SumSquares>, reduce_row<SumExp>, reduce_row<Largest>,
     reduce_row<Least>, product_row},
    {reduce_rows<reduce_row<Sum>>, reduce_rows<reduce_row<SumAbs>>, reduce_rows<reduce_row<SumSquares>>,
     reduce_rows<reduce_row<SumExp>>, reduce_rows<reduce_row<Largest>>, reduce_rows<reduce_row<Least>>,
     reduce_rows<product_row>},
    {reduce_columns<Sum>, reduce_columns<SumAbs>, reduce_columns<SumSquares>, reduce_columns<SumExp>,
     reduce_columns<Largest>, reduce_columns<Least>, reduce_columns<Product>},
    normalize_row,
};

}  // namespace
}  // namespace lacuna
