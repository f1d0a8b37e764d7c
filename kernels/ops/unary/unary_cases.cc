#include <limits>

#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

OpCase unary_case(const std::string& name, fbs::Activation function, Tensor x) {
  fbs::UnaryAttrsT attrs;
  attrs.function = function;
  return arithmetic_case(name, attrs, {std::move(x)});
}

/// Parameters with which a kind is not trivial.
fbs::Activation usual(fbs::UnaryKind kind) {
  switch (kind) {
    case fbs::UnaryKind::Clamp:
      return relu6();
    case fbs::UnaryKind::HardSigmoid:
      return {kind, 0.2f, 0.5f};
    case fbs::UnaryKind::Selu:
      return {kind, 1.6732632f, 1.0507010f};
    default:
      return {kind, 0.75f, 0.0f};
  }
}

bool wants_positive(fbs::UnaryKind kind) {
  return kind == fbs::UnaryKind::Sqrt || kind == fbs::UnaryKind::Rsqrt || kind == fbs::UnaryKind::Reciprocal ||
         kind == fbs::UnaryKind::Log;
}

}  // namespace

std::vector<OpCase> unary_cases(std::mt19937& rng) {
  using fbs::UnaryKind;
  std::vector<OpCase> cases;
  for (const UnaryKind kind : fbs::EnumValuesUnaryKind()) {
    const std::string name = fbs::EnumNameUnaryKind(kind);
    const float low = wants_positive(kind) ? 0.05f : -8.0f;
    cases.push_back(
        unary_case(name + "_odd_planes", usual(kind), uniform_tensor(rng, make_shape({2, 3, 5, 7}), low, 8)));
    cases.push_back(
        unary_case(name + "_of_0", usual(kind), Tensor(make_shape({3}), std::vector<float>{0.0f, -0.0f, 1.0f})));
  }
  const Tensor edges(make_shape({1, 8}),
                     std::vector<float>{-kInfinity, kInfinity, -1e30f, 1e30f, 1e-30f, -1e-30f, 100, -100});
  for (const UnaryKind kind :
       {UnaryKind::Clamp, UnaryKind::LeakyRelu, UnaryKind::Elu, UnaryKind::Sigmoid, UnaryKind::Tanh,
        UnaryKind::HardSigmoid, UnaryKind::Erf, UnaryKind::Exp, UnaryKind::Log, UnaryKind::Abs, UnaryKind::Sign,
        UnaryKind::Sqrt, UnaryKind::Softplus, UnaryKind::Floor}) {
    cases.push_back(unary_case(std::string(fbs::EnumNameUnaryKind(kind)) + "_extremes", usual(kind), edges));
  }
  const Tensor nan(make_shape({2}), std::vector<float>{std::numeric_limits<float>::quiet_NaN(), 1.0f});
  for (const UnaryKind kind : {UnaryKind::Clamp, UnaryKind::Sigmoid, UnaryKind::Tanh, UnaryKind::Exp, UnaryKind::Log,
                               UnaryKind::Gelu, UnaryKind::HardSwish}) {
    cases.push_back(unary_case(std::string(fbs::EnumNameUnaryKind(kind)) + "_of_nan", usual(kind), nan));
  }
  cases.push_back(unary_case("relu_without_upper_bound", {UnaryKind::Clamp, 0.0f, kInfinity},
                             uniform_tensor(rng, make_shape({1, 4, 9}), -9, 9)));
  cases.push_back(unary_case("silu_alpha_0_counts_as_1", {UnaryKind::Silu, 0.0f, 0.0f},
                             uniform_tensor(rng, make_shape({17}), -9, 9)));
  cases.push_back(
      unary_case("celu_negative_alpha", {UnaryKind::Celu, -1.5f, 0.0f}, uniform_tensor(rng, make_shape({31}), -3, 3)));
  cases.push_back(unary_case("round_halves_to_even", {UnaryKind::Round, 0, 0},
                             Tensor(make_shape({6}), std::vector<float>{-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f})));
  cases.push_back(unary_case("rank_0", usual(UnaryKind::Exp), uniform_tensor(rng, Shape{}, -1, 1)));
  cases.push_back(
      unary_case("planes_of_one_pixel", usual(UnaryKind::Tanh), uniform_tensor(rng, make_shape({2, 19, 1, 1}), -1, 1)));
  cases.push_back(
      unary_case("rank_5", usual(UnaryKind::Sigmoid), uniform_tensor(rng, make_shape({2, 3, 2, 3, 5}), -5, 5)));
  cases.push_back(
      unary_case("several_tasks", usual(UnaryKind::HardSwish), uniform_tensor(rng, make_shape({1, 7, 61, 67}), -5, 5)));
  return cases;
}

}  // namespace lacuna
