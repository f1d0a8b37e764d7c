#include "kernels/eltwise/unary_ref.h"

#include <algorithm>
#include <cmath>

#include "converter/ir/error.h"

namespace lacuna {
namespace {

/// Keeps NaN.
double clamp(double x, double low, double high) {
  if (x < low) x = low;
  return x > high ? high : x;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace

double unary_reference(fbs::UnaryKind kind, double alpha, double beta, double x) {
  constexpr double kPi = 3.14159265358979323846;
  switch (kind) {
    case fbs::UnaryKind::Identity:
      return x;
    case fbs::UnaryKind::Clamp:
      return clamp(x, alpha, beta);
    case fbs::UnaryKind::LeakyRelu:
      return x < 0 ? alpha * x : x;
    case fbs::UnaryKind::Elu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case fbs::UnaryKind::Selu:
      return beta * (x < 0 ? alpha * std::expm1(x) : x);
    case fbs::UnaryKind::Celu:
      return std::max(0.0, x) + std::min(0.0, alpha * std::expm1(x / alpha));
    case fbs::UnaryKind::Sigmoid:
      return sigmoid(x);
    case fbs::UnaryKind::Tanh:
      return std::tanh(x);
    case fbs::UnaryKind::HardSigmoid:
      return clamp(alpha * x + beta, 0, 1);
    case fbs::UnaryKind::HardSwish:
      return x * clamp(x / 6 + 0.5, 0, 1);
    case fbs::UnaryKind::Silu:
      return x * sigmoid((alpha == 0 ? 1 : alpha) * x);
    case fbs::UnaryKind::Mish:
      return x * std::tanh(softplus(x));
    case fbs::UnaryKind::Gelu:
      return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case fbs::UnaryKind::GeluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / kPi) * (x + 0.044715 * x * x * x)));
    case fbs::UnaryKind::Erf:
      return std::erf(x);
    case fbs::UnaryKind::Softplus:
      return softplus(x);
    case fbs::UnaryKind::Softsign:
      return x / (1 + std::abs(x));
    case fbs::UnaryKind::ThresholdedRelu:
      return x > alpha ? x : 0;
    case fbs::UnaryKind::Sqrt:
      return std::sqrt(x);
    case fbs::UnaryKind::Rsqrt:
      return 1 / std::sqrt(x);
    case fbs::UnaryKind::Reciprocal:
      return 1 / x;
    case fbs::UnaryKind::Square:
      return x * x;
    case fbs::UnaryKind::Exp:
      return std::exp(x);
    case fbs::UnaryKind::Log:
      return std::log(x);
    case fbs::UnaryKind::Abs:
      return std::abs(x);
    case fbs::UnaryKind::Neg:
      return -x;
    case fbs::UnaryKind::Sign:
      return x > 0 ? 1 : x < 0 ? -1 : x;
    case fbs::UnaryKind::Floor:
      return std::floor(x);
    case fbs::UnaryKind::Ceil:
      return std::ceil(x);
    case fbs::UnaryKind::Round:
      return std::nearbyint(x);
    case fbs::UnaryKind::Sin:
      return std::sin(x);
    case fbs::UnaryKind::Cos:
      return std::cos(x);
  }
  throw Error(ExitCode::kInternal, "unary function without a reference");
}

double activation_reference(const fbs::Activation* activation, double x) {
  if (activation == nullptr) return x;
  return unary_reference(activation->kind(), activation->alpha(), activation->beta(), x);
}

}  // namespace lacuna
