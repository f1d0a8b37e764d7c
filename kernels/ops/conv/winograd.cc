#include "kernels/ops/conv/winograd.h"

#include <algorithm>
#include <new>

#include "kernels/epilogue.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/planes.h"
#include "kernels/select.h"
#include "kernels/split_rows.h"
#include "kernels/unfold/unfold.h"
#include "kernels/winograd/winograd.h"

namespace lacuna {
namespace {

/// Runs of a band: enough for the transform of the weights not to count, few enough for the sums to stay near.
constexpr int64_t kLeastRuns = 24, kEnoughRuns = 48, kMostRuns = 256;
/// Bytes of a band's transformed inputs: less than an L2, and what is worth no more scratch.
constexpr int64_t kNearBytes = 512 << 10, kMostBytes = 1 << 20;
/// Rows of weights that make up for the transform of the inputs.
constexpr int64_t kLeastRows = 16;
/// Products that it must spare: of 100, as many as 100 * 100 / kLeastGain are left.
constexpr int64_t kLeastGain = 140;

LineTiling choose_bands(const ConvGeometry& lines, int64_t runs, int64_t points) {
  const int64_t channel_bytes = points * lines.channels * lines.width.kernel * static_cast<int64_t>(sizeof(float));
  for (int64_t rows = std::clamp<int64_t>(kMostRuns / runs, 1, lines.height.out);; --rows) {
    LineTiling tiling = cut_bands(lines, runs, rows);
    // Of an odd number of bands, one of two threads does one more.
    const LineTiling even = cut_bands(lines, runs, ceil_div(lines.height.out, tiling.bands + 1));
    if (tiling.bands > 1 && tiling.bands % 2 != 0 && even.rows * runs >= kEnoughRuns) tiling = even;
    tiling.plane_stride = tiling.source_rows * runs;
    const bool fits = channel_bytes * tiling.plane_stride <= kNearBytes;
    if (fits || rows == 1 || (rows - 1) * runs < kEnoughRuns) return tiling;
  }
}

}  // namespace

WinogradShape::WinogradShape(const ConvGeometry& g)
    : taps(ceil_div(g.width.kernel, g.width.stride)),
      points(winograd_points(taps)),
      runs(ceil_div(g.width.out, kRunOutputs)),
      lines(g),
      tiling() {
  lines.width.kernel = g.width.phases();
  tiling = choose_bands(lines, runs, points);
}

bool WinogradShape::pays(const ConvGeometry& g) const {
  const int64_t products = g.width.kernel * g.width.out, left = lines.width.kernel * points * runs;
  const int64_t bytes = points * plane_floats() * static_cast<int64_t>(sizeof(float));
  return g.rows >= kLeastRows && band_runs() >= kLeastRuns && bytes <= kMostBytes &&
         100 * products >= kLeastGain * left;
}

bool suits_winograd(const ConvGeometry& g) {
  constexpr int64_t kMostKernel = 16, kMostSize = 1 << 16;  // nothing overflows
  if (g.spatial != 2 || g.width.dilation != 1 || g.height.dilation != 1) return false;
  if (g.width.kernel > kMostKernel || g.height.kernel > kMostKernel || g.height.stride > kMostKernel) return false;
  if (g.channels > kMostSize || g.width.out > kMostSize) return false;
  const int64_t taps = ceil_div(g.width.kernel, g.width.stride);
  return (taps == 3 || taps == 4) && WinogradShape(g).pays(g);
}

#if defined(__x86_64__)
namespace {

/// Parts of the scratch, in floats.
struct Parts {
  explicit Parts(const WinogradShape& s)
      : point_inputs(s.plane_floats() + kWinogradSlack),
        point_weights(s.lines.columns() * kWeightRows),
        point_sums(kWeightRows * s.band_runs()),
        lines(s.points * point_inputs),
        weights(lines + 2 * (s.tiling.plane_stride * kRunOutputs + kWinogradSlack)),
        sums(weights + s.points * point_weights),
        outputs(sums + s.points * point_sums + kWinogradSlack),
        all(outputs + kRunOutputs * point_sums + kWinogradSlack) {}

  int64_t point_inputs, point_weights, point_sums;  ///< of one point
  int64_t lines, weights, sums, outputs, all;       ///< where each starts, inputs being first
};

/// Followed by the tables of the row ranges, sources and offsets.
struct State {
  void (*run)(const void* state, uint32_t task, void* scratch);
  PackedWeights weights;
  WinogradShape shape;
  Parts parts;
  int64_t kernel_width = 0;
  Planes x = {}, y = {}, residual = {};
  Epilogue epilogue = {};
  const WinogradKernel* kernel = nullptr;
  void (*fold_lines)(const FoldLines& tile) = nullptr;
  GemmFunction gemm = nullptr;
  int64_t batch = 0;
  RowRanges ranges = {};
  const int32_t* sources = nullptr;
  const int32_t* offsets = nullptr;
  uint32_t tasks = 0;

