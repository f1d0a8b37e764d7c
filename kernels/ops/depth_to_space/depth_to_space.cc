// DepthToSpace: [N, (C, b, b), H, W] or [N, (b, b, C), H, W] to [N, C, (H, b), (W, b)], a copy in six dimensions.
// Halves in blocks of 2 x 2 go plane by plane.
#include <new>

#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/halves/select_halves.h"
#include "kernels/planes.h"

namespace lacuna {
namespace {

struct State {
  CopyPlan copy;               ///< of floats
  const HalfKernels* kernels;  ///< null: floats
  PlanesOf<Half> x, y;
  int64_t channels, height, width;    ///< of y, and of planes of x
  int64_t channel_stride, dx_stride;  ///< of x, between parts of its channels
  int64_t planes;                     ///< of all images of y
  uint32_t tasks;
};

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

size_t state_bytes(const OpStep&) { return sizeof(State); }

bool is_plane(const TensorView& view) { return view.strides[3] == 1 && view.strides[2] == view.shape[3]; }

bool computes_halves(const OpStep& step) {
  return step.attrs_as<fbs::DepthToSpaceAttrs>().block() == 2 && step.inputs[0].shape[3] >= kHalfLeastWidth &&
         is_plane(step.inputs[0]) && is_plane(step.outputs[0]);
}

Binding bind_halves(State& s, const TensorView& x, const TensorView& y, int64_t c, int64_t dx,
                    const BindContext& context) {
  s.kernels = select_halves(context.isas);
  s.x = PlanesOf<Half>(x);
  s.y = PlanesOf<Half>(y);
  s.channels = y.shape[1];
  s.height = x.shape[2];
  s.width = x.shape[3];
  s.channel_stride = c;
  s.dx_stride = dx;
  s.planes = y.shape[0] * s.channels;
  s.tasks = split_tasks(count(y.shape), s.planes, context.threads);
  return {s.tasks, s.kernels->interleave_planes.name};
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::DepthToSpaceAttrs>();
  const int64_t block = attrs.block();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  // Strides of the input's channel parts.
  const int64_t c = x.strides[1] * (attrs.channel_first() ? block * block : 1);
  const int64_t dx = x.strides[1] * (attrs.channel_first() ? 1 : y.shape[1]);
  State& state = *new (memory) State{};
  if (is_half(step)) return bind_halves(state, x, y, c, dx, context);
  CopyBox box = {x.data, y.data, 0, {}};
  box.add(x.shape[0], x.strides[0], y.strides[0]);
  box.add(y.shape[1], c, y.strides[1]);
  box.add(x.shape[2], x.strides[2], y.strides[2] * block);
  box.add(block, dx * block, y.strides[2]);
  box.add(x.shape[3], x.strides[3], y.strides[3] * block);
  box.add(block, dx, y.strides[3]);
  state.copy = plan_copy(box, context);
  return state.copy.binding;
}

void run(const void* memory, uint32_t task, void*) {
  const State& s = *static_cast<const State*>(memory);
  if (s.kernels == nullptr) return run_copy(s.copy, task);
  const int64_t end = task_begin(s.planes, s.tasks, task + 1);
  for (int64_t i = task_begin(s.planes, s.tasks, task); i < end; ++i) {
    const int64_t batch = i / s.channels, channel = i % s.channels;
    const Half* parts[4];
    for (int k = 0; k < 4; ++k) parts[k] = s.x.at(batch, 0) + channel * s.channel_stride + k * s.dx_stride;
    s.kernels->interleave_planes.function(parts, s.height, s.width, s.y.at(batch, channel));
  }
}

}  // namespace

extern const OpRun kDepthToSpaceRun = {"DepthToSpace",
                                       1,
                                       1,
                                       Layout::kStrided,
                                       Layout::kStrided,
                                       infer,
                                       nullptr,
                                       state_bytes,
                                       nullptr,
                                       bind,
                                       run,
                                       InPlace::kNone,
                                       true,
                                       if_built(computes_halves, fbs::Dtype::F16)};

}  // namespace lacuna
