// DepthToSpace: [N, (C, b, b), H, W] or [N, (b, b, C), H, W] to [N, C, (H, b), (W, b)], a copy in six dimensions.
#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const int64_t block = step.attrs_as<fbs::DepthToSpaceAttrs>().block();
  const Shape& x = step.inputs[0].shape;
  if (x.rank != 4) return fail(error, LACUNA_ERROR_MEANING, "input of rank %d; 4 is needed", x.rank);
  // The first test keeps the square in range.
  if (block < 1 || block > x[1] || x[1] % (block * block) != 0) {
    return fail(error, LACUNA_ERROR_MEANING, "%lld channels do not divide into blocks of side %lld",
                static_cast<long long>(x[1]), static_cast<long long>(block));
  }
  *output = {};
  LACUNA_RETURN_IF_ERROR(push_dim(x[0], output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(x[1] / (block * block), output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(x[2] * block, output, error));
  return push_dim(x[3] * block, output, error);
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const auto& attrs = step.attrs_as<fbs::DepthToSpaceAttrs>();
  const int64_t block = attrs.block();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  // Strides of the input's channel parts.
  const int64_t c = x.strides[1] * (attrs.channel_first() ? block * block : 1);
  const int64_t dx = x.strides[1] * (attrs.channel_first() ? 1 : y.shape[1]);
  CopyBox box = {x.data, y.data, 0, {}};
  box.add(x.shape[0], x.strides[0], y.strides[0]);
  box.add(y.shape[1], c, y.strides[1]);
  box.add(x.shape[2], x.strides[2], y.strides[2] * block);
  box.add(block, dx * block, y.strides[2]);
  box.add(x.shape[3], x.strides[3], y.strides[3] * block);
  box.add(block, dx, y.strides[3]);
  return bind_copy(box, context, state);
}

}  // namespace

extern const OpRun kDepthToSpaceRun = {
    "DepthToSpace", 1,     1,   Layout::kStrided, Layout::kStrided, infer, nullptr, copy_state_bytes, nullptr, bind,
    run_copy_state, false, true};

}  // namespace lacuna
