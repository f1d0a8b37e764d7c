#include "kernels/ops/conv/depthwise.h"

#include <algorithm>
#include <new>

#include "kernels/dwconv/plan.h"
#include "kernels/epilogue.h"
#include "kernels/ops/conv/geometry.h"
#include "kernels/ops/conv/planes.h"
#include "kernels/select.h"
#include "kernels/split_rows.h"

namespace lacuna {
namespace {

/// Followed by the tables of the plan.
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  Planes x, y, residual;
  PackedWeights weights;
  Epilogue epilogue;
  DwconvPlan plan;
  DwconvFunction convolve;
  int64_t multiplier;  ///< output planes of an input plane
  int64_t block;       ///< input planes that a kernel is given at once
  int64_t blocks;      ///< of one batch
  int64_t strips;      ///< of a plane
  int64_t items;       ///< strips of all blocks
  uint32_t tasks;
};

/// Planes that a kernel is given at once write no more than this, so that they are still in L1 for the activation.
constexpr int64_t kBlockFloats = 4096;
/// Fewer blocks a thread share the work badly.
constexpr int64_t kBlocksPerThread = 4;

int64_t choose_block(const State& s, int64_t batch, uint32_t threads) {
  if (s.multiplier > 1 || s.strips > 1) return 1;
  const int64_t in_cache = kBlockFloats / (s.plan.height.out * s.plan.width.out);
  const int64_t shared = s.weights.groups * batch / (threads * kBlocksPerThread);
  return std::clamp<int64_t>(std::min(in_cache, shared), 1, s.weights.groups);
}

void run_item(const State& s, int64_t item, float* scratch) {
  const int64_t strip = item % s.strips, block = item / s.strips % s.blocks, batch = item / s.strips / s.blocks;
  const int64_t channel = block * s.block, row = channel * s.multiplier;
  const int64_t taps = s.plan.height.kernel * s.plan.width.kernel;
  DwconvTile tile;
  tile.plan = &s.plan;
  tile.x = s.x.at(batch, channel);
  tile.weights = s.weights.values.data + row * taps;
  tile.bias = s.weights.bias.empty() ? nullptr : s.weights.bias.data + row;
  tile.first_row = strip * s.plan.strip_rows;
  tile.rows = std::min(s.plan.strip_rows, s.plan.height.out - tile.first_row);
  const int64_t first = tile.first_row * s.plan.width.out;
  tile.y = s.y.at(batch, row) + first;
  tile.residual = s.residual.data == nullptr ? nullptr : s.residual.at(batch, row) + first;
  tile.clamps = s.epilogue.clamps;
  tile.low = s.epilogue.low;
  tile.high = s.epilogue.high;
  tile.scratch = scratch;
  tile.planes = std::min(s.block, s.weights.groups - channel) * s.multiplier;
  tile.x_stride = s.multiplier > 1 ? 0 : s.x.channel_stride;
  tile.y_stride = s.y.channel_stride;
  tile.residual_stride = s.residual.channel_stride;
  s.convolve(tile);
  for (int64_t i = 0; i < tile.planes; ++i) {
    s.epilogue.after.apply(tile.y + i * tile.y_stride, static_cast<size_t>(tile.rows * s.plan.width.out));
  }
}

void run_depthwise(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items, s.tasks, task + 1);
  for (int64_t item = task_begin(s.items, s.tasks, task); item < end; ++item) {
    run_item(s, item, static_cast<float*>(scratch));
  }
}

}  // namespace

DepthwiseNeeds depthwise_needs(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  const BuiltWindow window = dwconv_kernel_window(g.height, g.width);
  return {window, window.kernel > 0 && g.width.out <= kNarrowRow, step.inputs.size > 1 && step.inputs[1].present};
}

size_t depthwise_state_bytes(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  return align_up(sizeof(State)) + dwconv_table_bytes(g.height, g.width);
}

size_t depthwise_scratch_bytes(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  return dwconv_scratch_bytes(g.height, g.width);
}

Binding bind_depthwise(const OpStep& step, const BindContext& context, void* memory) {
  const ConvGeometry g = conv_geometry(step);
  State& s = *new (memory) State{};
  s.run = run_depthwise;
  s.x = Planes(step.inputs[0]);
  s.y = Planes(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = Planes(step.inputs[1]);
  s.weights = *step.weights;
  s.epilogue = bind_epilogue(step.attrs_as<fbs::ConvAttrs>().activation(), context.isas);
  s.plan = plan_dwconv(g.height, g.width, static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  s.strips = ceil_div(g.height.out, s.plan.strip_rows);
  s.multiplier = g.rows;
  s.block = choose_block(s, g.batch, context.threads);
  s.blocks = ceil_div(g.groups, s.block);
  s.items = g.batch * s.blocks * s.strips;
  const int64_t pixels = g.batch * g.height.out * g.width.out;
  s.tasks = split_parts(s.items, useful_threads(static_cast<int64_t>(s.weights.values.size) * pixels, context.threads));
  const DwconvKernel& kernel = select_kernel(kDwconvKernels, context.isas, [&](const DwconvKernel& k) {
    return k.method == s.plan.method && (k.kernel == 0 || (k.kernel == g.width.kernel && k.stride == g.width.stride));
  });
  s.convolve = kernel.function;
  return {s.tasks, kernel.name};
}

}  // namespace lacuna
