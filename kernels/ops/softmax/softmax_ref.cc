#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/op_host.h"

namespace lacuna {

void softmax_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::SoftmaxAttrs>();
  const Tensor& x = args.input(0);
  const auto axis = static_cast<int>(attrs.axis());
  const int64_t n = x.shape[axis], inner = count(x.shape, axis + 1, x.shape.rank);
  for (int64_t row = 0; row < count(x.shape) / n; ++row) {
    const int64_t first = row / inner * n * inner + row % inner;
    const auto at = [&](int64_t i) { return static_cast<size_t>(first + i * inner); };
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < n; ++i) largest = std::max(largest, static_cast<double>(x.f32[at(i)]));
    for (int64_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x.f32[at(i)]) - largest);
    for (int64_t i = 0; i < n; ++i) {
      const double d = static_cast<double>(x.f32[at(i)]) - largest;
      args.output->f32[at(i)] = static_cast<float>(attrs.log() ? d - std::log(sum) : std::exp(d) / sum);
    }
  }
}

}  // namespace lacuna
