#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

using fbs::NormKind;

/// `parameters`: 1 for a scale, 2 for a shift, 3 for both.
OpCase norm_case(std::mt19937& rng, const std::string& name, NormKind kind, int axis, const Shape& shape,
                 unsigned parameters = 3, float epsilon = 1e-5f) {
  fbs::NormalizeAttrsT attrs;
  attrs.kind = kind;
  attrs.axis = static_cast<uint32_t>(axis);
  attrs.epsilon = epsilon;
  Shape of_parameter;
  if (kind == NormKind::Instance) {
    of_parameter.push_back(shape[1]);
  } else {
    for (int i = axis; i < shape.rank; ++i) of_parameter.push_back(shape[i]);
  }
  std::vector<Tensor> inputs = {uniform_tensor(rng, shape, -2, 4)};
  if (kind != NormKind::L2) {
    for (const unsigned bit : {1u, 2u}) {
      inputs.push_back((parameters & bit) != 0 ? uniform_tensor(rng, of_parameter, -2, 2) : Tensor());
    }
  }
  return arithmetic_case(name, attrs, std::move(inputs), 5e-6);
}

}  // namespace

std::vector<OpCase> normalize_cases(std::mt19937& rng) {
  std::vector<OpCase> cases = {
      norm_case(rng, "layer_last_axis", NormKind::Layer, 2, make_shape({2, 5, 37})),
      norm_case(rng, "layer_scale_only", NormKind::Layer, 1, make_shape({4, 35}), 1),
      norm_case(rng, "layer_shift_only", NormKind::Layer, 1, make_shape({4, 35}), 2),
      norm_case(rng, "layer_plain", NormKind::Layer, 1, make_shape({4, 16}), 0),
      norm_case(rng, "layer_over_padded_planes", NormKind::Layer, 1, make_shape({2, 3, 5, 7})),
      norm_case(rng, "layer_over_everything", NormKind::Layer, 0, make_shape({2, 3, 5})),
      norm_case(rng, "layer_of_one_element", NormKind::Layer, 1, make_shape({3, 1})),
      norm_case(rng, "layer_rank_5", NormKind::Layer, 3, make_shape({2, 2, 3, 4, 5})),
      norm_case(rng, "layer_several_tasks", NormKind::Layer, 2, make_shape({1, 197, 96})),
      norm_case(rng, "instance", NormKind::Instance, 0, make_shape({2, 3, 5, 7})),
      norm_case(rng, "instance_plain", NormKind::Instance, 0, make_shape({2, 3, 5, 7}), 0),
      norm_case(rng, "instance_one_pixel", NormKind::Instance, 0, make_shape({2, 3, 1, 1})),
      norm_case(rng, "instance_of_rank_3", NormKind::Instance, 0, make_shape({1, 4, 19}), 2),
      norm_case(rng, "instance_several_tasks", NormKind::Instance, 0, make_shape({1, 4, 71, 73})),
      norm_case(rng, "l2_last_axis", NormKind::L2, 1, make_shape({3, 21})),
      norm_case(rng, "l2_channels", NormKind::L2, 1, make_shape({2, 5, 9, 11})),
      norm_case(rng, "l2_channels_of_one_pixel", NormKind::L2, 1, make_shape({1, 33, 1, 1})),
      norm_case(rng, "l2_batch", NormKind::L2, 0, make_shape({3, 2, 5, 7})),
      norm_case(rng, "l2_below_epsilon", NormKind::L2, 1, make_shape({2, 4}), 0, 1e4f),
  };
  OpCase large_mean = norm_case(rng, "layer_large_mean", NormKind::Layer, 1, make_shape({2, 300}), 0);
  for (float& x : large_mean.inputs[0].f32) x += 1000;
  large_mean.tolerance = 1e-4;  // what fp32 keeps of the mean
  cases.push_back(large_mean);
  OpCase zeros = norm_case(rng, "l2_of_zeros", NormKind::L2, 1, make_shape({2, 8}), 0, 1e-12f);
  for (float& x : zeros.inputs[0].f32) x = 0;
  cases.push_back(zeros);
  for (int i = 0; i < 8; ++i) {
    const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 3, 5)), 8);
    const auto kind = static_cast<NormKind>(random_int(rng, 0, 2));
    cases.push_back(norm_case(rng, "random_" + std::to_string(i), kind,
                              static_cast<int>(random_int(rng, 0, shape.rank - 1)), shape,
                              static_cast<unsigned>(random_int(rng, 0, 3)), 1e-2f));
  }
  return cases;
}

}  // namespace lacuna
