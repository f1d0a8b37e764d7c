#include "kernels/ops/conv/depthwise.h"

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
  int64_t strips;  ///< of a plane
  int64_t items;   ///< strips of all planes
  uint32_t tasks;
};

void run_strip(const State& s, int64_t item, float* scratch) {
  const int64_t strip = item % s.strips, plane = item / s.strips;
  const int64_t channel = plane % s.weights.groups, batch = plane / s.weights.groups;
  DwconvTile tile;
  tile.plan = &s.plan;
  tile.x = s.x.at(batch, channel);
  tile.first_row = strip * s.plan.strip_rows;
  tile.rows = std::min(s.plan.strip_rows, s.plan.height.out - tile.first_row);
  tile.clamps = s.epilogue.clamps;
  tile.low = s.epilogue.low;
  tile.high = s.epilogue.high;
  tile.scratch = scratch;
  const int64_t width = s.plan.width.out;
  const int64_t multiplier = s.weights.rows / s.weights.groups;
  const int64_t taps = s.plan.height.kernel * s.plan.width.kernel;
  for (int64_t row = channel * multiplier; row < (channel + 1) * multiplier; ++row) {
    tile.weights = s.weights.values.data + row * taps;
    tile.bias = s.weights.bias.empty() ? 0.0f : s.weights.bias.data[row];
    tile.y = s.y.at(batch, row) + tile.first_row * width;
    tile.residual = s.residual.data == nullptr ? nullptr : s.residual.at(batch, row) + tile.first_row * width;
    s.convolve(tile);
    s.epilogue.after.apply(tile.y, static_cast<size_t>(tile.rows * width));
  }
}

void run_depthwise(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items, s.tasks, task + 1);
  for (int64_t item = task_begin(s.items, s.tasks, task); item < end; ++item) {
    run_strip(s, item, static_cast<float*>(scratch));
  }
}

}  // namespace

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
  s.items = g.batch * g.groups * s.strips;
  const int64_t pixels = g.batch * g.height.out * g.width.out;
  s.tasks = split_parts(s.items, useful_threads(static_cast<int64_t>(s.weights.values.size) * pixels, context.threads));
  const DwconvKernel& kernel = select_kernel(kDwconvKernels, context.isas, [&](const DwconvKernel& k) {
    return k.method == s.plan.method && (k.kernel == 0 || (k.kernel == g.width.kernel && k.stride == g.width.stride));
  });
  s.convolve = kernel.function;
  return {s.tasks, kernel.name};
}

}  // namespace lacuna
