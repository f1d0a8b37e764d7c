// Resize: separable interpolation. For each output row the input rows that its outer coordinates need are blended into
// one, which is then interpolated along the innermost axis. Axes that do not change cost nothing.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/ops/resize/taps.h"
#include "kernels/resize/resize_rows.h"
#include "kernels/select.h"

namespace lacuna {
namespace {

struct Axis {
  Taps taps;
  int64_t size;  ///< of the output
  int64_t source_stride;
  int64_t target_stride;
};

/// Followed by the tables of its axes.
struct State {
  const ResizeEntry* kernel;
  const float* source;
  float* target;
  float extrapolation;
  int rank;  ///< of the axes but for the innermost one
  Axis outer[kMaxRank];
  Axis inner;
  int64_t inner_in;  ///< elements of an input row
  int64_t rows;
  uint32_t tasks;
};

constexpr size_t kTablesOffset = align_up(sizeof(State));

lacuna_status check_axis_attrs(const fbs::ResizeAttrs& attrs, const Shape& x, int i, lacuna_error* error) {
  const ResizeAxis axis = resize_axis(attrs, x, i);
  if (!std::isfinite(axis.scale) || axis.scale <= 0) {
    return fail(error, LACUNA_ERROR_MEANING, "scale %d is %g; it must be positive and finite", i,
                static_cast<double>(axis.scale));
  }
  if (!std::isfinite(axis.roi_begin) || !std::isfinite(axis.roi_end)) {
    return fail(error, LACUNA_ERROR_MEANING, "roi of dimension %d is not finite", i);
  }
  if (!is_unchanged(attrs.coordinates(), axis) && window_size(attrs, axis) > kMaxTapEntries / axis.out) {
    return fail(error, LACUNA_ERROR_MEANING, "dimension %d: %lld elements at scale %g need too many weights", i,
                static_cast<long long>(axis.out), static_cast<double>(axis.scale));
  }
  return LACUNA_OK;
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  const Shape& x = step.inputs[0].shape;
  if (attrs.mode() > fbs::ResizeMode::MAX || attrs.coordinates() > fbs::CoordinateMode::MAX ||
      attrs.nearest() > fbs::NearestMode::MAX) {
    return fail(error, LACUNA_ERROR_MEANING, "mode %d, coordinates %d or nearest %d is unknown",
                static_cast<int>(attrs.mode()), static_cast<int>(attrs.coordinates()),
                static_cast<int>(attrs.nearest()));
  }
  LACUNA_RETURN_IF_ERROR(check_length(attrs.sizes(), x.rank, "sizes", error));
  if (length_of(attrs.scales()) != 0) {
    LACUNA_RETURN_IF_ERROR(check_length(attrs.scales(), x.rank, "scales", error));
  }
  if (attrs.coordinates() == fbs::CoordinateMode::TfCropAndResize) {
    LACUNA_RETURN_IF_ERROR(check_length(attrs.roi(), 2 * x.rank, "roi", error));
  }
  LACUNA_RETURN_IF_ERROR(read_shape(attrs.sizes(), output, error));
  for (int i = 0; i < x.rank; ++i) LACUNA_RETURN_IF_ERROR(check_axis_attrs(attrs, x, i, error));
  return LACUNA_OK;
}

size_t state_bytes(const OpStep& step) {
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  const Shape& x = step.inputs[0].shape;
  size_t bytes = kTablesOffset;
  for (int i = 0; i < x.rank; ++i) bytes += taps_bytes(attrs, resize_axis(attrs, x, i));
  return bytes;
}

/// The blended row.
size_t scratch_bytes(const OpStep& step) {
  const Shape& x = step.inputs[0].shape;
  return x.rank == 0 ? 0 : static_cast<size_t>(x[x.rank - 1]) * sizeof(float);
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  auto* state = new (memory) State{};
  state->kernel = &select_kernel(kResizeKernels, context.isas);
  state->source = x.data;
  state->target = y.data;
  state->extrapolation = attrs.extrapolation();
  state->inner = {{}, 1, 1, 1};
  state->inner.taps.inside_end = 1;
  state->inner_in = 1;
  auto* table = static_cast<uint8_t*>(memory) + kTablesOffset;
  for (int i = 0; i < x.shape.rank; ++i) {
    const ResizeAxis axis = resize_axis(attrs, x.shape, i);
    const Axis bound = {make_taps(attrs, axis, table), axis.out, x.strides[i], y.strides[i]};
    table += taps_bytes(attrs, axis);
    if (i == x.shape.rank - 1) {
      state->inner = bound;
      state->inner_in = axis.in;
    } else {
      state->outer[state->rank++] = bound;
    }
  }
  state->rows = count(y.shape) / state->inner.size;
  state->tasks = split_tasks(count(y.shape), state->rows, context.threads);
  return {state->tasks, state->kernel->name};
}

/// Where an output row lies, and the input rows that it is made of.
class Row {
 public:
  Row(const State& state, int64_t row) : state_(state), source_(state.source), target_(state.target) {
    for (int d = state.rank - 1; d >= 0; --d) {
      const Axis& axis = state.outer[d];
      index_[d] = row % axis.size;
      row /= axis.size;
      target_ += index_[d] * axis.target_stride;
      inside_ = inside_ && index_[d] >= axis.taps.inside_begin && index_[d] < axis.taps.inside_end;
      source_ += (axis.taps.taps == 0 ? index_[d] : axis.taps.starts[index_[d]]) * axis.source_stride;
      blended_ = blended_ || axis.taps.taps > 1;
    }
  }
  float* target() const { return target_; }
  const float* source() const { return source_; }  ///< the first input row
  bool inside() const { return inside_; }
  bool blended() const { return blended_; }  ///< whether there is more than one

