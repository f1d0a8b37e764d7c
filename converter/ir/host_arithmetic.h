// Arithmetic on constant tensors for what has no operator on the device: integers, comparisons, selection, ranges.
// Importers fold shape computations with it.
#pragma once

#include <string>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// Functions of two broadcast operands of one element type. Comparisons and logic give i64 0 or 1.
enum class HostBinary : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,   ///< integers: towards zero
  kMod,   ///< sign of the divisor
  kFmod,  ///< sign of the dividend
  kMin,
  kMax,
  kPow,
  kEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kAnd,
  kOr,
  kXor,
};

enum class HostUnary : uint8_t { kNeg, kAbs, kSign, kNot };

/// The common shape of two operands by the rules of NumPy. Throws Error(kMalformed) when there is none.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// Throws Error(kMalformed) for shapes that do not broadcast, unequal types and integer division by zero. Integers
/// wrap.
Tensor host_binary(HostBinary function, const Tensor& a, const Tensor& b);
Tensor host_unary(HostUnary function, const Tensor& x);

/// condition != 0 ? a : b, all broadcast. `a` and `b` have one type, `condition` is i64.
Tensor host_where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// Floats are cut towards zero and saturate; NaN becomes 0.
Tensor host_cast(const Tensor& x, ElementType type);
/// x != 0 as i64.
Tensor host_to_bool(const Tensor& x);

/// Sum, Prod, Min, Max or Mean of integers. `axes` are in range and sorted; `x` is not empty for Min, Max and Mean.
Tensor host_reduce(fbs::ReduceKind kind, const Tensor& x, const std::vector<uint32_t>& axes, bool keep_dims);

/// start, start + delta, ... before limit. Scalars of one type. Throws Error(kMalformed) for delta 0.
int64_t host_range_count(const Tensor& start, const Tensor& limit, const Tensor& delta);
Tensor host_range(const Tensor& start, const Tensor& delta, int64_t n);

/// 1-D i64 tensor.
Tensor int_tensor(const std::vector<int64_t>& elements);

}  // namespace lacuna
