#include "converter/ir/host_arithmetic.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace lacuna {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();

int64_t scalar_of(HostBinary function, int64_t a, int64_t b) {
  return host_binary(function, int_tensor({a}), int_tensor({b})).i64[0];
}

}  // namespace

TEST_CASE("integer division cuts towards zero, remainders follow the divisor or the dividend") {
  CHECK(scalar_of(HostBinary::kDiv, -7, 2) == -3);
  CHECK(scalar_of(HostBinary::kMod, -7, 2) == 1);
  CHECK(scalar_of(HostBinary::kMod, 7, -2) == -1);
  CHECK(scalar_of(HostBinary::kMod, -6, 2) == 0);
  CHECK(scalar_of(HostBinary::kFmod, -7, 2) == -1);
}

TEST_CASE("integer division by zero is an error, the lowest integer by -1 wraps") {
  CHECK_THROWS_AS(scalar_of(HostBinary::kDiv, 1, 0), Error);
  CHECK_THROWS_AS(scalar_of(HostBinary::kMod, 1, 0), Error);
  CHECK(scalar_of(HostBinary::kDiv, kLowest, -1) == kLowest);
  CHECK(scalar_of(HostBinary::kMod, kLowest, -1) == 0);
  CHECK(scalar_of(HostBinary::kMul, kLowest, -1) == kLowest);
  CHECK(host_unary(HostUnary::kAbs, int_tensor({kLowest, -3})).i64 == std::vector<int64_t>{kLowest, 3});
}

TEST_CASE("integer powers") {
  CHECK(scalar_of(HostBinary::kPow, 3, 4) == 81);
  CHECK(scalar_of(HostBinary::kPow, 2, -1) == 0);
  CHECK(scalar_of(HostBinary::kPow, -1, -3) == -1);
  CHECK(scalar_of(HostBinary::kPow, 5, 0) == 1);
}

TEST_CASE("operands broadcast by rank and by dimensions of 1") {
  const Tensor column(make_shape({2, 1}), std::vector<int64_t>{10, 20});
  const Tensor sum = host_binary(HostBinary::kAdd, column, int_tensor({1, 2, 3}));
  CHECK(sum.shape == make_shape({2, 3}));
  CHECK(sum.i64 == std::vector<int64_t>{11, 12, 13, 21, 22, 23});
  CHECK_THROWS_AS(host_binary(HostBinary::kAdd, int_tensor({1, 2}), int_tensor({1, 2, 3})), Error);
}

TEST_CASE("an empty operand makes an empty result") {
  CHECK(host_binary(HostBinary::kAdd, int_tensor({}), int_tensor({1})).shape == make_shape({0}));
}

TEST_CASE("comparisons of floats are false for NaN") {
  const Tensor x(make_shape({3}), std::vector<float>{1, 2, NAN});
  const Tensor y(make_shape({}), std::vector<float>{2});
  CHECK(host_binary(HostBinary::kLess, x, y).i64 == std::vector<int64_t>{1, 0, 0});
  CHECK(host_binary(HostBinary::kGreaterOrEqual, x, y).i64 == std::vector<int64_t>{0, 1, 0});
  CHECK_THROWS_AS(host_binary(HostBinary::kEqual, x, int_tensor({1})), Error);
}

TEST_CASE("where broadcasts all three operands") {
  const Tensor condition(make_shape({2, 1}), std::vector<int64_t>{1, 0});
  const Tensor result = host_where(condition, int_tensor({1, 2}), int_tensor({9}));
  CHECK(result.i64 == std::vector<int64_t>{1, 2, 9, 9});
}

TEST_CASE("casts cut towards zero and saturate") {
  const Tensor x(make_shape({5}), std::vector<float>{-1.9f, 1.9f, 1e30f, -INFINITY, NAN});
  CHECK(host_cast(x, ElementType::kI64).i64 ==
        std::vector<int64_t>{-1, 1, std::numeric_limits<int64_t>::max(), kLowest, 0});
  CHECK(host_to_bool(x).i64 == std::vector<int64_t>{1, 1, 1, 1, 1});
}

TEST_CASE("reductions drop or keep their dimensions") {
  const Tensor x(make_shape({2, 3}), std::vector<int64_t>{1, 2, 3, 4, 5, 7});
  CHECK(host_reduce(fbs::ReduceKind::Prod, x, {0, 1}, false).i64 == std::vector<int64_t>{840});
  const Tensor rows = host_reduce(fbs::ReduceKind::Max, x, {1}, true);
  CHECK(rows.shape == make_shape({2, 1}));
  CHECK(rows.i64 == std::vector<int64_t>{3, 7});
  CHECK(host_reduce(fbs::ReduceKind::Mean, x, {0}, false).i64 == std::vector<int64_t>{2, 3, 5});
  CHECK(host_reduce(fbs::ReduceKind::Prod, int_tensor({}), {0}, false).i64 == std::vector<int64_t>{1});
}

TEST_CASE("ranges end before the limit and may run down or be empty") {
  const auto range = [](int64_t start, int64_t limit, int64_t delta) {
    const int64_t n = host_range_count(int_tensor({start}), int_tensor({limit}), int_tensor({delta}));
    return host_range(int_tensor({start}), int_tensor({delta}), n).i64;
  };
  CHECK(range(1, 6, 2) == std::vector<int64_t>{1, 3, 5});
  CHECK(range(3, 0, -1) == std::vector<int64_t>{3, 2, 1});
  CHECK(range(3, 0, 1).empty());
  CHECK_THROWS_AS(range(0, 1, 0), Error);
  CHECK_THROWS_AS(range(0, int64_t{1} << 62, 1), Error);
}

}  // namespace lacuna
