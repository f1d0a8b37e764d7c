// Convolution from its definition, summed in double precision.
#include <vector>

#include "kernels/eltwise/unary_ref.h"
#include "kernels/op_host.h"
#include "kernels/ops/conv/geometry.h"

namespace lacuna {
namespace {

/// Adds tap (kz, ky, kx) with weight w of one input channel to the sums of one output channel.
void add_tap(const ConvGeometry& g, const float* x, double w, int64_t kz, int64_t ky, int64_t kx, double* sums) {
  for (int64_t oz = 0; oz < g.depth.out; ++oz) {
    const int64_t z = g.depth.position(oz, kz);
    if (z < 0 || z >= g.depth.in) continue;
    for (int64_t oy = 0; oy < g.height.out; ++oy) {
      const int64_t y = g.height.position(oy, ky);
      if (y < 0 || y >= g.height.in) continue;
      const float* row = x + (z * g.height.in + y) * g.width.in;
      double* sum = sums + (oz * g.height.out + oy) * g.width.out;
      for (int64_t ox = 0; ox < g.width.out; ++ox) {
        const int64_t at = g.width.position(ox, kx);
        if (at >= 0 && at < g.width.in) sum[ox] += w * static_cast<double>(row[at]);
      }
    }
  }
}

}  // namespace

/// Operands: x [N, C, (D,) H, W], weight [M, C / groups, (kd,) kh, kw], bias [M] or null, residual like the output or
/// null.
void conv_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::ConvAttrs>();
  const Tensor& x = args.input(0);
  ConvGeometry g = {};
  static_cast<void>(conv_geometry(attrs, x.shape, &g, nullptr));
  const int64_t plane = g.depth.in * g.height.in * g.width.in, pixels = g.depth.out * g.height.out * g.width.out;
  const int64_t rows = g.rows * g.groups;
  std::vector<double> sums(static_cast<size_t>(pixels));
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t m = 0; m < rows; ++m) {
      const float bias = args.has_input(2) ? args.input(2).f32[static_cast<size_t>(m)] : 0.0f;
      sums.assign(sums.size(), static_cast<double>(bias));
      const float* w = args.input(1).f32.data() + m * g.columns();
      for (int64_t c = 0; c < g.channels; ++c) {
        const int64_t channel = m / g.rows * g.channels + c;
        const float* from = x.f32.data() + (n * g.channels * g.groups + channel) * plane;
        for (int64_t kz = 0; kz < g.depth.kernel; ++kz) {
          for (int64_t ky = 0; ky < g.height.kernel; ++ky) {
            for (int64_t kx = 0; kx < g.width.kernel; ++kx) {
              add_tap(g, from, static_cast<double>(*w++), kz, ky, kx, sums.data());
            }
          }
        }
      }
      const int64_t at = (n * rows + m) * pixels;
      const float* residual = args.has_input(3) ? args.input(3).f32.data() + at : nullptr;
      float* y = args.output->f32.data() + at;
      for (int64_t i = 0; i < pixels; ++i) {
        const double add = residual != nullptr ? static_cast<double>(residual[i]) : 0.0;
        y[i] = static_cast<float>(activation_reference(attrs.activation(), sums[static_cast<size_t>(i)] + add));
      }
    }
  }
}

}  // namespace lacuna
