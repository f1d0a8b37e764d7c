#include <cmath>

#include "kernels/eltwise/unary_ref.h"
#include "kernels/op_host.h"

namespace lacuna {
namespace {

double apply(fbs::BinaryKind kind, double a, double b) {
  switch (kind) {
    case fbs::BinaryKind::Add:
      return a + b;
    case fbs::BinaryKind::Sub:
      return a - b;
    case fbs::BinaryKind::Mul:
      return a * b;
    case fbs::BinaryKind::Div:
      return a / b;
    case fbs::BinaryKind::Min:
      return std::isnan(a) || a < b ? a : b;
    case fbs::BinaryKind::Max:
      return std::isnan(a) || a > b ? a : b;
    case fbs::BinaryKind::Pow:
      return std::pow(a, b);
    case fbs::BinaryKind::Prelu:
      return a < 0 ? a * b : a;
    case fbs::BinaryKind::SquaredDifference:
      return (a - b) * (a - b);
    case fbs::BinaryKind::Mod:
      return std::fmod(a, b);
    case fbs::BinaryKind::Less:
      return a < b ? 1 : 0;
    case fbs::BinaryKind::LessOrEqual:
      return a <= b ? 1 : 0;
    case fbs::BinaryKind::Equal:
      return a == b ? 1 : 0;
    case fbs::BinaryKind::Mask:
      return a == 0 ? 0 : b;
  }
  return a;
}

/// The element of `tensor` that output element i is computed from.
double broadcast_element(const Tensor& tensor, const Shape& output, int64_t i) {
  int64_t at = 0, step = 1;
  for (int d = output.rank - 1, own = tensor.shape.rank - 1; own >= 0; --d, --own) {
    if (tensor.shape[own] != 1) at += i % output[d] * step;
    i /= output[d];
    step *= tensor.shape[own];
  }
  return static_cast<double>(tensor.f32[static_cast<size_t>(at)]);
}

}  // namespace

void binary_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::BinaryAttrs>();
  const Shape& shape = args.output->shape;
  for (int64_t i = 0; i < count(shape); ++i) {
    const double a = broadcast_element(args.input(0), shape, i);
    const double b = broadcast_element(args.input(1), shape, i);
    args.output->f32[static_cast<size_t>(i)] =
        static_cast<float>(activation_reference(attrs.activation(), apply(attrs.kind(), a, b)));
  }
}

}  // namespace lacuna
