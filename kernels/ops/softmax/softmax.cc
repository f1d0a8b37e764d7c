// Softmax and its logarithm along one axis.
#include "kernels/copy/shape_attrs.h"
#include "kernels/rows/axis.h"

namespace lacuna {
namespace {

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const Shape& x = step.inputs[0].shape;
  LACUNA_RETURN_IF_ERROR(check_axis(step.attrs_as<fbs::SoftmaxAttrs>().axis(), x, error));
  *output = x;
  return LACUNA_OK;
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const auto& attrs = step.attrs_as<fbs::SoftmaxAttrs>();
  const AxisFunction function = attrs.log() ? AxisFunction::kLogSoftmax : AxisFunction::kSoftmax;
  return bind_axis(step, function, static_cast<int>(attrs.axis()), 0, context, state);
}

}  // namespace

extern const OpRun kSoftmaxRun = {
    "Softmax", 1, 1, Layout::kPlanar, Layout::kPlanar, infer, nullptr, axis_state_bytes, nullptr, bind, run_axis_state,
};

}  // namespace lacuna
