#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase expand_case(std::mt19937& rng, const std::string& name, const Shape& from, const Shape& to) {
  fbs::ExpandAttrsT attrs;
  attrs.shape = dims_of<uint32_t>(to);
  return mover_case(name, attrs, {random_tensor(rng, from)});
}

OpCase random_case(std::mt19937& rng, int number) {
  const Shape whole = random_shape(rng, static_cast<int>(random_int(rng, 1, 6)), 5);
  Shape from;
  Shape to = whole;
  for (int i = static_cast<int>(random_int(rng, 0, whole.rank)); i < whole.rank; ++i) {
    from.push_back(random_int(rng, 0, 1) == 0 ? 1 : whole[i]);
    if (from[from.rank - 1] == whole[i] && random_int(rng, 0, 1) == 0) to[i] = 1;
  }
  return expand_case(rng, "random_" + std::to_string(number), from, to);
}

}  // namespace

std::vector<OpCase> expand_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      expand_case(rng, "rank_0_to_rank_2", Shape{}, make_shape({3, 4})),
      expand_case(rng, "same_shape", make_shape({2, 3}), make_shape({2, 3})),
      expand_case(rng, "shape_of_lower_rank", make_shape({2, 3, 4}), make_shape({4})),
      expand_case(rng, "shape_of_ones", make_shape({2, 3, 4}), make_shape({1, 1, 1})),
      expand_case(rng, "both_sides_broadcast", make_shape({3, 1}), make_shape({1, 5})),
      expand_case(rng, "one_pixel_to_planes", make_shape({1, 6, 1, 1}), make_shape({1, 6, 5, 7})),
      expand_case(rng, "innermost_only", make_shape({4, 1}), make_shape({4, 9})),
      expand_case(rng, "outermost_only", make_shape({1, 9}), make_shape({4, 9})),
      expand_case(rng, "rank_6", make_shape({2, 1, 3, 1, 2, 1}), make_shape({2, 2, 3, 3, 2, 2})),
      expand_case(rng, "several_tasks", make_shape({1, 1, 70, 70}), make_shape({1, 6, 70, 70})),
  };
  for (int i = 0; i < 8; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