  /// Sum of the input rows by their weights.
  void blend(float* y) const {
    int64_t tap[kMaxRank] = {};
    const float* first = source_;
    float first_weight = weight(tap);
    next(tap, &first);  // there are two at least
    const BlendRows blend = state_.kernel->blend;
    blend(source_, first_weight, first, weight(tap), state_.inner_in, y);
    while (next(tap, &first)) blend(y, 1.0f, first, weight(tap), state_.inner_in, y);
  }

 private:
  /// Product of the weights of the chosen taps.
  float weight(const int64_t* tap) const {
    float product = 1;
    for (int d = 0; d < state_.rank; ++d) {
      const Axis& axis = state_.outer[d];
      if (axis.taps.taps > 1) product *= axis.taps.weights[tap[d] * axis.size + index_[d]];
    }
    return product;
  }
  /// Moves on to the next combination of taps; false after the last one.
  bool next(int64_t* tap, const float** row) const {
    for (int d = state_.rank - 1; d >= 0; --d) {
      const Axis& axis = state_.outer[d];
      *row += axis.source_stride;
      if (++tap[d] < axis.taps.taps) return true;
      *row -= tap[d] * axis.source_stride;
      tap[d] = 0;
    }
    return false;
  }

  const State& state_;
  int64_t index_[kMaxRank] = {};
  const float* source_;
  float* target_;
  bool inside_ = true;
  bool blended_ = false;
};

/// One whole row along the innermost axis, where that is inside.
void interpolate_inner(const State& state, const float* x, float* y) {
  const Axis& axis = state.inner;
  if (axis.taps.taps == 0) {
    memcpy(y, x, static_cast<size_t>(axis.size) * sizeof(float));
    return;
  }
  state.kernel->interpolate(x, axis.taps.starts, axis.taps.weights, axis.taps.taps, axis.size, y);
  std::fill(y, y + axis.taps.inside_begin, state.extrapolation);
  std::fill(y + axis.taps.inside_end, y + axis.size, state.extrapolation);
}

void resize_row(const State& state, const Row& row, float* scratch) {
  if (!row.inside()) {
    std::fill_n(row.target(), state.inner.size, state.extrapolation);
  } else if (!row.blended()) {
    interpolate_inner(state, row.source(), row.target());
  } else if (state.inner.taps.taps == 0) {
    row.blend(row.target());
  } else {
    row.blend(scratch);
    interpolate_inner(state, scratch, row.target());
  }
}

void run(const void* memory, uint32_t task, void* scratch) {
  const State& state = *static_cast<const State*>(memory);
  const int64_t end = task_begin(state.rows, state.tasks, task + 1);
  const float* last_source = nullptr;  // what the row before was made of, when that was one input row
  const float* last_target = nullptr;
  for (int64_t i = task_begin(state.rows, state.tasks, task); i < end; ++i) {
    const Row row(state, i);
    const bool simple = row.inside() && !row.blended();
    if (simple && row.source() == last_source) {
      memcpy(row.target(), last_target, static_cast<size_t>(state.inner.size) * sizeof(float));
    } else {
      resize_row(state, row, static_cast<float*>(scratch));
    }
    last_source = simple ? row.source() : nullptr;
    last_target = row.target();
  }
}

}  // namespace

extern const OpRun kResizeRun = {
    "Resize", 1, 1, Layout::kPlanar, Layout::kPlanar, infer, nullptr, state_bytes, scratch_bytes, bind, run,
};

}  // namespace lacuna
