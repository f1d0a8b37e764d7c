#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase slice_case(std::mt19937& rng, const std::string& name, const Shape& shape, std::vector<int32_t> start,
                  std::vector<int32_t> step, std::vector<uint32_t> sizes) {
  fbs::SliceAttrsT attrs;
  attrs.start = std::move(start);
  attrs.step = std::move(step);
  attrs.sizes = std::move(sizes);
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

OpCase random_case(std::mt19937& rng, int number) {
  const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 6)), 7);
  std::vector<int32_t> start, step;
  std::vector<uint32_t> sizes;
  for (const int64_t dim : shape) {
    const int64_t first = random_int(rng, 0, dim - 1);
    const int64_t size = random_int(rng, 1, dim);
    // Any step from the first element to one that is inside.
    int64_t stride = random_int(rng, 0, dim - 1) - first;
    if (size > 1) stride /= size - 1;
    start.push_back(static_cast<int32_t>(first));
    step.push_back(static_cast<int32_t>(stride == 0 ? 1 : stride));
    sizes.push_back(static_cast<uint32_t>(stride == 0 ? 1 : size));
  }
  return slice_case(rng, "random_" + std::to_string(number), shape, start, step, sizes);
}

}  // namespace

std::vector<OpCase> slice_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      slice_case(rng, "rank_0", Shape{}, {}, {}, {}),
      slice_case(rng, "last_element", make_shape({9}), {8}, {1}, {1}),
      slice_case(rng, "whole", make_shape({1, 3, 4, 5}), {0, 0, 0, 0}, {1, 1, 1, 1}, {1, 3, 4, 5}),
      slice_case(rng, "reversed_to_element_0", make_shape({11}), {10}, {-1}, {11}),
      slice_case(rng, "negative_step_3_odd_size", make_shape({2, 10}), {1, 9}, {-1, -3}, {2, 4}),
      slice_case(rng, "step_beyond_the_end_for_one_element", make_shape({5}), {2}, {1000000000}, {1}),
      slice_case(rng, "channels_of_the_middle", make_shape({1, 8, 5, 5}), {0, 3, 0, 0}, {1, 1, 1, 1}, {1, 2, 5, 5}),
      slice_case(rng, "crop_of_planes", make_shape({1, 3, 7, 9}), {0, 0, 1, 2}, {1, 1, 1, 1}, {1, 3, 5, 6}),
      slice_case(rng, "every_second_pixel", make_shape({1, 2, 7, 7}), {0, 0, 1, 0}, {1, 1, 2, 2}, {1, 2, 3, 4}),
      slice_case(rng, "several_tasks", make_shape({1, 9, 64, 65}), {0, 1, 0, 0}, {1, 1, 1, 1}, {1, 8, 64, 64}),
  };
  for (int i = 0; i < 12; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
