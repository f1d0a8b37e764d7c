// Pad: the inner part is copied row by row, the border is filled or taken from the input.
#include <algorithm>
#include <cstring>
#include <new>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/op.h"

namespace lacuna {
namespace {

struct Dim {
  int64_t begin;  ///< elements in front, not negative
  int64_t size;   ///< of the input, cropped
  int64_t padded;
  int64_t source_stride;
  int64_t target_stride;
};

struct State {
  const float* source;
  float* target;
  fbs::PadMode mode;
  float value;
  int rank;
  Dim dims[kMaxRank];
  int split_dim;
  uint32_t tasks;
};

/// What is left of a dimension after negative pads.
int64_t cropped(int64_t dim, int64_t begin, int64_t end) {
  return dim + std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0);
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::PadAttrs>();
  const Shape& x = step.inputs[0].shape;
  if (attrs.mode() > fbs::PadMode::MAX) {
    return fail(error, LACUNA_ERROR_MEANING, "mode %d is unknown", static_cast<int>(attrs.mode()));
  }
  LACUNA_RETURN_IF_ERROR(check_length(attrs.begin(), x.rank, "begin", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.end(), x.rank, "end", error));
  *output = {};
  for (int i = 0; i < x.rank; ++i) {
    const int64_t begin = attrs.begin()->Get(static_cast<uint32_t>(i));
    const int64_t end = attrs.end()->Get(static_cast<uint32_t>(i));
    if (cropped(x[i], begin, end) < (attrs.mode() == fbs::PadMode::Constant ? 0 : 1)) {
      return fail(error, LACUNA_ERROR_MEANING, "dimension %d: pads %lld and %lld leave nothing of %lld elements", i,
                  static_cast<long long>(begin), static_cast<long long>(end), static_cast<long long>(x[i]));
    }
    LACUNA_RETURN_IF_ERROR(push_dim(x[i] + begin + end, output, error));
  }
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

bool unpadded(const Dim& dim) { return dim.size == dim.padded; }

/// Whether `inner` can become part of `outer`: it is unpadded and continues on both sides. Borders that are taken from
/// the input are counted in elements, so they allow it for unpadded dimensions only.
bool mergeable(const Dim& outer, const Dim& inner, fbs::PadMode mode) {
  return unpadded(inner) && (unpadded(outer) || mode == fbs::PadMode::Constant) &&
         outer.source_stride == inner.source_stride * inner.size &&
         outer.target_stride == inner.target_stride * inner.size;
}

void add_dim(const Dim& dim, State* state) {
  if (state->rank == 0 || !mergeable(state->dims[state->rank - 1], dim, state->mode)) {
    state->dims[state->rank++] = dim;
    return;
  }
  Dim& last = state->dims[state->rank - 1];
  last = {last.begin * dim.size, last.size * dim.size, last.padded * dim.size, dim.source_stride, dim.target_stride};
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::PadAttrs>();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  auto* state = new (memory) State{x.data, y.data, attrs.mode(), attrs.value(), 0, {}, 0, 0};
  for (int i = 0; i < x.shape.rank; ++i) {
    const int64_t begin = attrs.begin()->Get(static_cast<uint32_t>(i));
    const int64_t end = attrs.end()->Get(static_cast<uint32_t>(i));
    state->source -= std::min<int64_t>(begin, 0) * x.strides[i];
    add_dim({std::max<int64_t>(begin, 0), cropped(x.shape[i], begin, end), y.shape[i], x.strides[i], y.strides[i]},
            state);
  }
  if (state->rank == 0) add_dim({0, 1, 1, 1, 1}, state);
  const int64_t elements = count(y.shape);
  const auto size_of = [&](int i) { return state->dims[i].padded; };
  state->split_dim = choose_split(state->rank, split_tasks(elements, elements, context.threads), size_of);
  state->tasks = split_tasks(elements, size_of(state->split_dim), context.threads);
  return {state->tasks, "pad__scalar"};
}

constexpr int64_t kOutside = -1;

/// Where element i of the padded dimension comes from; kOutside for the constant.
int64_t source_index(fbs::PadMode mode, const Dim& dim, int64_t i) {
  const int64_t at = i - dim.begin;
  if (at >= 0 && at < dim.size) return at;
  switch (mode) {
    case fbs::PadMode::Edge:
      return at < 0 ? 0 : dim.size - 1;
    case fbs::PadMode::Wrap: {
      const int64_t rest = at % dim.size;
      return rest < 0 ? rest + dim.size : rest;
    }
    case fbs::PadMode::Reflect: {
      if (dim.size == 1) return 0;
      const int64_t period = 2 * (dim.size - 1);
      const int64_t rest = (at < 0 ? -at : at) % period;
      return std::min(rest, period - rest);
    }
    case fbs::PadMode::Constant:
      break;
  }
  return kOutside;
}

/// One task's part of the output: all of it but for the dimension that is shared.
struct Part {
  const State& state;
  int64_t begin;
  int64_t end;

