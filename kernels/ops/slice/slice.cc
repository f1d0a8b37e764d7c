// Slice: a view where the planner made it one, otherwise a strided copy.
#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::SliceAttrs>();
  const Shape& x = step.inputs[0].shape;
  LACUNA_RETURN_IF_ERROR(check_length(attrs.start(), x.rank, "start", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.step(), x.rank, "step", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.sizes(), x.rank, "sizes", error));
  *output = {};
  for (int i = 0; i < x.rank; ++i) {
    const auto at = static_cast<uint32_t>(i);
    const int64_t first = attrs.start()->Get(at);
    const int64_t stride = attrs.step()->Get(at);
    LACUNA_RETURN_IF_ERROR(push_dim(attrs.sizes()->Get(at), output, error));
    const int64_t last = first + ((*output)[i] - 1) * stride;
    if (stride == 0) return fail(error, LACUNA_ERROR_MEANING, "step %d is 0", i);
    if (first < 0 || first >= x[i] || last < 0 || last >= x[i]) {
      return fail(error, LACUNA_ERROR_MEANING, "dimension %d: slice from %lld to %lld of %lld elements", i,
                  static_cast<long long>(first), static_cast<long long>(last), static_cast<long long>(x[i]));
    }
  }
  return LACUNA_OK;
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const auto& attrs = step.attrs_as<fbs::SliceAttrs>();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  CopyBox box = {x.data, y.data, 0, {}};
  for (int i = 0; i < x.shape.rank; ++i) {
    const auto at = static_cast<uint32_t>(i);
    box.source += attrs.start()->Get(at) * x.strides[i];
    box.add(y.shape[i], attrs.step()->Get(at) * x.strides[i], y.strides[i]);
  }
  return bind_copy(box, context, state);
}

}  // namespace

extern const OpRun kSliceRun = {"Slice",          1,       1,    Layout::kStrided, Layout::kStrided, infer, nullptr,
                                copy_state_bytes, nullptr, bind, run_copy_state,   InPlace::kNone,   true};

}  // namespace lacuna
