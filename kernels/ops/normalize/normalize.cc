// Normalize: layer, instance and L2 normalisation.
#include <math.h>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/rows/axis.h"
#include "kernels/rows/loop_nest.h"

namespace lacuna {
namespace {

constexpr float kOne = 1, kZero = 0;

/// Stands in front of the state of either way to run.
struct alignas(kAlignment) Head {
  void (*run)(const void* state, uint32_t task, void* scratch);
};

/// Layer and instance: each group of elements is brought to mean 0 and variance 1, then scaled and shifted.
struct GroupState {
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  ReduceRow sum;
  ReduceRow sum_squares;
  NormalizeRow normalize;
  float epsilon;
  int64_t groups;
  uint32_t tasks;
  LoopNest<4> outer;  ///< x, scale, shift, y: which group
  LoopNest<4> inner;  ///< the same: the elements of a group
};

const fbs::NormalizeAttrs& attrs_of(const OpStep& step) { return step.attrs_as<fbs::NormalizeAttrs>(); }

/// The first dimension of a group.
int first_dim(const fbs::NormalizeAttrs& attrs) {
  return attrs.kind() == fbs::NormKind::Instance ? 2 : static_cast<int>(attrs.axis());
}

bool has_operand(const OpStep& step, size_t i) { return i < step.inputs.size && step.inputs[i].present; }

/// What scale and shift must be like.
Shape parameter_shape(const fbs::NormalizeAttrs& attrs, const Shape& x) {
  Shape shape;
  if (attrs.kind() == fbs::NormKind::Instance) {
    shape.push_back(x[1]);
  } else {
    for (int i = first_dim(attrs); i < x.rank; ++i) shape.push_back(x[i]);
  }
  return shape;
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const fbs::NormalizeAttrs& attrs = attrs_of(step);
  const Shape& x = step.inputs[0].shape;
  if (static_cast<int>(attrs.kind()) > static_cast<int>(fbs::NormKind::MAX)) {
    return fail(error, LACUNA_ERROR_MEANING, "unknown normalisation %d", static_cast<int>(attrs.kind()));
  }
  if (!(attrs.epsilon() >= 0)) return fail(error, LACUNA_ERROR_MEANING, "epsilon is negative or not a number");
  if (attrs.kind() == fbs::NormKind::Instance) {
    if (x.rank < 3) return fail(error, LACUNA_ERROR_MEANING, "x has rank %d; at least 3 is needed", x.rank);
  } else {
    LACUNA_RETURN_IF_ERROR(check_axis(attrs.axis(), x, error));
  }
  if (attrs.kind() == fbs::NormKind::L2) {
    if (step.inputs.size > 1) return fail(error, LACUNA_ERROR_MEANING, "L2 normalisation takes one operand");
  } else {
    const Shape expected = parameter_shape(attrs, x);
    for (size_t i = 1; i < 3; ++i) {
      if (has_operand(step, i) && step.inputs[i].shape != expected) {
        return fail(error, LACUNA_ERROR_MEANING, "%s is not shaped like what it applies to",
                    i == 1 ? "scale" : "shift");
      }
    }
  }
  *output = x;
  return LACUNA_OK;
}

size_t state_bytes(const OpStep& step) { return sizeof(Head) + std::max(sizeof(GroupState), axis_state_bytes(step)); }

/// Stride of scale or shift along dimension i of x; 0 where they do not follow it.
int64_t parameter_stride(const OpStep& step, size_t operand, int i) {
  if (!has_operand(step, operand)) return 0;
  const fbs::NormalizeAttrs& attrs = attrs_of(step);
  const int own = attrs.kind() == fbs::NormKind::Instance ? i - 1 : i - first_dim(attrs);
  const TensorView& parameter = step.inputs[operand];
  return own < 0 || own >= parameter.shape.rank ? 0 : parameter.strides[own];
}

Binding bind_groups(const OpStep& step, const BindContext& context, void* memory) {
  const fbs::NormalizeAttrs& attrs = attrs_of(step);
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  const RowsEntry& entry = select_rows(context.isas);
  auto& state = *static_cast<GroupState*>(memory);
  state = {};
  state.x = x.data;
  state.y = y.data;
  state.scale = has_operand(step, 1) ? step.inputs[1].data : &kOne;
  state.shift = has_operand(step, 2) ? step.inputs[2].data : &kZero;
  state.sum = entry.kernels->reduce_row[static_cast<int>(Reduction::kSum)];
  state.sum_squares = entry.kernels->reduce_row[static_cast<int>(Reduction::kSumSquares)];
  state.normalize = entry.kernels->normalize_row;
  state.epsilon = attrs.epsilon();
  const int first = first_dim(attrs);
  for (int i = 0; i < x.shape.rank; ++i) {
    LoopNest<4>& nest = i < first ? state.outer : state.inner;
    nest.add(x.shape[i], {x.strides[i], parameter_stride(step, 1, i), parameter_stride(step, 2, i), y.strides[i]});
  }
  const bool by_element = attrs.kind() == fbs::NormKind::Layer;
  state.inner.close(0b1001u | (by_element && has_operand(step, 1) ? 0b10u : 0) |
                    (by_element && has_operand(step, 2) ? 0b100u : 0));
  state.groups = state.outer.elements();
  state.tasks = split_tasks(count(x.shape), state.groups, context.threads);
  return {state.tasks, entry.name};
}

void normalize_group(const GroupState& state, const int64_t (&at)[4]) {
  const LoopNest<4>& nest = state.inner;
  const int64_t elements = nest.elements();
  const float* x = state.x + at[0];
  double sum = 0, squares = 0;
  for_each_run(nest, 0, elements, [&](const int64_t(&run)[4], int64_t n) { sum += state.sum(x + run[0], n, 0); });
  const auto mean = static_cast<float>(sum / static_cast<double>(elements));
  for_each_run(nest, 0, elements,
               [&](const int64_t(&run)[4], int64_t n) { squares += state.sum_squares(x + run[0], n, mean); });
  const double variance = squares / static_cast<double>(elements);
  const auto factor = static_cast<float>(1 / ::sqrt(variance + static_cast<double>(state.epsilon)));
  // A lone innermost round of an absent operand must not move its pointer.
  const int inner = nest.rank - 1;
  const int64_t scale_step = state.scale == &kOne ? 0 : nest.stride[1][inner];
  const int64_t shift_step = state.shift == &kZero ? 0 : nest.stride[2][inner];
  for_each_run(nest, 0, elements, [&](const int64_t(&run)[4], int64_t n) {
    state.normalize(x + run[0], mean, factor, state.scale + at[1] + run[1], scale_step, state.shift + at[2] + run[2],
                    shift_step, state.y + at[3] + run[3], n);
  });
}

void run_groups(const void* memory, uint32_t task, void*) {
  const auto& state = *static_cast<const GroupState*>(memory);
  int64_t group = task_begin(state.groups, state.tasks, task);
  const int64_t end = task_begin(state.groups, state.tasks, task + 1);
  for (LoopCursor<4> at(state.outer, state.outer.rank, group); group < end; ++group, at.next()) {
    normalize_group(state, at.offset);
  }
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const fbs::NormalizeAttrs& attrs = attrs_of(step);
  auto* head = static_cast<Head*>(memory);
  if (attrs.kind() == fbs::NormKind::L2) {
    head->run = run_axis_state;
    return bind_axis(step, AxisFunction::kL2Norm, static_cast<int>(attrs.axis()), attrs.epsilon(), context, head + 1);
  }
  head->run = run_groups;
  return bind_groups(step, context, head + 1);
}

void run(const void* memory, uint32_t task, void* scratch) {
  const auto* head = static_cast<const Head*>(memory);
  head->run(head + 1, task, scratch);
}

}  // namespace

extern const OpRun kNormalizeRun = {
    "Normalize", 1, 3, Layout::kPlanar, Layout::kPlanar, infer, nullptr, state_bytes, nullptr, bind, run,
};

}  // namespace lacuna
