#include "kernels/eltwise/unary_ref.h"
#include "kernels/op_host.h"

namespace lacuna {

void affine_reference(const RefArgs& args) {
  const Tensor& x = args.input(0);
  const int64_t channels = x.shape[1], plane = count(x.shape, 2, x.shape.rank);
  for (int64_t i = 0; i < count(x.shape); ++i) {
    const auto at = static_cast<size_t>(i), c = static_cast<size_t>(i / plane % channels);
    const double scaled = static_cast<double>(x.f32[at]) * args.input(1).f32[c] + args.input(2).f32[c];
    args.output->f32[at] =
        static_cast<float>(activation_reference(args.attrs_as<fbs::AffineAttrs>().activation(), scaled));
  }
}

}  // namespace lacuna
