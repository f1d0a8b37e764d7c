// SpaceToDepth: [N, C, (H, b), (W, b)] to [N, (b, b, C), H, W], a copy in six dimensions.
#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const int64_t block = step.attrs_as<fbs::SpaceToDepthAttrs>().block();
  const Shape& x = step.inputs[0].shape;
  if (x.rank != 4) return fail(error, LACUNA_ERROR_MEANING, "input of rank %d; 4 is needed", x.rank);
  if (block < 1 || x[2] % block != 0 || x[3] % block != 0) {
    return fail(error, LACUNA_ERROR_MEANING, "planes of %lld x %lld do not divide into blocks of side %lld",
                static_cast<long long>(x[2]), static_cast<long long>(x[3]), static_cast<long long>(block));
  }
  int64_t channels = 0;
  if (__builtin_mul_overflow(block * block, x[1], &channels)) {
    return fail(error, LACUNA_ERROR_MEANING, "blocks of side %lld give too many channels",
                static_cast<long long>(block));
  }
  *output = {};
  LACUNA_RETURN_IF_ERROR(push_dim(x[0], output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(channels, output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(x[2] / block, output, error));
  return push_dim(x[3] / block, output, error);
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const int64_t block = step.attrs_as<fbs::SpaceToDepthAttrs>().block();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  const int64_t dx = y.strides[1] * x.shape[1];
  CopyBox box = {x.data, y.data, 0, {}};
  box.add(x.shape[0], x.strides[0], y.strides[0]);
  box.add(x.shape[1], x.strides[1], y.strides[1]);
  box.add(y.shape[2], x.strides[2] * block, y.strides[2]);
  box.add(block, x.strides[2], dx * block);
  box.add(y.shape[3], x.strides[3] * block, y.strides[3]);
  box.add(block, x.strides[3], dx);
  return bind_copy(box, context, state);
}

}  // namespace

extern const OpRun kSpaceToDepthRun = {
    "SpaceToDepth",   1,       1,    Layout::kStrided, Layout::kStrided, infer, nullptr,
    copy_state_bytes, nullptr, bind, run_copy_state,
};

}  // namespace lacuna
