// Gather: for each index, a copy of the box that the other dimensions span.
#include <new>

#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"

namespace lacuna {
namespace {

struct State {
  CopyPlan plan;  ///< for index 0
  const flatbuffers::Vector<uint32_t>* indices;
  int64_t source_stride;  ///< from one index to the next, elements
  Shape index_shape;
  Shape target_strides;  ///< of the dimensions that index_shape became
  uint32_t tasks;
};

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::GatherAttrs>();
  const Shape& x = step.inputs[0].shape;
  LACUNA_RETURN_IF_ERROR(check_axis(attrs.axis(), x, error));
  const auto axis = static_cast<int>(attrs.axis());
  Shape index_shape;
  LACUNA_RETURN_IF_ERROR(read_shape(attrs.index_shape(), &index_shape, error));
  int64_t indices = 0;
  if (!checked_count(index_shape, &indices)) return fail(error, LACUNA_ERROR_MEANING, "index_shape is too large");
  LACUNA_RETURN_IF_ERROR(check_length(attrs.indices(), indices, "indices", error));
  for (const uint32_t index : *attrs.indices()) {
    if (index >= x[axis]) {
      return fail(error, LACUNA_ERROR_MEANING, "index %u of a dimension of %lld", index,
                  static_cast<long long>(x[axis]));
    }
  }
  *output = {};
  for (int i = 0; i < axis; ++i) LACUNA_RETURN_IF_ERROR(push_dim(x[i], output, error));
  for (const int64_t dim : index_shape) LACUNA_RETURN_IF_ERROR(push_dim(dim, output, error));
  for (int i = axis + 1; i < x.rank; ++i) LACUNA_RETURN_IF_ERROR(push_dim(x[i], output, error));
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::GatherAttrs>();
  const auto axis = static_cast<int>(attrs.axis());
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  auto* state = new (memory) State{};
  const int indexed = y.shape.rank - x.shape.rank + 1;
  for (int i = axis; i < axis + indexed; ++i) {
    state->index_shape.push_back(y.shape[i]);
    state->target_strides.push_back(y.strides[i]);
  }
  CopyBox box = {x.data, y.data, 0, {}};
  for (int i = 0; i < x.shape.rank; ++i) {
    if (i != axis) box.add(x.shape[i], x.strides[i], y.strides[i < axis ? i : i + indexed - 1]);
  }
  state->plan = plan_copy(box, context);
  state->indices = attrs.indices();
  state->source_stride = x.strides[axis];
  state->tasks = split_tasks(count(y.shape), length_of(state->indices), context.threads);
  return {state->tasks, state->plan.binding.kernel};
}

int64_t target_offset(const State& state, int64_t index) {
  int64_t offset = 0;
  for (int i = state.index_shape.rank - 1; i >= 0; --i) {
    offset += index % state.index_shape[i] * state.target_strides[i];
    index /= state.index_shape[i];
  }
  return offset;
}

void run(const void* memory, uint32_t task, void*) {
  const State& state = *static_cast<const State*>(memory);
  const CopyBox& box = state.plan.box;
  const int64_t indices = length_of(state.indices);
  const int64_t end = task_begin(indices, state.tasks, task + 1);
  for (int64_t i = task_begin(indices, state.tasks, task); i < end; ++i) {
    const int64_t from = state.indices->Get(static_cast<uint32_t>(i));
    run_copy_at(state.plan, box.source + from * state.source_stride, box.target + target_offset(state, i));
  }
}

}  // namespace

extern const OpRun kGatherRun = {
    "Gather", 1, 1, Layout::kStrided, Layout::kStrided, infer, nullptr, state_bytes, nullptr, bind, run,
};

}  // namespace lacuna
