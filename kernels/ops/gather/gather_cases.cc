#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase gather_case(std::mt19937& rng, const std::string& name, const Shape& shape, int axis, const Shape& index_shape,
                   std::vector<uint32_t> indices) {
  fbs::GatherAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(axis);
  attrs.index_shape = dims_of<uint32_t>(index_shape);
  attrs.indices = std::move(indices);
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

OpCase random_case(std::mt19937& rng, const std::string& name, const Shape& shape, int axis, const Shape& index_shape) {
  std::vector<uint32_t> indices(static_cast<size_t>(count(index_shape)));
  for (uint32_t& index : indices) index = static_cast<uint32_t>(random_int(rng, 0, shape[axis] - 1));
  return gather_case(rng, name, shape, axis, index_shape, indices);
}

}  // namespace

std::vector<OpCase> gather_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      gather_case(rng, "one_element_of_a_vector", make_shape({5}), 0, Shape{}, {4}),
      gather_case(rng, "scalar_index_drops_the_axis", make_shape({3, 4, 5}), 1, Shape{}, {3}),
      gather_case(rng, "last_index_first", make_shape({4, 6}), 0, make_shape({2}), {3, 0}),
      gather_case(rng, "repeated_index", make_shape({1, 3, 4, 4}), 1, make_shape({4}), {2, 2, 0, 2}),
      gather_case(rng, "indices_of_rank_2", make_shape({5, 3}), 0, make_shape({2, 2}), {4, 1, 0, 4}),
      gather_case(rng, "innermost_axis", make_shape({3, 7}), 1, make_shape({3}), {6, 0, 3}),
      random_case(rng, "to_rank_8", make_shape({2, 3, 2, 2, 2}), 1, make_shape({2, 1, 2, 2})),
      random_case(rng, "several_tasks", make_shape({50, 40, 9}), 0, make_shape({80})),
  };
  for (int i = 0; i < 8; ++i) {
    const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 5)), 6);
    const Shape index_shape = random_shape(rng, static_cast<int>(random_int(rng, 0, 3)), 3);
    const auto axis = static_cast<int>(random_int(rng, 0, shape.rank - 1));
    cases.push_back(random_case(rng, "random_" + std::to_string(i), shape, axis, index_shape));
  }
  return cases;
}

}  // namespace lacuna
