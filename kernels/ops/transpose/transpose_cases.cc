#include <algorithm>

#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

OpCase transpose_case(std::mt19937& rng, const std::string& name, const Shape& shape, std::vector<uint32_t> perm) {
  fbs::TransposeAttrsT attrs;
  attrs.perm = std::move(perm);
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

OpCase random_case(std::mt19937& rng, int number) {
  const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 6)), 6);
  std::vector<uint32_t> perm;
  for (int i = 0; i < shape.rank; ++i) perm.push_back(static_cast<uint32_t>(i));
  std::shuffle(perm.begin(), perm.end(), rng);
  return transpose_case(rng, "random_" + std::to_string(number), shape, perm);
}

}  // namespace

std::vector<OpCase> transpose_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      transpose_case(rng, "rank_0", Shape{}, {}),
      transpose_case(rng, "rank_1", make_shape({7}), {0}),
      transpose_case(rng, "one_block", make_shape({8, 8}), {1, 0}),
      transpose_case(rng, "smaller_than_a_block", make_shape({3, 5}), {1, 0}),
      transpose_case(rng, "one_past_blocks", make_shape({17, 33}), {1, 0}),
      transpose_case(rng, "one_short_of_blocks", make_shape({31, 15}), {1, 0}),
      transpose_case(rng, "identity", make_shape({2, 3, 4}), {0, 1, 2}),
      transpose_case(rng, "only_size_1_moves", make_shape({1, 5, 1, 6}), {1, 0, 3, 2}),
      transpose_case(rng, "planar_to_channels_last", make_shape({2, 5, 6, 7}), {0, 2, 3, 1}),
      transpose_case(rng, "channels_last_to_planar", make_shape({2, 6, 7, 5}), {0, 3, 1, 2}),
      transpose_case(rng, "heads_keep_their_rows", make_shape({1, 10, 4, 16}), {0, 2, 1, 3}),
      transpose_case(rng, "channel_shuffle", make_shape({1, 2, 29, 28}), {0, 2, 1, 3}),
      transpose_case(rng, "rank_6_reversed", make_shape({2, 3, 2, 4, 3, 2}), {5, 4, 3, 2, 1, 0}),
      transpose_case(rng, "several_tasks", make_shape({1, 37, 30, 31}), {0, 2, 3, 1}),
  };
  for (int i = 0; i < 10; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
