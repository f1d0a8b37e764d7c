// Affine: scale and shift of each channel, with a fused activation.
#include "kernels/copy/split.h"
#include "kernels/eltwise/eltwise.h"
#include "kernels/op.h"
#include "kernels/rows/loop_nest.h"

namespace lacuna {
namespace {

/// Elements between scaling and activation: they stay in the first level of cache.
constexpr int64_t kActivationRun = 2048;

struct State {
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  AffineFunction function;
  BoundActivation activation;
  uint32_t tasks;
  LoopNest<3> nest;  ///< x, scale (and shift), y
};

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_activation(step.attrs_as<fbs::AffineAttrs>().activation(), error));
  const Shape& x = step.inputs[0].shape;
  if (x.rank < 2) return fail(error, LACUNA_ERROR_MEANING, "x has rank %d; at least 2 is needed", x.rank);
  for (size_t i = 1; i < 3; ++i) {
    const Shape& shape = step.inputs[i].shape;
    if (shape.rank != 1 || shape[0] != x[1]) {
      return fail(error, LACUNA_ERROR_MEANING, "%s has %lld elements in rank %d; %lld in rank 1 are needed",
                  i == 1 ? "scale" : "shift", static_cast<long long>(count(shape)), shape.rank,
                  static_cast<long long>(x[1]));
    }
  }
  *output = x;
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  const EltwiseEntry& entry = select_eltwise(context.isas);
  auto& state = *static_cast<State*>(memory);
  state = {};
  state.x = x.data;
  state.scale = step.inputs[1].data;
  state.shift = step.inputs[2].data;
  state.y = y.data;
  state.function = entry.kernels->affine;
  state.activation = bind_activation(step.attrs_as<fbs::AffineAttrs>().activation(), context.isas);
  for (int i = 0; i < x.shape.rank; ++i) state.nest.add(x.shape[i], {x.strides[i], i == 1 ? 1 : 0, y.strides[i]});
  state.nest.close(0b101);
  const int64_t elements = state.nest.elements();
  state.tasks = split_tasks(elements, elements, context.threads);
  return {state.tasks, entry.name};
}

void run(const void* memory, uint32_t task, void*) {
  const auto& state = *static_cast<const State*>(memory);
  const int64_t elements = state.nest.elements();
  const int64_t step = state.nest.stride[1][state.nest.rank - 1];
  for_each_run(state.nest, task_begin(elements, state.tasks, task), task_begin(elements, state.tasks, task + 1),
               [&](const int64_t(&at)[3], int64_t length) {
                 for (int64_t i = 0; i < length; i += kActivationRun) {
                   const int64_t n = std::min(kActivationRun, length - i);
                   const int64_t channel = at[1] + i * step;
                   float* y = state.y + at[2] + i;
                   state.function(state.x + at[0] + i, state.scale + channel, state.shift + channel, step, y, n);
                   state.activation.apply(y, static_cast<size_t>(n));
                 }
               });
}

}  // namespace

extern const OpRun kAffineRun = {
    "Affine",      3,   3, Layout::kPlanar, Layout::kPlanar, infer, nullptr, state_bytes, nullptr, bind, run,
    InPlace::kAny, true};

}  // namespace lacuna
