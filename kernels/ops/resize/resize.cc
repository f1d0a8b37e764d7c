// Resize: separable interpolation, in one of two ways. Where rows of a plane only become more, each input row is
// interpolated along the innermost axis once, and output rows are blended from those. Otherwise the input rows that an
// output row's outer coordinates need are blended into one, which is then interpolated. Axes that do not change cost
// nothing.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/halves/select_halves.h"
#include "kernels/ops/resize/halves.h"
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
  void (*run)(const void* state, uint32_t task, void* scratch);
  const ResizeEntry* kernel;
  const float* source;
  float* target;
  float extrapolation;
  int rank;  ///< of the axes but for the innermost one
  Axis outer[kMaxRank];
  Axis inner;
  int64_t inner_in;     ///< elements of an input row
  Interpolation along;  ///< of one row, unless the innermost axis is unchanged
  bool by_planes;
  Interpolation plane;  ///< of the two innermost axes, if by planes
  bool blended;         ///< whether output rows are made of more than one input row
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

lacuna_status check(const OpStep& step, lacuna_error* error) {
  const ResizeNeeds needs = resize_needs(step);
  bool built = (!needs.reduce || is_built(ResizeTrait::kReduce)) && (!needs.stretch || is_built(ResizeTrait::kStretch));
  for (int64_t taps = 0; taps <= 2; ++taps)
    built = built && ((needs.taps >> taps & 1) == 0 || is_built(BuiltTaps{taps}));
  return built ? LACUNA_OK : fail(error, LACUNA_ERROR_MEANING, "this library has no kernels for the interpolation");
}

size_t state_bytes(const OpStep& step) {
  if (is_half(step)) return half_resize_state_bytes(step);
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  const Shape& x = step.inputs[0].shape;
  size_t bytes = kTablesOffset;
  for (int i = 0; i < x.rank; ++i) bytes += taps_bytes(attrs, resize_axis(attrs, x, i));
  if (x.rank > 0) bytes += interpolation_bytes(attrs, resize_axis(attrs, x, x.rank - 1));
  return bytes;
}

/// The blended row, or the rows that are held.
size_t scratch_bytes(const OpStep& step) {
  if (is_half(step)) return 0;
  const Shape& x = step.inputs[0].shape;
  if (x.rank == 0) return 0;
  const ResizeAxis inner = resize_axis(step.attrs_as<fbs::ResizeAttrs>(), x, x.rank - 1);
  return static_cast<size_t>(std::max(inner.in + kPitchLanes, kMaxRowTaps * pitch_of(inner))) * sizeof(float);
}

bool is_by_planes(const State& state, int64_t height_in) {
  if (state.rank == 0 || state.inner.taps.taps == 0) return false;
  for (int d = 0; d + 1 < state.rank; ++d) {
    if (state.outer[d].taps.taps > 1) return false;
  }
  const Axis& height = state.outer[state.rank - 1];
  return height.taps.taps <= 1 || (height.taps.taps <= kMaxRowTaps && height.size >= height_in);
}

/// Adds what is done across rows.
Interpolation plane_of(const State& state) {
  const Axis& height = state.outer[state.rank - 1];
  Interpolation plane = state.along;
  plane.row_taps = height.taps.taps;
  plane.row_pitch = height.taps.pitch;
  plane.row_starts = height.taps.starts;
  plane.row_weights = height.taps.weights;
  plane.x_stride = height.source_stride;
  plane.y_stride = height.target_stride;
  return plane;
}

/// Where an output row lies, and the input rows that it is made of. Without the innermost of the outer axes: a plane.
class Row {
 public:
  Row(const State& state, int axes, int64_t row) : state_(state), source_(state.source), target_(state.target) {
    for (int d = axes - 1; d >= 0; --d) {
      const Axis& axis = state.outer[d];
      index_[d] = row % axis.size;
      row /= axis.size;
      target_ += index_[d] * axis.target_stride;
      inside_ = inside_ && index_[d] >= axis.taps.inside_begin && index_[d] < axis.taps.inside_end;
      source_ += (axis.taps.taps == 0 ? index_[d] : axis.taps.starts[index_[d]]) * axis.source_stride;
    }
  }
  float* target() const { return target_; }
  const float* source() const { return source_; }  ///< the first input row
  bool inside() const { return inside_; }

