// Transpose: a copy with permuted strides.
#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto* perm = step.attrs_as<fbs::TransposeAttrs>().perm();
  const Shape& x = step.inputs[0].shape;
  LACUNA_RETURN_IF_ERROR(check_length(perm, x.rank, "perm", error));
  *output = {};
  uint32_t seen = 0;
  for (uint32_t i = 0; i < length_of(perm); ++i) {
    const uint32_t from = perm->Get(i);
    if (from >= static_cast<uint32_t>(x.rank) || (seen >> from & 1) != 0) {
      return fail(error, LACUNA_ERROR_MEANING, "perm is no permutation: entry %u is %u", i, from);
    }
    seen |= 1u << from;
    LACUNA_RETURN_IF_ERROR(push_dim(x[static_cast<int>(from)], output, error));
  }
  return LACUNA_OK;
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const auto* perm = step.attrs_as<fbs::TransposeAttrs>().perm();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  CopyBox box = {x.data, y.data, 0, {}};
  for (int i = 0; i < y.shape.rank; ++i) {
    box.add(y.shape[i], x.strides[static_cast<int>(perm->Get(static_cast<uint32_t>(i)))], y.strides[i]);
  }
  return bind_copy(box, context, state);
}

}  // namespace

extern const OpRun kTransposeRun = {"Transpose",      1,       1,    Layout::kStrided, Layout::kStrided, infer, nullptr,
                                    copy_state_bytes, nullptr, bind, run_copy_state,   InPlace::kNone,   true};

}  // namespace lacuna
