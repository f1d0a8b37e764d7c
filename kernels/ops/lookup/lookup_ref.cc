#include <algorithm>
#include <cmath>

#include "kernels/op_host.h"

namespace lacuna {

void lookup_reference(const RefArgs& args) {
  const Tensor &table = args.input(0), &places = args.input(1);
  const int64_t rows = table.shape[0], row = count(table.shape) / rows;
  for (size_t i = 0; i < places.f32.size(); ++i) {
    const double number = std::isnan(places.f32[i]) ? 0 : std::trunc(static_cast<double>(places.f32[i]));
    const double from_start = number < 0 ? number + static_cast<double>(rows) : number;
    const auto place = static_cast<int64_t>(std::clamp(from_start, 0.0, static_cast<double>(rows - 1)));
    for (int64_t k = 0; k < row; ++k) {
      args.output->f32[i * static_cast<size_t>(row) + static_cast<size_t>(k)] =
          table.f32[static_cast<size_t>(place * row + k)];
    }
  }
}

}  // namespace lacuna
