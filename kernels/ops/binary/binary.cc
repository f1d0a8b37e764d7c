// Binary: a function of two broadcast operands, with a fused activation on each run while it is in cache.
#include "kernels/copy/split.h"
#include "kernels/eltwise/eltwise.h"
#include "kernels/halves/select_halves.h"
#include "kernels/op.h"
#include "kernels/rows/loop_nest.h"

namespace lacuna {
namespace {

/// Elements between a function and its activation: they stay in the first level of cache.
constexpr int64_t kActivationRun = 2048;

struct State {
  const float* a;
  const float* b;
  float* y;
  BinaryFunction function;
  BoundActivation activation;
  const HalfKernels* halves;  ///< null: floats
  uint32_t tasks;
  LoopNest<3> nest;  ///< a, b, y
};

/// Size of dimension i of the output in an operand, whose dimensions are the last ones of the output.
int64_t dim_of(const Shape& shape, const Shape& output, int i) {
  const int own = i - (output.rank - shape.rank);
  return own < 0 ? 1 : shape[own];
}

int64_t stride_of(const TensorView& view, const Shape& output, int i) {
  return dim_of(view.shape, output, i) == 1 ? 0 : view.strides[i - (output.rank - view.shape.rank)];
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::BinaryAttrs>();
  if (static_cast<int>(attrs.kind()) >= kBinaryKinds || !is_built(attrs.kind())) {
    return fail(error, LACUNA_ERROR_MEANING, "this library has no binary function %d", static_cast<int>(attrs.kind()));
  }
  LACUNA_RETURN_IF_ERROR(check_activation(attrs.activation(), error));
  const Shape& a = step.inputs[0].shape;
  const Shape& b = step.inputs[1].shape;
  Shape shape;
  shape.rank = std::max(a.rank, b.rank);
  for (int i = 0; i < shape.rank; ++i) {
    const int64_t in_a = dim_of(a, shape, i), in_b = dim_of(b, shape, i);
    if (in_a != in_b && in_a != 1 && in_b != 1) {
      return fail(error, LACUNA_ERROR_MEANING, "dimension %d: sizes %lld and %lld do not broadcast", i,
                  static_cast<long long>(in_a), static_cast<long long>(in_b));
    }
    shape[i] = in_a == 1 ? in_b : in_a;
  }
  *output = shape;
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::BinaryAttrs>();
  const TensorView& a = step.inputs[0];
  const TensorView& b = step.inputs[1];
  const TensorView& y = step.outputs[0];
  const EltwiseEntry& entry = select_eltwise(context.isas);
  auto& state = *static_cast<State*>(memory);
  state = {};
  state.a = a.data;
  state.b = b.data;
  state.y = y.data;
  state.function = entry.kernels->binary[static_cast<int>(attrs.kind())];
  state.activation = bind_activation(attrs.activation(), context.isas);
  for (int i = 0; i < y.shape.rank; ++i) {
    state.nest.add(y.shape[i], {stride_of(a, y.shape, i), stride_of(b, y.shape, i), y.strides[i]});
  }
  state.nest.close(is_half(step) ? 0b111 : 0b100);
  const int64_t elements = state.nest.elements();
  state.tasks = split_tasks(elements, elements, context.threads);
  if (!is_half(step)) return {state.tasks, entry.name};
  state.halves = select_halves(context.isas);
  return {state.tasks, state.halves->add.name};
}

/// Sums of operands that do not broadcast.
bool computes_halves(const OpStep& step) {
  const auto& attrs = step.attrs_as<fbs::BinaryAttrs>();
  const bool activates = attrs.activation() != nullptr && attrs.activation()->kind() != fbs::UnaryKind::Identity;
  return attrs.kind() == fbs::BinaryKind::Add && !activates && step.inputs[0].shape == step.inputs[1].shape;
}

const Half* halves_at(const float* data, int64_t at) { return reinterpret_cast<const Half*>(data) + at; }
Half* halves_at(float* data, int64_t at) { return reinterpret_cast<Half*>(data) + at; }

void run(const void* memory, uint32_t task, void*) {
  const auto& state = *static_cast<const State*>(memory);
  const int64_t elements = state.nest.elements();
  const int64_t a_step = state.nest.stride[0][state.nest.rank - 1];
  const int64_t b_step = state.nest.stride[1][state.nest.rank - 1];
  for_each_run(state.nest, task_begin(elements, state.tasks, task), task_begin(elements, state.tasks, task + 1),
               [&](const int64_t(&at)[3], int64_t length) {
                 if (state.halves != nullptr) {
                   return state.halves->add.function(halves_at(state.a, at[0]), halves_at(state.b, at[1]),
                                                     halves_at(state.y, at[2]), length);
                 }
                 for (int64_t i = 0; i < length; i += kActivationRun) {
                   const int64_t n = std::min(kActivationRun, length - i);
                   float* y = state.y + at[2] + i;
                   state.function(state.a + at[0] + i * a_step, a_step, state.b + at[1] + i * b_step, b_step, y, n);
                   state.activation.apply(y, static_cast<size_t>(n));
                 }
               });
}

}  // namespace

extern const OpRun kBinaryRun = {"Binary",
                                 2,
                                 2,
                                 Layout::kStrided,
                                 Layout::kPlanar,
                                 infer,
                                 nullptr,
                                 state_bytes,
                                 nullptr,
                                 bind,
                                 run,
                                 InPlace::kAny,
                                 true,
                                 if_built(computes_halves, fbs::Dtype::F16)};

}  // namespace lacuna
