#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

OpCase affine_case(std::mt19937& rng, const std::string& name, const Shape& shape, fbs::Activation activation = {}) {
  fbs::AffineAttrsT attrs;
  attrs.activation = activation;
  const Shape channels = make_shape({shape[1]});
  OpCase op_case = arithmetic_case(
      name, attrs,
      {uniform_tensor(rng, shape, -4, 4), uniform_tensor(rng, channels, -2, 2), uniform_tensor(rng, channels, -1, 1)});
  op_case.constant = {false, true, true};
  return op_case;
}

}  // namespace

std::vector<OpCase> affine_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      affine_case(rng, "one_element", make_shape({1, 1})),
      affine_case(rng, "rank_2_odd_channels", make_shape({3, 21})),
      affine_case(rng, "planes_of_one_pixel", make_shape({2, 33, 1, 1}), relu6()),
      affine_case(rng, "odd_planes", make_shape({2, 3, 5, 7}), relu6()),
      affine_case(rng, "one_channel", make_shape({2, 1, 4, 4})),
      affine_case(rng, "rank_5", make_shape({1, 3, 2, 3, 5}), {fbs::UnaryKind::Silu, 1, 0}),
      affine_case(rng, "several_tasks", make_shape({1, 5, 80, 83}), relu6()),
  };
  for (int i = 0; i < 6; ++i) {
    cases.push_back(
        affine_case(rng, "random_" + std::to_string(i), random_shape(rng, static_cast<int>(random_int(rng, 2, 5)), 9)));
  }
  return cases;
}

}  // namespace lacuna
