// Pool: largest values and averages over windows in 2 or 3 spatial dimensions.
#include "kernels/pool/pool.h"

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/op.h"
#include "kernels/rows/loop_nest.h"
#include "kernels/select.h"

namespace lacuna {
namespace {

/// Largest kernel, stride, dilation and padding: far beyond any model, small enough for all arithmetic here.
constexpr uint32_t kMaxWindow = 1 << 20;

struct PoolEntry {
  Isa isa;
  const char* names[2];       ///< by PoolKind
  PoolFunction functions[2];  ///< by PoolKind
};

constexpr PoolEntry kEntries[] = {
#define LACUNA_POOL_KERNEL(isa, max, average) {isa, {#max, #average}, {if_built(max, isa), if_built(average, isa)}},
#include "kernels/pool/kernels.inc"
#undef LACUNA_POOL_KERNEL
};

/// A range of taps: [first, last) of a window.
struct Taps {
  int64_t first;
  int64_t last;
  int64_t size() const { return last - first; }
};

/// Windows along one dimension.
struct Axis {
  int64_t in = 1;
  int64_t out = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;

  int64_t extent() const { return (kernel - 1) * dilation + 1; }
  int64_t start(int64_t o) const { return o * stride - pad_begin; }

  /// Taps of window o before position `end` and not before `begin`.
  Taps taps(int64_t o, int64_t begin, int64_t end) const {
    const auto taps_before = [&](int64_t position) {
      const int64_t distance = position - start(o);
      return distance <= 0 ? 0 : std::min(kernel, ceil_div(distance, dilation));
    };
    return {taps_before(begin), taps_before(end)};
  }
  Taps taps_inside(int64_t o) const { return taps(o, 0, in); }

  /// Taps that an average counts, at least 1.
  int64_t counted(int64_t o, bool include_pad) const {
    const Taps all = include_pad ? taps(o, -pad_begin, in + pad_end) : taps_inside(o);
    return std::max<int64_t>(all.size(), 1);
  }
};

/// Depth, height and width; a 2-D pool has one of depth.
struct Window {
  Axis depth, height, width;

  int64_t line() const { return std::max(width.pad_begin + width.in, (width.out - 1) * width.stride + width.extent()); }
};

struct State {
  const float* x;
  float* y;
  PoolFunction function;
  bool include_pad;
  uint32_t tasks;
  int64_t units;  ///< output rows of all planes
  Window window;
  LoopNest<2> planes;  ///< x, y
  // The counts of the width follow.

