#include "converter/ir/host_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lacuna {

namespace {

/// Walks an output shape in row-major order and keeps the place inside one broadcast operand.
class BroadcastReader {
 public:
  BroadcastReader(const Shape& operand, const Shape& output) : output_(output) {
    const Shape strides = contiguous_strides(operand);
    strides_.rank = index_.rank = output.rank;
    for (int i = 0; i < operand.rank; ++i) {
      const int d = output.rank - operand.rank + i;
      strides_[d] = operand[i] == 1 ? 0 : strides[i];
    }
  }

  size_t place() const { return static_cast<size_t>(place_); }

  void next() {
    for (int d = output_.rank - 1; d >= 0; --d) {
      place_ += strides_[d];
      if (++index_[d] < output_[d]) return;
      place_ -= strides_[d] * output_[d];
      index_[d] = 0;
    }
  }

 private:
  Shape output_;
  Shape strides_;
  Shape index_;
  int64_t place_ = 0;
};

int64_t wrap(uint64_t x) { return static_cast<int64_t>(x); }

int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  uint64_t result = 1;
  uint64_t square = static_cast<uint64_t>(base);
  for (uint64_t bits = static_cast<uint64_t>(exponent); bits != 0; bits >>= 1) {
    if ((bits & 1) != 0) result *= square;
    square *= square;
  }
  return wrap(result);
}

int64_t integer_function(HostBinary function, int64_t a, int64_t b) {
  const auto ua = static_cast<uint64_t>(a);
  const auto ub = static_cast<uint64_t>(b);
  switch (function) {
    case HostBinary::kAdd:
      return wrap(ua + ub);
    case HostBinary::kSub:
      return wrap(ua - ub);
    case HostBinary::kMul:
      return wrap(ua * ub);
    case HostBinary::kDiv:
    case HostBinary::kMod:
    case HostBinary::kFmod: {
      if (b == 0) malformed("integer division by zero");
      if (b == -1) return function == HostBinary::kDiv ? wrap(0 - ua) : 0;
      if (function == HostBinary::kDiv) return a / b;
      const int64_t remainder = a % b;
      const bool adjust = function == HostBinary::kMod && remainder != 0 && (remainder < 0) != (b < 0);
      return adjust ? remainder + b : remainder;
    }
    case HostBinary::kMin:
      return std::min(a, b);
    case HostBinary::kMax:
      return std::max(a, b);
    case HostBinary::kPow:
      return integer_power(a, b);
    default:
      throw Error(ExitCode::kInternal, "no integer function");
  }
}

float float_function(HostBinary function, float a, float b) {
  switch (function) {
    case HostBinary::kAdd:
      return a + b;
    case HostBinary::kSub:
      return a - b;
    case HostBinary::kMul:
      return a * b;
    case HostBinary::kDiv:
      return a / b;
    case HostBinary::kMod: {
      const float remainder = std::fmod(a, b);
      return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
    }
    case HostBinary::kFmod:
      return std::fmod(a, b);
    case HostBinary::kMin:
      return std::min(a, b);
    case HostBinary::kMax:
      return std::max(a, b);
    case HostBinary::kPow:
      return std::pow(a, b);
    default:
      throw Error(ExitCode::kInternal, "no float function");
  }
}

template <class T>
bool truth(HostBinary function, T a, T b) {
  switch (function) {
    case HostBinary::kEqual:
      return a == b;
    case HostBinary::kLess:
      return a < b;
    case HostBinary::kLessOrEqual:
      return a <= b;
    case HostBinary::kGreater:
      return a > b;
    case HostBinary::kGreaterOrEqual:
      return a >= b;
    case HostBinary::kAnd:
      return a != 0 && b != 0;
    case HostBinary::kOr:
      return a != 0 || b != 0;
    case HostBinary::kXor:
      return (a != 0) != (b != 0);
    default:
      throw Error(ExitCode::kInternal, "no comparison");
  }
}

template <class In, class Out, class Function>
void apply_binary(const Tensor& a, const std::vector<In>& a_data, const Tensor& b, const std::vector<In>& b_data,
                  const Shape& shape, std::vector<Out>& out, Function function) {
  BroadcastReader at_a(a.shape, shape);
  BroadcastReader at_b(b.shape, shape);
  for (Out& element : out) {
    element = static_cast<Out>(function(a_data[at_a.place()], b_data[at_b.place()]));
    at_a.next();
    at_b.next();
  }
}

