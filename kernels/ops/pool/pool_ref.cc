#include <algorithm>
#include <limits>

#include "kernels/copy/reference.h"

namespace lacuna {
namespace {

/// What one window holds.
struct Contents {
  double largest = -std::numeric_limits<double>::infinity();
  double sum = 0;
  int64_t inside = 0;  ///< taps in the input
  int64_t padded = 0;  ///< taps in the padded input
};

Contents look_at(const fbs::PoolAttrs& attrs, const Tensor& x, const Shape& output_index) {
  const int spatial = x.shape.rank - 2;
  Shape taps;
  for (const uint32_t size : *attrs.kernel()) taps.push_back(size);
  Contents contents;
  for_each_index(taps, [&](const Shape& tap, int64_t) {
    Shape index = output_index;
    bool inside = true, padded = true;
    for (int d = 0; d < spatial; ++d) {
      const auto i = static_cast<uint32_t>(d);
      const int64_t size = x.shape[2 + d];
      const int64_t at =
          output_index[2 + d] * attrs.stride()->Get(i) - attrs.pads_begin()->Get(i) + tap[d] * attrs.dilation()->Get(i);
      inside = inside && at >= 0 && at < size;
      padded = padded && at < size + attrs.pads_end()->Get(i);
      index[2 + d] = at;
    }
    contents.padded += padded ? 1 : 0;
    if (!inside) return;
    const auto value = static_cast<double>(x.f32[static_cast<size_t>(offset_of(x.shape, index))]);
    contents.largest = std::max(contents.largest, value);
    contents.sum += value;
    ++contents.inside;
  });
  return contents;
}

}  // namespace

void pool_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::PoolAttrs>();
  for_each_index(args.output->shape, [&](const Shape& index, int64_t i) {
    const Contents contents = look_at(attrs, args.input(0), index);
    const int64_t taps = attrs.count_include_pad() ? contents.padded : contents.inside;
    const double average = contents.sum / static_cast<double>(std::max<int64_t>(taps, 1));
    args.output->f32[static_cast<size_t>(i)] =
        static_cast<float>(attrs.kind() == fbs::PoolKind::Max ? contents.largest : average);
  });
}

}  // namespace lacuna
