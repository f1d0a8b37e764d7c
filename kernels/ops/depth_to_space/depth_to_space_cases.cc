#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase depth_to_space_case(std::mt19937& rng, const std::string& name, const Shape& shape, uint32_t block,
                           bool channel_first) {
  fbs::DepthToSpaceAttrsT attrs;
  attrs.block = block;
  attrs.channel_first = channel_first;
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

}  // namespace

std::vector<OpCase> depth_to_space_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      depth_to_space_case(rng, "block_1", make_shape({1, 3, 4, 5}), 1, false),
      depth_to_space_case(rng, "one_pixel", make_shape({1, 4, 1, 1}), 2, true),
      depth_to_space_case(rng, "one_output_channel", make_shape({1, 9, 3, 5}), 3, false),
      depth_to_space_case(rng, "depth_first_block_2", make_shape({2, 12, 5, 7}), 2, false),
      depth_to_space_case(rng, "channel_first_block_2", make_shape({2, 12, 5, 7}), 2, true),
      depth_to_space_case(rng, "several_tasks", make_shape({1, 32, 29, 31}), 2, true),
  };
  for (int i = 0; i < 6; ++i) {
    const int64_t block = random_int(rng, 1, 4);
    Shape shape = random_shape(rng, 4, 6);
    shape[1] *= block * block;
    cases.push_back(depth_to_space_case(rng, "random_" + std::to_string(i), shape, static_cast<uint32_t>(block),
                                        random_int(rng, 0, 1) != 0));
  }
  return cases;
}

}  // namespace lacuna