template <class T>
void select(const Tensor& condition, const Tensor& a, const std::vector<T>& a_data, const Tensor& b,
            const std::vector<T>& b_data, const Shape& shape, std::vector<T>& out) {
  BroadcastReader at_condition(condition.shape, shape);
  BroadcastReader at_a(a.shape, shape);
  BroadcastReader at_b(b.shape, shape);
  for (T& element : out) {
    element = condition.i64[at_condition.place()] != 0 ? a_data[at_a.place()] : b_data[at_b.place()];
    at_condition.next();
    at_a.next();
    at_b.next();
  }
}

template <class T>
T unary_function(HostUnary function, T x) {
  switch (function) {
    case HostUnary::kNeg:
      return static_cast<T>(0 - x);
    case HostUnary::kAbs:
      return x < 0 ? static_cast<T>(0 - x) : x;
    case HostUnary::kSign:
      return static_cast<T>((x > 0) - (x < 0));
    default:
      return static_cast<T>(x == 0);
  }
}

int64_t saturate(float x) {
  if (std::isnan(x)) return 0;
  if (x >= 9223372036854775808.0f) return std::numeric_limits<int64_t>::max();
  if (x < -9223372036854775808.0f) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(x);
}

int64_t combine(fbs::ReduceKind kind, int64_t a, int64_t b) {
  switch (kind) {
    case fbs::ReduceKind::Prod:
      return integer_function(HostBinary::kMul, a, b);
    case fbs::ReduceKind::Max:
      return std::max(a, b);
    case fbs::ReduceKind::Min:
      return std::min(a, b);
    default:
      return integer_function(HostBinary::kAdd, a, b);
  }
}

int64_t initial(fbs::ReduceKind kind) {
  switch (kind) {
    case fbs::ReduceKind::Prod:
      return 1;
    case fbs::ReduceKind::Max:
      return std::numeric_limits<int64_t>::min();
    case fbs::ReduceKind::Min:
      return std::numeric_limits<int64_t>::max();
    default:
      return 0;
  }
}

}  // namespace

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out;
  out.rank = std::max(a.rank, b.rank);
  for (int i = 0; i < out.rank; ++i) {
    const int ia = i - (out.rank - a.rank);
    const int ib = i - (out.rank - b.rank);
    const int64_t da = ia < 0 ? 1 : a[ia];
    const int64_t db = ib < 0 ? 1 : b[ib];
    if (da != db && da != 1 && db != 1) malformed("shapes " + to_string(a) + " and " + to_string(b) + " do not fit");
    out[i] = da == 1 ? db : da;
  }
  return out;
}

Tensor host_binary(HostBinary function, const Tensor& a, const Tensor& b) {
  if (a.type != b.type) malformed("operands have different element types");
  const Shape shape = broadcast_shape(a.shape, b.shape);
  const bool floats = a.type == ElementType::kF32;
  if (function >= HostBinary::kEqual) {
    Tensor out(ElementType::kI64, shape);
    const auto compare = [function](auto x, auto y) { return truth(function, x, y); };
    if (floats) {
      apply_binary(a, a.f32, b, b.f32, shape, out.i64, compare);
    } else {
      apply_binary(a, a.i64, b, b.i64, shape, out.i64, compare);
    }
    return out;
  }
  Tensor out(a.type, shape);
  if (floats) {
    apply_binary(a, a.f32, b, b.f32, shape, out.f32, [=](float x, float y) { return float_function(function, x, y); });
  } else {
    apply_binary(a, a.i64, b, b.i64, shape, out.i64,
                 [=](int64_t x, int64_t y) { return integer_function(function, x, y); });
  }
  return out;
}

Tensor host_unary(HostUnary function, const Tensor& x) {
  Tensor out = x;
  for (float& element : out.f32) element = unary_function(function, element);
  for (int64_t& element : out.i64) {
    const bool lowest = element == std::numeric_limits<int64_t>::min();  // its negative wraps to itself
    if (!lowest || function == HostUnary::kSign || function == HostUnary::kNot) {
      element = unary_function(function, element);
    }
  }
  return out;
}

