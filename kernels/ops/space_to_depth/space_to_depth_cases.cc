#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase space_to_depth_case(std::mt19937& rng, const std::string& name, const Shape& shape, uint32_t block) {
  fbs::SpaceToDepthAttrsT attrs;
  attrs.block = block;
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

}  // namespace

std::vector<OpCase> space_to_depth_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      space_to_depth_case(rng, "block_1", make_shape({1, 3, 4, 5}), 1),
      space_to_depth_case(rng, "to_one_pixel", make_shape({1, 2, 3, 3}), 3),
      space_to_depth_case(rng, "block_2_odd_result", make_shape({2, 3, 10, 14}), 2),
      space_to_depth_case(rng, "several_tasks", make_shape({1, 8, 58, 62}), 2),
  };
  for (int i = 0; i < 6; ++i) {
    const int64_t block = random_int(rng, 1, 4);
    Shape shape = random_shape(rng, 4, 5);
    shape[2] *= block;
    shape[3] *= block;
    cases.push_back(space_to_depth_case(rng, "random_" + std::to_string(i), shape, static_cast<uint32_t>(block)));
  }
  return cases;
}

}  // namespace lacuna