  int64_t first(int dim) const { return dim == state.split_dim ? begin : 0; }
  int64_t last(int dim) const { return dim == state.split_dim ? end : state.dims[dim].padded; }
};

void fill(const Part& part, int first, float* target) {
  const Dim& dim = part.state.dims[first];
  if (first == part.state.rank - 1 && dim.target_stride == 1) {
    std::fill(target + part.first(first), target + part.last(first), part.state.value);
    return;
  }
  for (int64_t i = part.first(first); i < part.last(first); ++i) {
    float* at = target + i * dim.target_stride;
    if (first == part.state.rank - 1) {
      *at = part.state.value;
    } else {
      fill(part, first + 1, at);
    }
  }
}

void copy_inner(const Dim& dim, int64_t begin, int64_t end, const float* source, float* target) {
  if (begin >= end) return;
  source += (begin - dim.begin) * dim.source_stride;
  target += begin * dim.target_stride;
  if (dim.source_stride == 1 && dim.target_stride == 1) {
    memcpy(target, source, static_cast<size_t>(end - begin) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < end - begin; ++i) target[i * dim.target_stride] = source[i * dim.source_stride];
}

void copy_border(const State& state, const Dim& dim, int64_t begin, int64_t end, const float* source, float* target) {
  for (int64_t i = begin; i < end; ++i) {
    const int64_t from = source_index(state.mode, dim, i);
    target[i * dim.target_stride] = from == kOutside ? state.value : source[from * dim.source_stride];
  }
}

/// Elements [begin, end) of one innermost row.
void pad_row(const State& state, int64_t begin, int64_t end, const float* source, float* target) {
  const Dim& dim = state.dims[state.rank - 1];
  const int64_t inner_begin = std::clamp(dim.begin, begin, end);
  const int64_t inner_end = std::clamp(dim.begin + dim.size, begin, end);
  copy_border(state, dim, begin, inner_begin, source, target);
  copy_inner(dim, inner_begin, inner_end, source, target);
  copy_border(state, dim, inner_end, end, source, target);
}

/// Dimensions [first, rank).
void pad(const Part& part, int first, const float* source, float* target) {
  const State& state = part.state;
  if (first == state.rank - 1) return pad_row(state, part.first(first), part.last(first), source, target);
  const Dim& dim = state.dims[first];
  for (int64_t i = part.first(first); i < part.last(first); ++i) {
    const int64_t from = source_index(state.mode, dim, i);
    float* at = target + i * dim.target_stride;
    if (from == kOutside) {
      fill(part, first + 1, at);
    } else {
      pad(part, first + 1, source + from * dim.source_stride, at);
    }
  }
}

void run(const void* memory, uint32_t task, void*) {
  const State& state = *static_cast<const State*>(memory);
  const int64_t size = state.dims[state.split_dim].padded;
  const Part part = {state, task_begin(size, state.tasks, task), task_begin(size, state.tasks, task + 1)};
  pad(part, 0, state.source, state.target);
}

}  // namespace

extern const OpRun kPadRun = {
    "Pad",          1,   1, Layout::kStrided, Layout::kStrided, infer, nullptr, state_bytes, nullptr, bind, run,
    InPlace::kNone, true};

}  // namespace lacuna
