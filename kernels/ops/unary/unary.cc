// Unary: a function of each element, run by run.
#include "kernels/copy/split.h"
#include "kernels/eltwise/eltwise.h"
#include "kernels/halves/select_halves.h"
#include "kernels/op.h"
#include "kernels/rows/loop_nest.h"

namespace lacuna {
namespace {

struct State {
  const float* x;
  float* y;
  UnaryFunction function;
  float alpha;
  float beta;
  uint32_t tasks;
  LoopNest<2> nest;           ///< x, y
  const HalfKernels* halves;  ///< of a step that converts; null: floats to floats
  bool narrows;
};

/// From floats to halves or the reverse.
bool converts(const OpStep& step) { return is_built(fbs::Dtype::F16) && step.inputs[0].dtype != step.outputs[0].dtype; }

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_activation(step.attrs_as<fbs::UnaryAttrs>().function(), error));
  *output = step.inputs[0].shape;
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const fbs::Activation* activation = step.attrs_as<fbs::UnaryAttrs>().function();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  const EltwiseEntry& entry = select_eltwise(context.isas);
  const HalfKernels* halves = converts(step) ? select_halves(context.isas) : nullptr;
  auto& state = *static_cast<State*>(memory);
  state = {};
  state.x = x.data;
  state.y = y.data;
  state.function = entry.kernels->unary[activation == nullptr ? 0 : static_cast<int>(activation->kind())];
  state.alpha = activation == nullptr ? 0 : activation->alpha();
  state.beta = activation == nullptr ? 0 : activation->beta();
  for (int i = 0; i < x.shape.rank; ++i) state.nest.add(x.shape[i], {x.strides[i], y.strides[i]});
  state.nest.close(0b11);
  const int64_t elements = state.nest.elements();
  state.tasks = split_tasks(elements, elements, context.threads);
  if (halves == nullptr) return {state.tasks, entry.name};
  state.halves = halves;
  state.narrows = y.dtype == fbs::Dtype::F16;
  return {state.tasks, (state.narrows ? halves->narrow.name : halves->widen.name)};
}

void convert_run(const State& state, int64_t x, int64_t y, int64_t n) {
  if (state.narrows) return state.halves->narrow.function(state.x + x, reinterpret_cast<Half*>(state.y) + y, n);
  state.halves->widen.function(reinterpret_cast<const Half*>(state.x) + x, state.y + y, n);
}

void run(const void* memory, uint32_t task, void*) {
  const auto& state = *static_cast<const State*>(memory);
  const int64_t elements = state.nest.elements();
  for_each_run(state.nest, task_begin(elements, state.tasks, task), task_begin(elements, state.tasks, task + 1),
               [&](const int64_t(&at)[2], int64_t n) {
                 if (state.halves != nullptr) return convert_run(state, at[0], at[1], n);
                 state.function(state.x + at[0], state.y + at[1], static_cast<size_t>(n), state.alpha, state.beta);
               });
}

}  // namespace

extern const OpRun kUnaryRun = {"Unary",
                                1,
                                1,
                                Layout::kPlanar,
                                Layout::kPlanar,
                                infer,
                                nullptr,
                                state_bytes,
                                nullptr,
                                bind,
                                run,
                                InPlace::kAny,
                                true,
                                if_built(converts, fbs::Dtype::F16)};

}  // namespace lacuna
