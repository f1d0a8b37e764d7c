#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase tile_case(std::mt19937& rng, const std::string& name, const Shape& shape, const Shape& repeats) {
  fbs::TileAttrsT attrs;
  attrs.repeats = dims_of<uint32_t>(repeats);
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

}  // namespace

std::vector<OpCase> tile_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      tile_case(rng, "rank_0", Shape{}, Shape{}),
      tile_case(rng, "once", make_shape({2, 3}), make_shape({1, 1})),
      tile_case(rng, "one_element", make_shape({1}), make_shape({17})),
      tile_case(rng, "innermost", make_shape({3, 5}), make_shape({1, 3})),
      tile_case(rng, "outermost", make_shape({3, 5}), make_shape({4, 1})),
      tile_case(rng, "channels_and_rows", make_shape({1, 3, 4, 5}), make_shape({1, 2, 3, 1})),
      tile_case(rng, "every_dimension_of_rank_8", make_shape({2, 1, 2, 1, 2, 1, 2, 1}),
                make_shape({2, 2, 2, 2, 2, 2, 2, 2})),
      tile_case(rng, "several_tasks", make_shape({1, 5, 41, 43}), make_shape({2, 1, 2, 1})),
  };
  for (int i = 0; i < 8; ++i) {
    const auto rank = static_cast<int>(random_int(rng, 1, 6));
    const Shape shape = random_shape(rng, rank, 5);
    cases.push_back(tile_case(rng, "random_" + std::to_string(i), shape, random_shape(rng, rank, 3)));
  }
  return cases;
}

}  // namespace lacuna