  float* counts() { return reinterpret_cast<float*>(this + 1); }
  const float* counts() const { return reinterpret_cast<const float*>(this + 1); }
};

/// Reads dimension i of the attributes and computes the output size; the attributes have an entry for it.
lacuna_status read_axis(const fbs::PoolAttrs& attrs, uint32_t i, int64_t in, Axis* axis, lacuna_error* error) {
  const auto check = [&](const flatbuffers::Vector<uint32_t>& values, uint32_t least) {
    const uint32_t value = values.Get(i);
    if (value >= least && value <= kMaxWindow) return LACUNA_OK;
    return fail(error, LACUNA_ERROR_MEANING, "spatial dimension %u: kernel, stride, dilation or pad is %u", i, value);
  };
  // A file may have one vector in the place of several.
  for (const auto* sizes : {attrs.kernel(), attrs.stride(), attrs.dilation()}) {
    LACUNA_RETURN_IF_ERROR(check(*sizes, 1));
  }
  for (const auto* pads : {attrs.pads_begin(), attrs.pads_end()}) LACUNA_RETURN_IF_ERROR(check(*pads, 0));
  *axis = {in,
           0,
           attrs.kernel()->Get(i),
           attrs.stride()->Get(i),
           attrs.dilation()->Get(i),
           attrs.pads_begin()->Get(i),
           attrs.pads_end()->Get(i)};
  const int64_t room = in + axis->pad_begin + axis->pad_end - axis->extent();
  if (room < 0) {
    return fail(error, LACUNA_ERROR_MEANING, "spatial dimension %u: a window of %lld is larger than the padded input",
                i, static_cast<long long>(axis->extent()));
  }
  axis->out = (attrs.ceil_mode() ? ceil_div(room, axis->stride) : room / axis->stride) + 1;
  if (attrs.ceil_mode() && axis->start(axis->out - 1) >= in) --axis->out;
  return LACUNA_OK;
}

lacuna_status read_window(const OpStep& step, Window* window, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::PoolAttrs>();
  const Shape& x = step.inputs[0].shape;
  const int spatial = x.rank - 2;
  if (spatial < 2 || spatial > 3) {
    return fail(error, LACUNA_ERROR_MEANING, "x has rank %d; 4 or 5 is needed", x.rank);
  }
  LACUNA_RETURN_IF_ERROR(check_length(attrs.kernel(), spatial, "kernel", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.stride(), spatial, "stride", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.dilation(), spatial, "dilation", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.pads_begin(), spatial, "pads_begin", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.pads_end(), spatial, "pads_end", error));
  Axis* axes[] = {&window->depth, &window->height, &window->width};
  for (int i = 0; i < spatial; ++i) {
    LACUNA_RETURN_IF_ERROR(read_axis(attrs, static_cast<uint32_t>(i), x[2 + i], axes[3 - spatial + i], error));
  }
  return LACUNA_OK;
}

/// The window of a step that infer has accepted.
Window window_of(const OpStep& step) {
  Window window;
  static_cast<void>(read_window(step, &window, nullptr));
  return window;
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::PoolAttrs>();
  if (static_cast<int>(attrs.kind()) > static_cast<int>(fbs::PoolKind::MAX)) {
    return fail(error, LACUNA_ERROR_MEANING, "unknown pool %d", static_cast<int>(attrs.kind()));
  }
  Window window;
  LACUNA_RETURN_IF_ERROR(read_window(step, &window, error));
  const Shape& x = step.inputs[0].shape;
  *output = {};
  LACUNA_RETURN_IF_ERROR(push_dim(x[0], output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(x[1], output, error));
  if (x.rank == 5) LACUNA_RETURN_IF_ERROR(push_dim(window.depth.out, output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(window.height.out, output, error));
  return push_dim(window.width.out, output, error);
}

size_t state_bytes(const OpStep& step) {
  return sizeof(State) + static_cast<size_t>(window_of(step).width.out) * sizeof(float);
}

size_t scratch_bytes(const OpStep& step) {
  return static_cast<size_t>(window_of(step).line() + kPoolSlack) * sizeof(float);
}

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const auto& attrs = step.attrs_as<fbs::PoolAttrs>();
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  const auto kind = static_cast<size_t>(attrs.kind());
  const PoolEntry& entry = select_kernel(kEntries, context.isas);
  auto& state = *static_cast<State*>(memory);
  state = {};
  state.x = x.data;
  state.y = y.data;
  state.function = entry.functions[kind];
  state.include_pad = attrs.count_include_pad();
  state.window = window_of(step);
  for (int i = 0; i < 2; ++i) state.planes.add(x.shape[i], {x.strides[i], y.strides[i]});
  const Window& window = state.window;
  for (int64_t o = 0; o < window.width.out; ++o) {
    state.counts()[o] = static_cast<float>(window.width.counted(o, state.include_pad));
  }
  state.units = state.planes.elements() * window.depth.out * window.height.out;
  const int64_t taps = window.depth.kernel * window.height.kernel + window.width.kernel;
  state.tasks = split_tasks(count(y.shape) * std::min<int64_t>(taps, 64), state.units, context.threads);
  return {state.tasks, entry.names[kind]};
}

/// A row of output pixels: its input starts `offset` floats behind the start of the plane.
struct RowOfPlane {
  PoolRow row;
  int64_t offset;
};

RowOfPlane describe_row(const State& state, int64_t od, int64_t oh) {
  const Axis& depth = state.window.depth;
  const Axis& height = state.window.height;
  const Axis& width = state.window.width;
  const Taps in_depth = depth.taps_inside(od), in_height = height.taps_inside(oh);
  RowOfPlane result;
  PoolRow& row = result.row;
  // Without any tap inside, the row's own address is not formed.
  const bool empty = in_depth.size() <= 0 || in_height.size() <= 0;
  row.depth_taps = empty ? 0 : in_depth.size();
  row.depth_step = depth.dilation * height.in * width.in;
  row.height_taps = empty ? 0 : in_height.size();
  row.height_step = height.dilation * width.in;
  result.offset = 0;
  if (!empty) {
    const int64_t first_depth = depth.start(od) + in_depth.first * depth.dilation;
    const int64_t first_height = height.start(oh) + in_height.first * height.dilation;
    result.offset = (first_depth * height.in + first_height) * width.in;
  }
  row.width = width.in;
  row.pad = width.pad_begin;
  row.kernel = width.kernel;
  row.stride = width.stride;
  row.dilation = width.dilation;
  row.out_width = width.out;
  row.line = state.window.line();
  row.counts = state.counts();
  row.outer_count = static_cast<float>(depth.counted(od, state.include_pad) * height.counted(oh, state.include_pad));
  return result;
}

void run(const void* memory, uint32_t task, void* scratch) {
  const auto& state = *static_cast<const State*>(memory);
  const int64_t height = state.window.height.out, rows = state.window.depth.out * height;
  int64_t unit = task_begin(state.units, state.tasks, task);
  const int64_t end = task_begin(state.units, state.tasks, task + 1);
  int64_t row = unit % rows, described = row;
  RowOfPlane line = describe_row(state, row / height, row % height);
  for (LoopCursor<2> plane(state.planes, state.planes.rank, unit / rows); unit < end; plane.next()) {
    for (; row < rows && unit < end; ++row, ++unit) {
      if (row != described) line = describe_row(state, row / height, row % height);
      described = row;
      line.row.x = state.x + plane.offset[0] + line.offset;
      state.function(line.row, static_cast<float*>(scratch), state.y + plane.offset[1] + row * state.window.width.out);
    }
    row = 0;
  }
}

}  // namespace

extern const OpRun kPoolRun = {
    "Pool",         1,   1, Layout::kPlanar, Layout::kPlanar, infer, nullptr, state_bytes, scratch_bytes, bind, run,
    InPlace::kNone, true};

}  // namespace lacuna