  int64_t items() const { return batch * weights.groups * ranges.count * shape.tiling.bands; }
};

/// A band of rows of pixels of one group.
struct Band {
  int64_t batch;
  int64_t group;
  int64_t range;  ///< of rows of weights
  int64_t row;    ///< of pixels, the first one
  int64_t rows;
};

/// The first row of weights of the band's group.
int64_t first_row(const State& s, const Band& band) { return band.group * (s.weights.rows / s.weights.groups); }

Band band_of(const State& s, int64_t item) {
  const LineTiling& tiling = s.shape.tiling;
  Band band;
  band.row = item % tiling.bands * tiling.rows;
  band.rows = std::min(tiling.rows, s.shape.lines.height.out - band.row);
  item /= tiling.bands;
  band.range = item % s.ranges.count;
  item /= s.ranges.count;
  band.group = item % s.weights.groups;
  band.batch = item / s.weights.groups;
  return band;
}

void transform_inputs(const State& s, const Band& band, float* scratch) {
  const ConvGeometry& lines = s.shape.lines;
  WinogradInput input = {};
  input.height = lines.height.in;
  input.width = lines.width.in;
  input.sources = s.sources;
  input.rows = s.shape.tiling.source_rows;
  input.row = band.row * lines.height.stride;
  input.stride = lines.width.stride;
  input.runs = s.shape.runs;
  input.lines = scratch + s.parts.lines;
  input.to = scratch;
  input.point_stride = s.parts.point_inputs;
  for (int64_t channel = 0; channel < lines.channels; ++channel) {
    input.plane = s.x.at(band.batch, band.group * lines.channels + channel);
    for (int64_t phase = 0; phase < lines.width.kernel; ++phase, input.to += s.shape.tiling.plane_stride) {
      input.first = phase - lines.width.pad;
      s.kernel->input(input);
    }
  }
}

/// Sums of the rows of a block from row `row` of the group on, point by point.
void multiply_block(const State& s, const Band& band, int64_t row, int64_t rows, float* scratch) {
  const ConvGeometry& lines = s.shape.lines;
  WinogradWeights weights = {};
  weights.from = dense_tile(s.weights, band.group, row, rows, 0, s.weights.columns).values;
  weights.lines = lines.channels * lines.height.kernel;
  weights.kernel = s.kernel_width;
  weights.phases = lines.width.kernel;
  weights.to = scratch + s.parts.weights;
  weights.point_stride = s.parts.point_weights;
  s.kernel->weights(weights);
  for (int64_t point = 0; point < s.shape.points; ++point) {
    const DenseTile tile = {weights.to + point * s.parts.point_weights, s.parts.point_weights, rows, lines.columns()};
    TileOutput out = {};
    out.y = scratch + s.parts.sums + point * s.parts.point_sums;
    out.row_stride = s.shape.band_runs();
    out.pixels = static_cast<int>(band.rows * s.shape.runs);
    out.first = true;
    if (point == kBiasPoint && !s.weights.bias.empty()) out.bias = s.weights.bias.data + first_row(s, band) + row;
    s.gemm(tile, {scratch + point * s.parts.point_inputs, 0, s.offsets}, out);
  }
}

/// Rows of outputs without gaps go where they belong, others into scratch first.
void end_block(const State& s, const Band& band, int64_t row, int64_t rows, float* scratch) {
  const int64_t width = s.shape.lines.width.out, pitch = s.shape.runs * kRunOutputs;
  const int64_t channel = first_row(s, band) + row, pixel = band.row * width;
  float* y = s.y.at(band.batch, channel) + pixel;
  const bool in_place = width == pitch && s.residual.data == nullptr;
  WinogradOutput output = {};
  output.from = scratch + s.parts.sums;
  output.point_stride = s.parts.point_sums;
  output.row_stride = s.shape.band_runs();
  output.rows = rows;
  output.runs = band.rows * s.shape.runs;
  output.to = in_place ? y : scratch + s.parts.outputs;
  output.to_stride = in_place ? s.y.channel_stride : kRunOutputs * output.row_stride;
  output.clamps = in_place && s.epilogue.clamps;
  output.low = s.epilogue.low;
  output.high = s.epilogue.high;
  s.kernel->output(output);
  if (!in_place) {
    FoldLines fold = {};
    fold.sums = output.to;
    fold.sums_stride = output.to_stride;
    fold.rows = rows;
    fold.lines = band.rows;
    fold.columns = width;
    fold.pitch = pitch;
    fold.y = y;
    fold.y_stride = s.y.channel_stride;
    fold.residual = s.residual.data == nullptr ? nullptr : s.residual.at(band.batch, channel) + pixel;
    fold.residual_stride = s.residual.channel_stride;
    fold.line_stride = width;
    fold.clamps = s.epilogue.clamps;
    fold.low = s.epilogue.low;
    fold.high = s.epilogue.high;
    s.fold_lines(fold);
  }
  if (s.epilogue.after.function == nullptr) return;
  for (int64_t r = 0; r < rows; ++r) {
    s.epilogue.after.apply(y + r * s.y.channel_stride, static_cast<size_t>(band.rows * width));
  }
}

void run_band(const State& s, const Band& band, float* scratch) {
  transform_inputs(s, band, scratch);
  const int64_t* cuts = s.ranges.cuts_of(band.group) + band.range;
  for (int64_t row = cuts[0]; row < cuts[1]; row += kWeightRows) {
    const int64_t rows = std::min(kWeightRows, cuts[1] - row);
    multiply_block(s, band, row, rows, scratch);
    end_block(s, band, row, rows, scratch);
  }
}

void run_bands(const void* state, uint32_t task, void* scratch) {
  const State& s = *static_cast<const State*>(state);
  const int64_t end = task_begin(s.items(), s.tasks, task + 1);
  for (int64_t i = task_begin(s.items(), s.tasks, task); i < end; ++i) {
    run_band(s, band_of(s, i), static_cast<float*>(scratch));
  }
}

const WinogradKernel* find_kernel(int64_t taps, IsaMask isas) {
  for (const WinogradKernel& kernel : kWinogradKernels) {
    if (kernel.taps == taps && kernel.input != nullptr && (kernel.isa & isas) != 0) return &kernel;
  }
  return nullptr;
}

}  // namespace

size_t winograd_state_bytes(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  const WinogradShape shape(g);
  const int64_t tables = RowRanges::table_size(g.groups, max_row_ranges(g.groups), 0);
  return align_up(sizeof(State)) + static_cast<size_t>(tables) * sizeof(int64_t) +
         static_cast<size_t>(shape.tiling.source_rows + shape.lines.columns()) * sizeof(int32_t);
}

size_t winograd_scratch_bytes(const OpStep& step) {
  return static_cast<size_t>(Parts(WinogradShape(conv_geometry(step))).all) * sizeof(float);
}

bool bind_winograd(const OpStep& step, const BindContext& context, void* memory, Binding* binding) {
  const ConvGeometry g = conv_geometry(step);
  const WinogradShape shape(g);
  const WinogradKernel* kernel = find_kernel(shape.taps, context.isas);
  if (kernel == nullptr) return false;
  State& s = *new (memory) State{run_bands, *step.weights, shape, Parts(shape)};
  s.kernel_width = g.width.kernel;
  s.x = Planes(step.inputs[0]);
  s.y = Planes(step.outputs[0]);
  if (step.inputs.size > 1 && step.inputs[1].present) s.residual = Planes(step.inputs[1]);
  s.epilogue = bind_epilogue(step.attrs_as<fbs::ConvAttrs>().activation(), context.isas);
  s.kernel = kernel;
  s.fold_lines = select_kernel(kUnfoldKernels, context.isas).fold_lines;
  s.gemm = select_kernel(kGemmKernels, context.isas, [&](const GemmKernel& k) {
             return k.shape == GemmShape::kTile && k.packing == s.weights.packing;
           }).function;
  s.batch = g.batch;
  const int64_t macs = static_cast<int64_t>(s.weights.values.size) * g.batch * g.height.out * g.width.out;
  const int64_t threads = useful_threads(macs, context.threads);
  const int64_t most = std::min(max_row_ranges(g.groups), row_blocks(s.weights));
  const int64_t ranges = choose_row_ranges(g.batch * g.groups * shape.tiling.bands, most, threads);
  auto* tables = reinterpret_cast<int64_t*>(static_cast<uint8_t*>(memory) + align_up(sizeof(State)));
  s.ranges = RowRanges(g.groups, ranges, 0, tables);
  cut_dense_rows(s.ranges, s.weights);
  auto* sources = reinterpret_cast<int32_t*>(tables + RowRanges::table_size(g.groups, ranges, 0));
  int32_t* offsets = sources + shape.tiling.source_rows;
  list_source_rows(shape.lines, shape.tiling, sources);
  list_column_offsets(shape.lines, shape.tiling, shape.lines.columns(), offsets);
  s.sources = sources;
  s.offsets = offsets;
  s.tasks = split_parts(s.items(), threads);
  *binding = {s.tasks, kernel->name};
  return true;
}
#endif

}  // namespace lacuna
