#include <algorithm>
#include <cmath>

#include "kernels/op_host.h"

namespace lacuna {
namespace {

void l2_norm(const fbs::NormalizeAttrs& attrs, const Tensor& x, Tensor* y) {
  const auto axis = static_cast<int>(attrs.axis());
  const int64_t n = x.shape[axis], inner = count(x.shape, axis + 1, x.shape.rank);
  for (int64_t row = 0; row < count(x.shape) / n; ++row) {
    const int64_t first = row / inner * n * inner + row % inner;
    const auto at = [&](int64_t i) { return static_cast<size_t>(first + i * inner); };
    double squares = 0;
    for (int64_t i = 0; i < n; ++i) squares += std::pow(static_cast<double>(x.f32[at(i)]), 2);
    const double norm = std::sqrt(std::max(squares, static_cast<double>(attrs.epsilon())));
    for (int64_t i = 0; i < n; ++i) y->f32[at(i)] = static_cast<float>(static_cast<double>(x.f32[at(i)]) / norm);
  }
}

}  // namespace

void normalize_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::NormalizeAttrs>();
  const Tensor& x = args.input(0);
  if (attrs.kind() == fbs::NormKind::L2) return l2_norm(attrs, x, args.output);
  const bool instance = attrs.kind() == fbs::NormKind::Instance;
  const int64_t n = count(x.shape, instance ? 2 : static_cast<int>(attrs.axis()), x.shape.rank);
  for (int64_t group = 0; group < count(x.shape) / n; ++group) {
    const auto at = [&](int64_t i) { return static_cast<size_t>(group * n + i); };
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < n; ++i) mean += static_cast<double>(x.f32[at(i)]) / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      variance += std::pow(static_cast<double>(x.f32[at(i)]) - mean, 2) / static_cast<double>(n);
    }
    for (int64_t i = 0; i < n; ++i) {
      const auto parameter = static_cast<size_t>(instance ? group % x.shape[1] : i);
      double y =
          (static_cast<double>(x.f32[at(i)]) - mean) / std::sqrt(variance + static_cast<double>(attrs.epsilon()));
      if (args.has_input(1)) y *= static_cast<double>(args.input(1).f32[parameter]);
      if (args.has_input(2)) y += static_cast<double>(args.input(2).f32[parameter]);
      args.output->f32[at(i)] = static_cast<float>(y);
    }
  }
}

}  // namespace lacuna
