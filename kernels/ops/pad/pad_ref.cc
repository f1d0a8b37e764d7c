#include <algorithm>

#include "kernels/copy/reference.h"

namespace lacuna {
namespace {

/// Brings index i, counted from the first of n elements, inside; -1 for the constant.
int64_t inside(fbs::PadMode mode, int64_t i, int64_t n) {
  if (i >= 0 && i < n) return i;
  if (mode == fbs::PadMode::Constant) return -1;
  if (mode == fbs::PadMode::Edge || n == 1) return std::clamp<int64_t>(i, 0, n - 1);
  while (i < 0 || i >= n) {
    if (mode == fbs::PadMode::Wrap) {
      i += i < 0 ? n : -n;
    } else {
      i = i < 0 ? -i : 2 * (n - 1) - i;
    }
  }
  return i;
}

template <class Element>
void pad(const fbs::PadAttrs& attrs, const Shape& from, const std::vector<Element>& x, const Shape& to,
         std::vector<Element>* y) {
  for_each_index(to, [&](Shape index, int64_t i) {
    bool constant = false;
    for (int d = 0; d < from.rank; ++d) {
      const int64_t begin = attrs.begin()->Get(static_cast<uint32_t>(d));
      const int64_t end = attrs.end()->Get(static_cast<uint32_t>(d));
      const int64_t first = std::max<int64_t>(-begin, 0);  // negative pads crop the input first
      const int64_t last = from[d] + std::min<int64_t>(end, 0);
      const int64_t at = inside(attrs.mode(), index[d] - std::max<int64_t>(begin, 0), last - first);
      constant = constant || at < 0;
      index[d] = first + at;
    }
    (*y)[static_cast<size_t>(i)] =
        constant ? static_cast<Element>(attrs.value()) : x[static_cast<size_t>(offset_of(from, index))];
  });
}

}  // namespace

void pad_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::PadAttrs>();
  const Tensor& x = args.input(0);
  if (x.type == ElementType::kF32) {
    pad(attrs, x.shape, x.f32, args.output->shape, &args.output->f32);
  } else {
    pad(attrs, x.shape, x.i64, args.output->shape, &args.output->i64);
  }
}

}  // namespace lacuna
