#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

/// Inputs of `shape` but for the axis, where they have `parts` elements.
OpCase concat_case(std::mt19937& rng, const std::string& name, const Shape& shape, int axis,
                   const std::vector<int64_t>& parts) {
  fbs::ConcatAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(axis);
  std::vector<Tensor> inputs;
  for (const int64_t part : parts) {
    Shape input = shape;
    input[axis] = part;
    inputs.push_back(random_tensor(rng, input));
  }
  return mover_case(name, attrs, std::move(inputs));
}

OpCase random_case(std::mt19937& rng, int number) {
  const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 6)), 5);
  std::vector<int64_t> parts(static_cast<size_t>(random_int(rng, 1, 5)));
  for (int64_t& part : parts) part = random_int(rng, 1, 6);
  const auto axis = static_cast<int>(random_int(rng, 0, shape.rank - 1));
  return concat_case(rng, "random_" + std::to_string(number), shape, axis, parts);
}

}  // namespace

std::vector<OpCase> concat_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      concat_case(rng, "one_input", make_shape({1, 3, 4, 5}), 1, {3}),
      concat_case(rng, "one_element_each", make_shape({1}), 0, {1, 1, 1}),
      concat_case(rng, "channels", make_shape({1, 1, 5, 7}), 1, {3, 1, 8}),
      concat_case(rng, "channels_of_a_batch", make_shape({3, 1, 3, 3}), 1, {2, 5}),
      concat_case(rng, "batch", make_shape({1, 2, 3, 5}), 0, {1, 2}),
      concat_case(rng, "innermost", make_shape({2, 3, 4}), 2, {1, 7, 2}),
      concat_case(rng, "rank_6", make_shape({2, 1, 2, 3, 2, 2}), 3, {1, 2}),
      concat_case(rng, "several_tasks_one_large_input", make_shape({1, 1, 64, 64}), 1, {10, 1, 1}),
      concat_case(rng, "several_tasks_many_small_inputs", make_shape({1, 1, 40, 40}), 1, {2, 3, 4, 3, 2, 4, 3}),
  };
  for (int i = 0; i < 8; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
