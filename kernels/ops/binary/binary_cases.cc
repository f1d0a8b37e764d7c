#include <limits>

#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;

OpCase binary_case(const std::string& name, BinaryKind kind, Tensor a, Tensor b, fbs::Activation activation = {}) {
  fbs::BinaryAttrsT attrs;
  attrs.kind = kind;
  attrs.activation = activation;
  return arithmetic_case(name, attrs, {std::move(a), std::move(b)});
}

OpCase sum_case(std::mt19937& rng, const std::string& name, const Shape& a, const Shape& b,
                fbs::Activation activation = {}) {
  return binary_case(name, BinaryKind::Add, uniform_tensor(rng, a, -2, 2), uniform_tensor(rng, b, -2, 2), activation);
}

OpCase power_case(std::mt19937& rng, const std::string& name, float exponent, float low) {
  return binary_case(name, BinaryKind::Pow, uniform_tensor(rng, make_shape({1, 2, 19}), low, 3),
                     Tensor(Shape{}, std::vector<float>{exponent}));
}

/// Dimensions of size 1 in either operand, leading ones dropped.
OpCase random_case(std::mt19937& rng, int number) {
  const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 0, 6)), 6);
  Shape operands[2];
  for (Shape& operand : operands) {
    for (int i = shape.rank == 0 ? 0 : static_cast<int>(random_int(rng, 0, shape.rank)); i < shape.rank; ++i) {
      operand.push_back(random_int(rng, 0, 2) == 0 ? 1 : shape[i]);
    }
  }
  const auto kind = static_cast<BinaryKind>(random_int(rng, 0, static_cast<int>(BinaryKind::Max)));
  return binary_case("random_" + std::to_string(number), kind, uniform_tensor(rng, operands[0], 1, 2),
                     uniform_tensor(rng, operands[1], 1, 2), relu6());
}

}  // namespace

std::vector<OpCase> binary_cases(std::mt19937& rng) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Shape image = make_shape({2, 3, 5, 7});
  std::vector<OpCase> cases;
  for (const BinaryKind kind : fbs::EnumValuesBinaryKind()) {
    const std::string name = fbs::EnumNameBinaryKind(kind);
    const float low = kind == BinaryKind::Pow ? 0.1f : -3.0f;
    const auto b = [&](const Shape& shape) { return uniform_tensor(rng, shape, 0.5f, 3); };
    cases.push_back(binary_case(name + "_same_shape", kind, uniform_tensor(rng, image, low, 3), b(image)));
    cases.push_back(
        binary_case(name + "_by_channel", kind, uniform_tensor(rng, image, low, 3), b(make_shape({3, 1, 1}))));
    cases.push_back(binary_case(name + "_of_scalar", kind, uniform_tensor(rng, Shape{}, 1, 3), b(image)));
  }
  cases.push_back(sum_case(rng, "rank_0", Shape{}, Shape{}));
  cases.push_back(sum_case(rng, "one_element_of_rank_5", make_shape({1, 1, 1, 1, 1}), make_shape({1})));
  cases.push_back(sum_case(rng, "both_broadcast", make_shape({4, 1, 6, 1}), make_shape({3, 1, 5}), relu6()));
  cases.push_back(sum_case(rng, "column_by_row", make_shape({33, 1}), make_shape({1, 35})));
  cases.push_back(sum_case(rng, "last_dimension_of_b", make_shape({2, 9, 37}), make_shape({37})));
  cases.push_back(sum_case(rng, "batch_of_b", make_shape({1, 3, 4, 4}), make_shape({2, 1, 1, 1})));
  cases.push_back(sum_case(rng, "planes_of_one_pixel", make_shape({2, 17, 1, 1}), make_shape({1, 17, 1, 1})));
  cases.push_back(sum_case(rng, "squeeze_and_excite", make_shape({1, 8, 9, 9}), make_shape({1, 8, 1, 1})));
  cases.push_back(sum_case(rng, "alternating_dimensions_of_rank_8", make_shape({2, 1, 2, 1, 3, 1, 2, 1}),
                           make_shape({1, 2, 1, 3, 1, 2, 1, 3})));
  cases.push_back(sum_case(rng, "longer_than_an_activation_run", make_shape({1, 1, 71, 73}), make_shape({1}), relu6()));
  cases.push_back(sum_case(rng, "several_tasks", make_shape({1, 6, 71, 73}), make_shape({6, 1, 1}), relu6()));
  cases.push_back(power_case(rng, "squares", 2, -3));
  cases.push_back(power_case(rng, "cubes", 3, -3));
  cases.push_back(power_case(rng, "square_roots", 0.5f, 0));
  cases.push_back(power_case(rng, "inverses", -1, 0.1f));
  cases.push_back(power_case(rng, "exponent_1", 1, -3));
  cases.push_back(power_case(rng, "exponent_0", 0, -3));
  cases.push_back(power_case(rng, "odd_exponent_of_negative", 5, -3));
  cases.push_back(binary_case("root_of_negative_zero_and_infinity", BinaryKind::Pow,
                              Tensor(make_shape({3}), std::vector<float>{-0.0f, kInfinity, -kInfinity}),
                              Tensor(Shape{}, std::vector<float>{0.5f})));
  for (const BinaryKind kind : {BinaryKind::Less, BinaryKind::LessOrEqual, BinaryKind::Equal}) {
    const std::vector<float> some = {-1, 0, -0.0f, 2, kInfinity, -kInfinity, kNan, kInfinity, 5};
    cases.push_back(binary_case(std::string(fbs::EnumNameBinaryKind(kind)) + "_of_equals_and_extremes", kind,
                                Tensor(make_shape({9, 1}), some), Tensor(make_shape({9}), some)));
  }
  cases.push_back(binary_case(
      "Mask_hides_what_is_no_number", BinaryKind::Mask,
      Tensor(make_shape({9}), std::vector<float>{0, 1, 0, 1, -0.0f, 2, 0, 1, 0}),
      Tensor(make_shape({9}), std::vector<float>{kNan, kNan, kInfinity, -kInfinity, kNan, 3, -kInfinity, 0, 4})));
  for (const BinaryKind kind : {BinaryKind::Min, BinaryKind::Max, BinaryKind::Div}) {
    cases.push_back(binary_case(std::string(fbs::EnumNameBinaryKind(kind)) + "_of_nan_and_infinity", kind,
                                Tensor(make_shape({5}), std::vector<float>{kNan, 1, kInfinity, -kInfinity, 2}),
                                Tensor(make_shape({5}), std::vector<float>{1, kNan, 1, 1, 0})));
  }
  for (int i = 0; i < 20; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
