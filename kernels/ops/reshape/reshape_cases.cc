#include <algorithm>

#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase reshape_case(std::mt19937& rng, const std::string& name, const Shape& from, const Shape& to) {
  fbs::ReshapeAttrsT attrs;
  attrs.shape = dims_of<uint32_t>(to);
  return mover_case(name, attrs, {random_tensor(rng, from)});
}

/// Both shapes have the same prime factors, put together at random.
OpCase random_case(std::mt19937& rng, int number) {
  Shape from;
  Shape to;
  from.rank = static_cast<int32_t>(random_int(rng, 1, 6));
  to.rank = static_cast<int32_t>(random_int(rng, 1, 6));
  std::fill_n(from.dims, from.rank, 1);
  std::fill_n(to.dims, to.rank, 1);
  for (const int64_t factor : {2, 2, 2, 3, 3, 5}) {
    from[static_cast<int>(random_int(rng, 0, from.rank - 1))] *= factor;
    to[static_cast<int>(random_int(rng, 0, to.rank - 1))] *= factor;
  }
  return reshape_case(rng, "random_" + std::to_string(number), from, to);
}

}  // namespace

std::vector<OpCase> reshape_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      reshape_case(rng, "one_element_to_rank_0", make_shape({1, 1}), Shape{}),
      reshape_case(rng, "rank_0_to_rank_8", Shape{}, make_shape({1, 1, 1, 1, 1, 1, 1, 1})),
      reshape_case(rng, "same_shape", make_shape({2, 3, 4, 5}), make_shape({2, 3, 4, 5})),
      reshape_case(rng, "flatten_planes", make_shape({1, 6, 5, 7}), make_shape({1, 210})),
      reshape_case(rng, "channels_that_divide_nothing", make_shape({1, 4, 3, 5}), make_shape({1, 6, 2, 5})),
      reshape_case(rng, "split_channels", make_shape({1, 6, 4, 4}), make_shape({1, 2, 3, 16})),
      reshape_case(rng, "insert_height_1", make_shape({2, 3, 9}), make_shape({2, 3, 1, 9})),
      reshape_case(rng, "several_tasks", make_shape({1, 30, 31, 33}), make_shape({1, 10, 93, 33})),
  };
  for (int i = 0; i < 8; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
