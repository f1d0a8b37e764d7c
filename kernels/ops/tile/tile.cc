// Tile: each dimension becomes two, the repeats and what is repeated; the source stands still along the first.
#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto* repeats = step.attrs_as<fbs::TileAttrs>().repeats();
  const Shape& x = step.inputs[0].shape;
  LACUNA_RETURN_IF_ERROR(check_length(repeats, x.rank, "repeats", error));
  *output = {};
  for (int i = 0; i < x.rank; ++i) {
    LACUNA_RETURN_IF_ERROR(push_dim(x[i] * repeats->Get(static_cast<uint32_t>(i)), output, error));
  }
  return LACUNA_OK;
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  CopyBox box = {x.data, y.data, 0, {}};
  for (int i = 0; i < x.shape.rank; ++i) {
    box.add(y.shape[i] / x.shape[i], 0, x.shape[i] * y.strides[i]);
    box.add(x.shape[i], x.strides[i], y.strides[i]);
  }
  return bind_copy(box, context, state);
}

}  // namespace

extern const OpRun kTileRun = {
    "Tile", 1, 1, Layout::kStrided, Layout::kStrided, infer, nullptr, copy_state_bytes, nullptr, bind, run_copy_state,
};

}  // namespace lacuna
