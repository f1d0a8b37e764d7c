#include "kernels/ops/conv/depthwise.h"

#include <algorithm>
#include <new>
#include <type_traits>

#include "kernels/dwconv/plan.h"
#include "kernels/epilogue.h"
#include "kernels/halves/select_halves.h"
#include "kernels/planes.h"
#include "kernels/select.h"
#include "kernels/split_rows.h"

namespace lacuna {
namespace {

/// Followed by the tables of the plan. T: float or Half.
template <class T>
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  PlanesOf<T> x, y, residual;
  PackedWeights weights;
  Epilogue epilogue;
  DwconvPlan plan;
  void (*convolve)(const DwconvTileOf<T>& tile);
  int64_t multiplier;  ///< output planes of an input plane
  int64_t block;       ///< input planes that a kernel is given at once
  int64_t blocks;      ///< of one batch
  int64_t strips;      ///< of a plane
  int64_t items;       ///< strips of all blocks
  uint32_t tasks;
};

constexpr size_t kTablesOffset = align_up(sizeof(State<float>));
static_assert(sizeof(State<Half>) == sizeof(State<float>));

/// Planes that a kernel is given at once write no more than this, so that they are still in L1 for the activation.
constexpr int64_t kBlockFloats = 4096;
/// Fewer blocks a thread share the work badly.
constexpr int64_t kBlocksPerThread = 4;

template <class T>
int64_t choose_block(const State<T>& s, int64_t batch, uint32_t threads) {
  if (s.multiplier > 1 || s.strips > 1) return 1;
  const int64_t in_cache = kBlockFloats / (s.plan.height.out * s.plan.width.out);
  const int64_t shared = s.weights.groups * batch / (threads * kBlocksPerThread);
  return std::clamp<int64_t>(std::min(in_cache, shared), 1, s.weights.groups);
}

template <class T>
void run_item(const State<T>& s, int64_t item, void* scratch) {
  const int64_t strip = item % s.strips, block = item / s.strips % s.blocks, batch = item / s.strips / s.blocks;
  const int64_t channel = block * s.block, row = channel * s.multiplier;
  const int64_t taps = s.plan.height.kernel * s.plan.width.kernel;
  DwconvTileOf<T> tile;
  tile.plan = &s.plan;
  tile.x = s.x.at(batch, channel);
  tile.weights = reinterpret_cast<const T*>(s.weights.values.data) + row * taps;
  tile.bias = s.weights.bias.empty() ? nullptr : s.weights.bias.data + row;
  tile.first_row = strip * s.plan.strip_rows;
  tile.rows = std::min(s.plan.strip_rows, s.plan.height.out - tile.first_row);
  const int64_t first = tile.first_row * s.plan.width.out;
  tile.y = s.y.at(batch, row) + first;
  tile.residual = s.residual.data == nullptr ? nullptr : s.residual.at(batch, row) + first;
  tile.clamps = s.epilogue.clamps;
  tile.low = s.epilogue.low;
  tile.high = s.epilogue.high;
  tile.scratch = static_cast<float*>(scratch);
  tile.planes = std::min(s.block, s.weights.groups - channel) * s.multiplier;
  tile.x_stride = s.multiplier > 1 ? 0 : s.x.channel_stride;
  tile.y_stride = s.y.channel_stride;
  tile.residual_stride = s.residual.channel_stride;
  s.convolve(tile);
  if constexpr (std::is_same_v<T, float>) {  // halves are clamped or nothing
    for (int64_t i = 0; i < tile.planes; ++i) {
      s.epilogue.after.apply(tile.y + i * tile.y_stride, static_cast<size_t>(tile.rows * s.plan.width.out));
    }
  }
}

template <class T>
void run_depthwise(const void* state, uint32_t task, void* scratch) {
  const auto& s = *static_cast<const State<T>*>(state);
  const int64_t end = task_begin(s.items, s.tasks, task + 1);
  for (int64_t item = task_begin(s.items, s.tasks, task); item < end; ++item) {
    run_item(s, item, scratch);
  }
}

/// All but the kernel.
template <class T>
State<T>& bind_state(const OpStep& step, const ConvGeometry& g, const BindContext& context, void* memory) {
  State<T>& s = *new (memory) State<T>{};
  s.run = run_depthwise<T>;
  s.x = PlanesOf<T>(step.inputs[0]);
  s.y = PlanesOf<T>(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = PlanesOf<T>(step.inputs[1]);
  s.weights = *step.weights;
  s.epilogue = bind_epilogue(step.attrs_as<fbs::ConvAttrs>().activation(), context.isas);
  s.plan = plan_dwconv(g.height, g.width, static_cast<uint8_t*>(memory) + kTablesOffset);
  s.strips = ceil_div(g.height.out, s.plan.strip_rows);
  s.multiplier = g.rows;
  s.block = choose_block(s, g.batch, context.threads);
  s.blocks = ceil_div(g.groups, s.block);
  s.items = g.batch * s.blocks * s.strips;
  const int64_t pixels = g.batch * g.height.out * g.width.out;
  s.tasks = split_parts(s.items, useful_threads(static_cast<int64_t>(s.weights.values.size) * pixels, context.threads));
  return s;
}

}  // namespace

DepthwiseNeeds depthwise_needs(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  const BuiltWindow window = dwconv_kernel_window(g.height, g.width);
  return {window, window.kernel > 0 && g.width.out <= kNarrowRow, step.inputs.size > 1 && step.inputs[1].present};
}

size_t depthwise_state_bytes(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  return kTablesOffset + dwconv_table_bytes(g.height, g.width);
}

size_t depthwise_scratch_bytes(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  return dwconv_scratch_bytes(g.height, g.width);
}

Binding bind_depthwise(const OpStep& step, const BindContext& context, void* memory) {
  const ConvGeometry g = conv_geometry(step);
  State<float>& s = bind_state<float>(step, g, context, memory);
  const DwconvKernel& kernel = select_kernel(kDwconvKernels, context.isas, [&](const DwconvKernel& k) {
    return k.method == s.plan.method && (k.kernel == 0 || (k.kernel == g.width.kernel && k.stride == g.width.stride));
  });
  s.convolve = kernel.function;
  return {s.tasks, kernel.name};
}

bool depthwise_computes_halves(const ConvGeometry& g) {
  const Window& w = g.width;
  const bool square = w.kernel == g.height.kernel && w.stride == g.height.stride;
  const bool known = (w.kernel == 3 || w.kernel == 5) && w.stride <= 2;
  const bool centred = w.pad == w.kernel / 2 || (w.stride == 2 && w.pad == w.kernel / 2 - 1);
  return square && known && centred && w.dilation == 1 && g.height.dilation == 1 && g.height.pad < w.kernel &&
         whole_rows_suit(w, kHalfLanes);
}

Binding bind_half_depthwise(const OpStep& step, const BindContext& context, void* memory) {
  const ConvGeometry g = conv_geometry(step);
  State<Half>& s = bind_state<Half>(step, g, context, memory);
  const HalfKernels& kernels = *select_halves(context.isas);
  const auto& kernel = (g.width.kernel == 3 ? kernels.dwconv_3x3 : kernels.dwconv_5x5)[g.width.stride - 1];
  s.convolve = kernel.function;
  return {s.tasks, kernel.name};
}

}  // namespace lacuna
