#include <limits>

#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

OpCase softmax_case(const std::string& name, int64_t axis, Tensor x, bool log = false) {
  fbs::SoftmaxAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(axis);
  attrs.log = log;
  return arithmetic_case(name, attrs, {std::move(x)}, 2e-6);
}

}  // namespace

std::vector<OpCase> softmax_cases(std::mt19937& rng) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<OpCase> cases;
  for (const bool log : {false, true}) {
    const auto add = [&](const std::string& name, int64_t axis, const Shape& shape, float range = 5) {
      cases.push_back(softmax_case((log ? "log_" : "") + name, axis, uniform_tensor(rng, shape, -range, range), log));
    };
    add("last_axis_of_odd_length", 1, make_shape({3, 37}));
    add("last_axis_of_images", 3, make_shape({2, 3, 4, 5}));
    add("channels", 1, make_shape({2, 5, 9, 11}));
    add("batch", 0, make_shape({3, 2, 5, 7}));
    add("height", 2, make_shape({2, 3, 9, 70}));
    add("channels_of_one_pixel", 1, make_shape({2, 21, 1, 1}));
    add("axis_of_size_1", 1, make_shape({2, 1, 4, 4}));
    add("one_element", 0, make_shape({1}));
    add("wider_than_a_column_tile", 1, make_shape({1, 6, 131}));
    add("rank_5", 2, make_shape({2, 3, 4, 2, 3}));
    add("long_row", 0, make_shape({5003}));
    add("several_tasks_of_rows", 1, make_shape({300, 101}));
    add("several_tasks_of_columns", 1, make_shape({1, 21, 45, 47}));
    add("large_values", 1, make_shape({2, 19}), 3e4f);
    const float edge = log ? -1e4f : -kInfinity;
    cases.push_back(softmax_case(log ? "log_far_below" : "masked_with_minus_infinity", 1,
                                 Tensor(make_shape({2, 3}), std::vector<float>{1, edge, 2, edge, edge, 3}), log));
    for (int i = 0; i < 6; ++i) {
      const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 5)), 9);
      add("random_" + std::to_string(i), random_int(rng, 0, shape.rank - 1), shape);
    }
  }
  return cases;
}

}  // namespace lacuna