  /// Sum of the input rows by their weights; there are two at least.
  void blend(float* y) const {
    int64_t tap[kMaxRank] = {};
    const float* first = source_;
    float first_weight = weight(tap);
    next(tap, &first);
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
      if (axis.taps.taps > 1) product *= axis.taps.weights[tap[d] * axis.taps.pitch + index_[d]];
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
};

bool has_ends(const Axis& axis) { return axis.taps.inside_begin > 0 || axis.taps.inside_end < axis.size; }

/// The ends of an output row, where its elements are outside.
void fill_ends(const State& state, float* y) {
  const Axis& axis = state.inner;
  std::fill(y, y + axis.taps.inside_begin, state.extrapolation);
  std::fill(y + axis.taps.inside_end, y + axis.size, state.extrapolation);
}

/// One whole row along the innermost axis, where that is inside.
void interpolate_inner(const State& state, const float* x, float* y) {
  const Axis& axis = state.inner;
  if (axis.taps.taps == 0) {
    memcpy(y, x, static_cast<size_t>(axis.size) * sizeof(float));
    return;
  }
  state.kernel->interpolate(state.along, x, 0, 1, nullptr, y);
  fill_ends(state, y);
}

void resize_row(const State& state, const Row& row, float* scratch) {
  if (!row.inside()) {
    std::fill_n(row.target(), state.inner.size, state.extrapolation);
  } else if (!state.blended) {
    interpolate_inner(state, row.source(), row.target());
  } else if (state.inner.taps.taps == 0) {
    row.blend(row.target());
  } else {
    row.blend(scratch);
    interpolate_inner(state, scratch, row.target());
  }
}

/// Output rows [begin, end).
void resize_rows(const State& state, int64_t begin, int64_t end, float* scratch) {
  const float* last_source = nullptr;  // what the row before was made of, when that was one input row
  const float* last_target = nullptr;
  for (int64_t i = begin; i < end; ++i) {
    const Row row(state, state.rank, i);
    const bool simple = row.inside() && !state.blended;
    if (simple && last_target != nullptr && row.source() == last_source) {
      memcpy(row.target(), last_target, static_cast<size_t>(state.inner.size) * sizeof(float));
    } else {
      resize_row(state, row, scratch);
    }
    last_source = simple ? row.source() : nullptr;
    last_target = row.target();
  }
}

/// Output rows [begin, end) of one plane.
void resize_plane(const State& state, const Row& plane, int64_t begin, int64_t end, float* held) {
  const Axis& height = state.outer[state.rank - 1];
  const int64_t first = plane.inside() ? std::clamp(height.taps.inside_begin, begin, end) : end;
  const int64_t last = std::clamp(height.taps.inside_end, first, end);
  if (first < last) state.kernel->interpolate(state.plane, plane.source(), first, last, held, plane.target());
  if (first == begin && last == end && !has_ends(state.inner)) return;
  for (int64_t row = begin; row < end; ++row) {
    float* y = plane.target() + row * height.target_stride;
    if (row >= first && row < last) {
      fill_ends(state, y);
    } else {
      std::fill_n(y, state.inner.size, state.extrapolation);
    }
  }
}

void resize_planes(const State& state, int64_t begin, int64_t end, float* scratch) {
  const int64_t height = state.outer[state.rank - 1].size;
  while (begin < end) {
    const int64_t plane = begin / height, first = begin % height;
    const int64_t last = std::min(height, first + end - begin);
    resize_plane(state, Row(state, state.rank - 1, plane), first, last, scratch);
    begin += last - first;
  }
}

void run_floats(const void* memory, uint32_t task, void* scratch) {
  const State& state = *static_cast<const State*>(memory);
  const int64_t begin = task_begin(state.rows, state.tasks, task);
  const int64_t end = task_begin(state.rows, state.tasks, task + 1);
  (state.by_planes ? resize_planes : resize_rows)(state, begin, end, static_cast<float*>(scratch));
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  if (is_half(step)) return bind_half_resize(step, context, memory);
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  auto* state = new (memory) State{};
  state->run = run_floats;
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
      if (bound.taps.taps > 0) state->along = interpolate_along(bound.taps, axis, state->kernel->lanes, table);
    } else {
      state->outer[state->rank++] = bound;
      state->blended = state->blended || bound.taps.taps > 1;
    }
  }
  state->by_planes = is_by_planes(*state, state->rank > 0 ? x.shape[state->rank - 1] : 1);
  if (state->by_planes) state->plane = plane_of(*state);
  state->rows = count(y.shape) / state->inner.size;
  state->tasks = split_tasks(count(y.shape), state->rows, context.threads);
  return {state->tasks, state->kernel->name};
}

void run(const void* memory, uint32_t task, void* scratch) {
  static_cast<const State*>(memory)->run(memory, task, scratch);
}

}  // namespace

ResizeNeeds resize_needs(const OpStep& step) {
  const Shape& x = step.inputs[0].shape;
  const auto& attrs = step.attrs_as<fbs::ResizeAttrs>();
  ResizeNeeds needs = {};
  for (int i = 0; i < x.rank; ++i) {
    const ResizeAxis axis = resize_axis(attrs, x, i);
    const int64_t taps = tap_count(attrs, axis);
    if (taps == 0) continue;
    needs.taps = static_cast<uint8_t>(needs.taps | 1 << (taps > 2 ? 0 : taps));
    if (i < x.rank - 1) continue;
    const bool crops = attrs.coordinates() == fbs::CoordinateMode::TfCropAndResize;
    needs.reduce = crops || axis.out < axis.in || axis.scale < 1;
    needs.stretch = !needs.reduce && (taps > 2 || axis.out < 2 * axis.in || axis.scale < 2);
  }
  return needs;
}

extern const OpRun kResizeRun = {"Resize",
                                 1,
                                 1,
                                 Layout::kPlanar,
                                 Layout::kPlanar,
                                 infer,
                                 check,
                                 state_bytes,
                                 scratch_bytes,
                                 bind,
                                 run,
                                 InPlace::kNone,
                                 true,
                                 if_built(resize_computes_halves, fbs::Dtype::F16)};

}  // namespace lacuna
