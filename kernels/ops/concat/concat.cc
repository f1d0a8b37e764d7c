// Concat: one copy for each input; one that already lies at its place in the output costs nothing.
#include <new>

#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"

namespace lacuna {
namespace {

/// Followed by `copies` plans, one for each input that has to move.
struct State {
  size_t copies;
  uint32_t tasks;
};

constexpr size_t kPlansOffset = align_up(sizeof(State));

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const uint32_t attr = step.attrs_as<fbs::ConcatAttrs>().axis();
  const Shape& first = step.inputs[0].shape;
  LACUNA_RETURN_IF_ERROR(check_axis(attr, first, error));
  const auto axis = static_cast<int>(attr);
  int64_t joined = 0;
  for (size_t i = 0; i < step.inputs.size; ++i) {
    Shape shape = step.inputs[i].shape;
    const int64_t part = shape.rank == first.rank ? shape[axis] : 0;
    shape[axis] = first[axis];
    if (!step.inputs[i].present || shape != first) {
      return fail(error, LACUNA_ERROR_MEANING, "input %zu differs from the first one in more than axis %d", i, axis);
    }
    joined += part;
  }
  *output = {};
  for (int i = 0; i < first.rank; ++i) {
    LACUNA_RETURN_IF_ERROR(push_dim(i == axis ? joined : first[i], output, error));
  }
  return LACUNA_OK;
}

size_t state_bytes(const OpStep& step) { return kPlansOffset + step.inputs.size * sizeof(CopyPlan); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto axis = static_cast<int>(step.attrs_as<fbs::ConcatAttrs>().axis());
  const TensorView& y = step.outputs[0];
  auto* state = new (memory) State{};
  auto* plans = reinterpret_cast<CopyPlan*>(static_cast<uint8_t*>(memory) + kPlansOffset);
  float* target = y.data;
  int64_t elements = 0;
  for (const TensorView& x : step.inputs) {
    CopyBox box = {x.data, target, 0, {}};
    for (int i = 0; i < x.shape.rank; ++i) box.add(x.shape[i], x.strides[i], y.strides[i]);
    const CopyPlan plan = plan_copy(box, context);
    if (plan.binding.tasks != 0) {
      new (&plans[state->copies++]) CopyPlan(plan);
      elements += count(x.shape);
    }
    target += x.shape[axis] * y.strides[axis];
  }
  if (state->copies == 0) return {};
  state->tasks = split_tasks(elements, elements, context.threads);
  return {state->tasks, plans[0].binding.kernel};
}

// The parts of each copy go to tasks in turn, so that many small inputs are shared as evenly as one large one. No copy
// has more parts than there are tasks.
void run(const void* memory, uint32_t task, void*) {
  const State& state = *static_cast<const State*>(memory);
  const auto* plans = reinterpret_cast<const CopyPlan*>(static_cast<const uint8_t*>(memory) + kPlansOffset);
  for (size_t i = 0; i < state.copies; ++i) {
    const auto part = static_cast<uint32_t>((task + i) % state.tasks);
    if (part < plans[i].binding.tasks) run_copy(plans[i], part);
  }
}

}  // namespace

extern const OpRun kConcatRun = {
    "Concat",       1,   kAnyCount, Layout::kStrided, Layout::kStrided, infer, nullptr, state_bytes, nullptr, bind, run,
    InPlace::kNone, true};

}  // namespace lacuna
