#include "kernels/eltwise/unary_ref.h"

#include "kernels/op_host.h"

namespace lacuna {

void unary_reference(const RefArgs& args) {
  const fbs::Activation* function = args.attrs_as<fbs::UnaryAttrs>().function();
  const std::vector<float>& x = args.input(0).f32;
  for (size_t i = 0; i < x.size(); ++i) {
    args.output->f32[i] = static_cast<float>(activation_reference(function, static_cast<double>(x[i])));
  }
}

}  // namespace lacuna
