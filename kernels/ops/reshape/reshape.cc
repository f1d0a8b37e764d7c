// Reshape: a view where the planner could make it one, otherwise a copy in row-major order.
#include <new>

#include "kernels/copy/sequence.h"
#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/op.h"

namespace lacuna {
namespace {

struct State {
  Sequence source;
  Sequence target;
  int64_t elements;
  uint32_t tasks;
};

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(read_shape(step.attrs_as<fbs::ReshapeAttrs>().shape(), output, error));
  int64_t before = 0;
  int64_t after = 0;
  if (!checked_count(step.inputs[0].shape, &before) || !checked_count(*output, &after) || before != after) {
    return fail(error, LACUNA_ERROR_MEANING, "%lld elements do not fill a shape of %lld",
                static_cast<long long>(before), static_cast<long long>(after));
  }
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  auto* state = new (memory) State{};
  state->source = make_sequence(step.inputs[0]);
  state->target = make_sequence(step.outputs[0]);
  if (state->source == state->target) return {};
  state->elements = count(step.outputs[0].shape);
  state->tasks = split_tasks(state->elements, state->elements, context.threads);
  return {state->tasks, "copy_sequence__scalar"};
}

void run(const void* memory, uint32_t task, void*) {
  const State& state = *static_cast<const State*>(memory);
  copy_sequence(state.source, state.target, task_begin(state.elements, state.tasks, task),
                task_begin(state.elements, state.tasks, task + 1));
}

}  // namespace

extern const OpRun kReshapeRun = {
    "Reshape",      1,   1, Layout::kStrided, Layout::kStrided, infer, nullptr, state_bytes, nullptr, bind, run,
    InPlace::kNone, true};

}  // namespace lacuna
