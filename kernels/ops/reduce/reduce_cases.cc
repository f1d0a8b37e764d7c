#include <limits>

#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

using fbs::ReduceKind;

OpCase reduce_case(const std::string& name, ReduceKind kind, std::vector<uint32_t> axes, bool keep_dims, Tensor x) {
  fbs::ReduceAttrsT attrs;
  attrs.kind = kind;
  attrs.axes = std::move(axes);
  attrs.keep_dims = keep_dims;
  return arithmetic_case(name, attrs, {std::move(x)}, 2e-6);
}

}  // namespace

std::vector<OpCase> reduce_cases(std::mt19937& rng) {
  std::vector<OpCase> cases;
  for (const ReduceKind kind : fbs::EnumValuesReduceKind()) {
    const std::string name = fbs::EnumNameReduceKind(kind);
    const float low = kind == ReduceKind::LogSum || kind == ReduceKind::Prod ? 0.5f : -3.0f;
    const float high = kind == ReduceKind::Prod ? 1.5f : 3.0f;
    const auto x = [&](const Shape& shape) { return uniform_tensor(rng, shape, low, high); };
    cases.push_back(reduce_case(name + "_planes", kind, {2, 3}, true, x(make_shape({2, 3, 5, 7}))));
    cases.push_back(reduce_case(name + "_last_axis", kind, {1}, false, x(make_shape({5, 37}))));
    cases.push_back(reduce_case(name + "_channels", kind, {1}, true, x(make_shape({2, 5, 9, 11}))));
    cases.push_back(reduce_case(name + "_batch_and_height", kind, {0, 2}, false, x(make_shape({3, 2, 4, 5}))));
  }
  const auto mean = [&](const std::string& name, std::vector<uint32_t> axes, bool keep, const Shape& shape) {
    cases.push_back(
        reduce_case("mean_" + name, ReduceKind::Mean, std::move(axes), keep, uniform_tensor(rng, shape, -1, 3)));
  };
  mean("of_rank_0", {}, false, Shape{});
  mean("without_axes", {}, true, make_shape({2, 3}));
  mean("of_everything", {0, 1, 2, 3}, false, make_shape({2, 3, 5, 7}));
  mean("of_one_element", {0}, false, make_shape({1}));
  mean("of_axes_of_size_1", {0, 2}, false, make_shape({1, 5, 1, 7}));
  mean("of_one_pixel", {2, 3}, true, make_shape({2, 19, 1, 1}));
  mean("of_channels_and_width", {1, 3}, true, make_shape({2, 3, 70, 5}));
  mean("rank_5", {1, 4}, false, make_shape({2, 3, 2, 3, 5}));
  mean("of_rank_8", {1, 3, 5, 7}, true, make_shape({2, 2, 2, 2, 2, 2, 2, 2}));
  mean("of_a_long_row", {0}, true, make_shape({100003}));
  mean("of_long_columns", {0}, false, make_shape({5000, 3}));
  mean("in_several_tasks", {2, 3}, true, make_shape({1, 9, 71, 73}));
  mean("of_columns_in_several_tasks", {1}, false, make_shape({1, 40, 31, 33}));
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  cases.push_back(reduce_case("log_sum_exp_of_large_values", ReduceKind::LogSumExp, {1}, false,
                              uniform_tensor(rng, make_shape({3, 9}), 900, 1000)));
  cases.push_back(reduce_case("log_sum_exp_of_infinities", ReduceKind::LogSumExp, {1}, false,
                              Tensor(make_shape({2, 2}), std::vector<float>{-kInfinity, -kInfinity, kInfinity, 0})));
  cases.push_back(reduce_case("largest_of_minus_infinity", ReduceKind::Max, {0}, false,
                              Tensor(make_shape({2, 2}), std::vector<float>{-kInfinity, 1, -kInfinity, -2})));
  for (int i = 0; i < 12; ++i) {
    const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 6)), 6);
    std::vector<uint32_t> axes;
    for (uint32_t d = 0; d < static_cast<uint32_t>(shape.rank); ++d) {
      if (random_int(rng, 0, 1) == 1) axes.push_back(d);
    }
    cases.push_back(reduce_case("random_" + std::to_string(i), static_cast<ReduceKind>(random_int(rng, 0, 9)), axes,
                                random_int(rng, 0, 1) == 1, uniform_tensor(rng, shape, 0.5f, 1.5f)));
  }
  return cases;
}

}  // namespace lacuna