Tensor host_where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (a.type != b.type) malformed("operands have different element types");
  if (condition.type != ElementType::kI64) malformed("the condition is not boolean");
  const Shape shape = broadcast_shape(condition.shape, broadcast_shape(a.shape, b.shape));
  Tensor out(a.type, shape);
  if (a.type == ElementType::kF32) {
    select(condition, a, a.f32, b, b.f32, shape, out.f32);
  } else {
    select(condition, a, a.i64, b, b.i64, shape, out.i64);
  }
  return out;
}

Tensor host_cast(const Tensor& x, ElementType type) {
  if (x.type == type) return x;
  Tensor out(type, x.shape);
  if (type == ElementType::kF32) {
    std::transform(x.i64.begin(), x.i64.end(), out.f32.begin(), [](int64_t v) { return static_cast<float>(v); });
  } else {
    std::transform(x.f32.begin(), x.f32.end(), out.i64.begin(), saturate);
  }
  return out;
}

Tensor host_to_bool(const Tensor& x) {
  Tensor out(ElementType::kI64, x.shape);
  if (x.type == ElementType::kF32) {
    std::transform(x.f32.begin(), x.f32.end(), out.i64.begin(), [](float v) { return v != 0; });
  } else {
    std::transform(x.i64.begin(), x.i64.end(), out.i64.begin(), [](int64_t v) { return v != 0; });
  }
  return out;
}

Tensor host_reduce(fbs::ReduceKind kind, const Tensor& x, const std::vector<uint32_t>& axes, bool keep_dims) {
  Shape kept = x.shape;
  int64_t group = 1;
  for (const uint32_t axis : axes) {
    group *= x.shape[static_cast<int>(axis)];
    kept[static_cast<int>(axis)] = 1;
  }
  Tensor out(ElementType::kI64, kept);
  std::fill(out.i64.begin(), out.i64.end(), initial(kind));
  BroadcastReader at_out(kept, x.shape);
  for (const int64_t element : x.i64) {
    int64_t& result = out.i64[at_out.place()];
    result = combine(kind, result, element);
    at_out.next();
  }
  if (kind == fbs::ReduceKind::Mean) {
    for (int64_t& element : out.i64) element /= std::max<int64_t>(group, 1);
  }
  if (keep_dims) return out;
  Shape shape;
  for (int d = 0; d < kept.rank; ++d) {
    if (std::find(axes.begin(), axes.end(), static_cast<uint32_t>(d)) == axes.end()) shape.push_back(kept[d]);
  }
  out.shape = shape;
  return out;
}

int64_t host_range_count(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  if (count(start.shape) != 1 || count(limit.shape) != 1 || count(delta.shape) != 1 || start.type != limit.type ||
      start.type != delta.type) {
    malformed("start, limit and delta must be scalars of one type");
  }
  const auto to_double = [](const Tensor& x) {
    return x.type == ElementType::kF32 ? static_cast<double>(x.f32[0]) : static_cast<double>(x.i64[0]);
  };
  const double n = std::ceil((to_double(limit) - to_double(start)) / to_double(delta));
  if (to_double(delta) == 0 || std::isnan(n)) malformed("delta is 0 or not a number");
  if (n >= std::numeric_limits<int32_t>::max()) malformed("a range of 2^31 elements or more");
  return static_cast<int64_t>(std::max(n, 0.0));
}

Tensor host_range(const Tensor& start, const Tensor& delta, int64_t n) {
  Tensor out(start.type, make_shape({n}));
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    if (start.type == ElementType::kF32) {
      out.f32[at] = start.f32[0] + static_cast<float>(i) * delta.f32[0];
    } else {
      out.i64[at] =
          wrap(static_cast<uint64_t>(start.i64[0]) + static_cast<uint64_t>(i) * static_cast<uint64_t>(delta.i64[0]));
    }
  }
  return out;
}

Tensor int_tensor(const std::vector<int64_t>& elements) {
  return Tensor(make_shape({static_cast<int64_t>(elements.size())}), elements);
}

}  // namespace lacuna
