#include "kernels/ops/resize/halves.h"

#include <new>

#include "kernels/copy/split.h"
#include "kernels/halves/select_halves.h"
#include "kernels/planes.h"

namespace lacuna {
namespace {

struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  const HalfKernels* kernels;
  PlanesOf<Half> x, y;
  int64_t channels, height, width;
  int64_t planes;  ///< of all images
  uint32_t tasks;
};

void run_planes(const void* state, uint32_t task, void*) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.planes, s.tasks, task + 1);
  for (int64_t i = task_begin(s.planes, s.tasks, task); i < end; ++i) {
    const int64_t batch = i / s.channels, channel = i % s.channels;
    s.kernels->double_plane.function(s.x.at(batch, channel), s.height, s.width, s.y.at(batch, channel));
  }
}

/// The scales, where given, say what the sizes do.
bool doubles(const fbs::ResizeAttrs& attrs) {
  const auto* scales = attrs.scales();
  return scales == nullptr || scales->size() == 0 || (scales->Get(2) == 2 && scales->Get(3) == 2);
}

}  // namespace

bool resize_computes_halves(const OpStep& step) {
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  const Shape& x = step.inputs[0].shape;
  const Shape& y = step.outputs[0].shape;
  return attrs.mode() == fbs::ResizeMode::Linear && attrs.coordinates() == fbs::CoordinateMode::HalfPixel &&
         x.rank == 4 && x[0] == y[0] && x[1] == y[1] && y[2] == 2 * x[2] && y[3] == 2 * x[3] &&
         x[3] >= kHalfLeastWidth && x[3] <= kHalfMostWidth && doubles(attrs);
}

size_t half_resize_state_bytes(const OpStep&) { return sizeof(State); }

Binding bind_half_resize(const OpStep& step, const BindContext& context, void* memory) {
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  State& s = *new (memory) State{};
  s.run = run_planes;
  s.kernels = select_halves(context.isas);
  s.x = PlanesOf<Half>(x);
  s.y = PlanesOf<Half>(y);
  s.channels = x.shape[1];
  s.height = x.shape[2];
  s.width = x.shape[3];
  s.planes = x.shape[0] * s.channels;
  s.tasks = split_tasks(count(y.shape), s.planes, context.threads);
  return {s.tasks, s.kernels->double_plane.name};
}

}  // namespace lacuna
