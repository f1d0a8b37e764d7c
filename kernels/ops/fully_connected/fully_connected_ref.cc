// Fully connected from its definition, summed in double precision.
#include "kernels/eltwise/unary_ref.h"
#include "kernels/op_host.h"

namespace lacuna {

/// Operands: x [..., K], weight [units, K], bias [units] or null, residual like the output or null.
void fully_connected_reference(const RefArgs& args) {
  const fbs::Activation* activation = args.attrs_as<fbs::FullyConnectedAttrs>().activation();
  const Tensor& weight = args.input(1);
  const auto units = static_cast<size_t>(weight.shape[0]), columns = static_cast<size_t>(weight.shape[1]);
  Tensor& y = *args.output;
  for (size_t i = 0; i < y.f32.size(); ++i) {
    const float* x = args.input(0).f32.data() + i / units * columns;
    const float* w = weight.f32.data() + i % units * columns;
    double sum = args.has_input(2) ? static_cast<double>(args.input(2).f32[i % units]) : 0.0;
    for (size_t k = 0; k < columns; ++k) sum += static_cast<double>(x[k]) * static_cast<double>(w[k]);
    if (args.has_input(3)) sum += static_cast<double>(args.input(3).f32[i]);
    y.f32[i] = static_cast<float>(activation_reference(activation, sum));
  }
}

}  // namespace lacuna
