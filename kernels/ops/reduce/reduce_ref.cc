#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/op_host.h"

namespace lacuna {
namespace {

double reduce(fbs::ReduceKind kind, const std::vector<double>& x) {
  const auto sum = [&](auto f) {
    double total = 0;
    for (const double v : x) total += f(v);
    return total;
  };
  const auto identity = [](double v) { return v; };
  const auto square = [](double v) { return v * v; };
  switch (kind) {
    case fbs::ReduceKind::Mean:
      return sum(identity) / static_cast<double>(x.size());
    case fbs::ReduceKind::Max:
      return *std::max_element(x.begin(), x.end());
    case fbs::ReduceKind::Min:
      return *std::min_element(x.begin(), x.end());
    case fbs::ReduceKind::Sum:
      return sum(identity);
    case fbs::ReduceKind::Prod: {
      double product = 1;
      for (const double v : x) product *= v;
      return product;
    }
    case fbs::ReduceKind::L1:
      return sum([](double v) { return std::abs(v); });
    case fbs::ReduceKind::L2:
      return std::sqrt(sum(square));
    case fbs::ReduceKind::SumSquare:
      return sum(square);
    case fbs::ReduceKind::LogSum:
      return std::log(sum(identity));
    case fbs::ReduceKind::LogSumExp: {
      const double largest = *std::max_element(x.begin(), x.end());
      if (std::isinf(largest)) return largest;
      return largest + std::log(sum([&](double v) { return std::exp(v - largest); }));
    }
  }
  return 0;
}

}  // namespace

void reduce_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::ReduceAttrs>();
  const Tensor& x = args.input(0);
  const std::vector<uint32_t> axes = attrs.axes() == nullptr
                                         ? std::vector<uint32_t>()
                                         : std::vector<uint32_t>(attrs.axes()->begin(), attrs.axes()->end());
  std::vector<std::vector<double>> groups(args.output->f32.size());
  for (int64_t i = 0; i < count(x.shape); ++i) {
    int64_t rest = i, group = 0, step = 1;
    for (int d = x.shape.rank - 1; d >= 0; --d) {
      if (std::find(axes.begin(), axes.end(), static_cast<uint32_t>(d)) == axes.end()) {
        group += rest % x.shape[d] * step;
        step *= x.shape[d];
      }
      rest /= x.shape[d];
    }
    groups[static_cast<size_t>(group)].push_back(static_cast<double>(x.f32[static_cast<size_t>(i)]));
  }
  for (size_t i = 0; i < groups.size(); ++i) args.output->f32[i] = static_cast<float>(reduce(attrs.kind(), groups[i]));
}

}  // namespace lacuna
