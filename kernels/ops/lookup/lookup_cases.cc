#include <limits>

#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase lookup_case(std::mt19937& rng, const std::string& name, const Shape& table, const Shape& shape,
                   const std::vector<float>& places) {
  return mover_case(name, fbs::LookupAttrsT(), {random_tensor(rng, table), Tensor(shape, places)});
}

OpCase random_case(std::mt19937& rng, const std::string& name, const Shape& table, const Shape& shape) {
  std::vector<float> places(static_cast<size_t>(count(shape)));
  for (float& place : places) place = static_cast<float>(random_int(rng, -table[0], table[0] - 1));
  return lookup_case(rng, name, table, shape, places);
}

}  // namespace

std::vector<OpCase> lookup_cases(std::mt19937& rng) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  std::vector<OpCase> cases = {
      lookup_case(rng, "one_row", make_shape({5, 3}), Shape{}, {4}),
      lookup_case(rng, "numbers_of_a_vector", make_shape({7}), make_shape({2, 2}), {6, 0, 3, 3}),
      lookup_case(rng, "from_the_end", make_shape({5, 3}), make_shape({3}), {-1, -5, -3}),
      lookup_case(rng, "cut_towards_zero", make_shape({5, 3}), make_shape({4}), {1.9f, -0.5f, -1.9f, 0.1f}),
      lookup_case(rng, "outside_of_the_table", make_shape({5, 3}), make_shape({8}),
                  {5, -6, 1e9f, -1e9f, kInfinity, -kInfinity, kNan, 3e38f}),
      lookup_case(rng, "table_of_one_row", make_shape({1, 2}), make_shape({4}), {0, 1, -1, -2}),
      random_case(rng, "several_tasks", make_shape({50, 70}), make_shape({2, 300})),
  };
  for (int i = 0; i < 8; ++i) {
    const Shape table = random_shape(rng, static_cast<int>(random_int(rng, 1, 4)), 6);
    const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 0, 3)), 4);
    cases.push_back(random_case(rng, "random_" + std::to_string(i), table, shape));
  }
  return cases;
}

}  // namespace lacuna
