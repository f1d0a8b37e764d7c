#include "converter/report/summary.h"

#include <algorithm>
#include <set>

#include "kernels/gemm/dense_rows.h"
#include "kernels/ops/conv/depthwise.h"
#include "kernels/ops/conv/tiles.h"
#include "kernels/ops/fully_connected/fully_connected.h"
#include "kernels/ops/resize/taps.h"
#include "sdk/format/step_view.h"

namespace lacuna {
namespace {

TensorSummary summarize_value(const fbs::Program& program, uint32_t index) {
  return {text_of(program.values()->Get(index)->name()), place_value(program, index, {}).view.shape};
}

uint64_t index_and_value_bytes(const fbs::PackedWeights& weights) {
  return weights.index_bytes() + weights.values_bytes();
}

LayerSummary summarize_step(const fbs::Program& program, const fbs::Step& step) {
  LayerSummary layer;
  layer.name = text_of(step.name());
  layer.op = fbs::EnumNameOpAttrs(step.attrs_type());
  layer.shape = summarize_value(program, step.outputs()->Get(0)).shape;
  layer.halves = program.values()->Get(step.outputs()->Get(0))->dtype() == fbs::Dtype::F16;
  layer.packing = "-";
  if (step.weights() != nullptr) {
    layer.packing = fbs::EnumNamePacking(step.weights()->packing());
    layer.weight_bytes = index_and_value_bytes(*step.weights()) + step.weights()->bias_bytes();
  }
  if (const fbs::Choice* choice = step.choice(); choice != nullptr) {
    layer.reason = text_of(choice->reason());
    layer.pattern = text_of(choice->pattern());
    for (uint32_t i = 0; i < size_of(choice->predicted()); ++i) {
      const fbs::PackingTime& time = *choice->predicted()->Get(i);
      layer.predicted.push_back({time.packing(), time.microseconds()});
    }
    layer.break_even = choice->break_even();
    layer.weights = choice->weights();
    layer.nonzeros = choice->nonzeros();
    layer.macs = choice->macs();
    layer.nonzero_macs = choice->nonzero_macs();
  }
  return layer;
}

/// The activation of a step's attributes; null without.
const fbs::Activation* activation_of(const fbs::Step& step) {
  switch (step.attrs_type()) {
    case fbs::OpAttrs::Conv:
      return step.attrs_as_Conv()->activation();
    case fbs::OpAttrs::FullyConnected:
      return step.attrs_as_FullyConnected()->activation();
    case fbs::OpAttrs::Unary:
      return step.attrs_as_Unary()->function();
    case fbs::OpAttrs::Binary:
      return step.attrs_as_Binary()->activation();
    case fbs::OpAttrs::Affine:
      return step.attrs_as_Affine()->activation();
    default:
      return nullptr;
  }
}

/// As "3x3s2p0"; "any" where the kernel is not made for the window.
std::string window_name(const BuiltWindow& window) {
  const std::string kernel = std::to_string(window.kernel);
  if (window.kernel == 0) return "any";
  return kernel + "x" + kernel + "s" + std::to_string(window.stride) + "p" + std::to_string(window.pad);
}

void add_depthwise_variants(const OpStep& step, std::set<std::string>& variants) {
  const DepthwiseNeeds needs = depthwise_needs(step);
  variants.insert("Depthwise/" + window_name(needs.window));
  if (needs.narrow) variants.insert("Depthwise/Narrow");
  if (needs.residual) variants.insert("Depthwise/Residual");
}

std::string tile_name(TileKind kind) { return std::string("Tile/") + kTileKindNames[static_cast<int>(kind)]; }

void add_weight_variants(const OpStep& step, bool convolves, std::set<std::string>& variants) {
  const fbs::Packing packing = step.weights->packing;
  variants.insert(std::string("Packing/") + fbs::EnumNamePacking(packing));
  if (packing == fbs::Packing::Depthwise) return add_depthwise_variants(step, variants);
  const TileKind kind = convolves ? conv_tile_kind(step) : fully_connected_tile_kind(step);
  variants.insert(tile_name(kind));
  if (convolves && has_half_block(*step.weights)) variants.insert(tile_name(TileKind::kHalfBlock));
  if (step.weights->ordered) variants.insert(tile_name(TileKind::kOrderedRows));
}

void add_resize_variants(const OpStep& step, std::set<std::string>& variants) {
  const ResizeNeeds needs = resize_needs(step);
  constexpr const char* kNames[] = {"Resize/any", "Resize/1", "Resize/2"};
  for (int taps = 0; taps <= 2; ++taps) {
    if ((needs.taps >> taps & 1) != 0) variants.insert(kNames[taps]);
  }
  if (needs.stretch) variants.insert("Resize/Stretch");
  if (needs.reduce) variants.insert("Resize/Reduce");
}

/// What the kernels of a step are for.
void add_variants(const fbs::Program& program, const fbs::Step& step, std::set<std::string>& variants) {
  if (program.values()->Get(step.outputs()->Get(0))->dtype() == fbs::Dtype::F16) variants.insert("Dtype/F16");
  const StepView view(program, step, {});
  if (step.weights() != nullptr) {
    add_weight_variants(view.step(), step.attrs_type() == fbs::OpAttrs::Conv, variants);
  }
  if (step.attrs_type() == fbs::OpAttrs::Resize) add_resize_variants(view.step(), variants);
  const fbs::Activation* activation = activation_of(step);
  const fbs::UnaryKind unary = activation == nullptr ? fbs::UnaryKind::Identity : activation->kind();
  variants.insert(std::string("UnaryKind/") + fbs::EnumNameUnaryKind(unary));
  if (const fbs::BinaryAttrs* binary = step.attrs_as_Binary(); binary != nullptr) {
    variants.insert(std::string("BinaryKind/") + fbs::EnumNameBinaryKind(binary->kind()));
  }
}

void add_weights(const fbs::PackedWeights& weights, const LayerSummary& layer, Summary& summary) {
  summary.weights += layer.weights;
  summary.nonzeros += layer.nonzeros;
  if (!is_sparse(weights.packing())) return;
  summary.sparse_nonzeros += layer.nonzeros;
  summary.sparse_bytes += index_and_value_bytes(weights);
}

std::vector<LayerSummary> summarize_steps(const fbs::Program& program, Summary& summary) {
  std::vector<LayerSummary> layers;
  std::set<std::pair<uint64_t, uint64_t>> seen;  // where weights lie in the segment
  for (uint32_t i = 0; i < size_of(program.steps()); ++i) {
    const fbs::Step& step = *program.steps()->Get(i);
    LayerSummary layer = summarize_step(program, step);
    add_variants(program, step, summary.variants);
    summary.macs += layer.macs;
    summary.nonzero_macs += layer.nonzero_macs;
    if (const fbs::PackedWeights* weights = step.weights(); weights != nullptr) {
      layer.shares_weights = !seen.emplace(weights->index_offset(), weights->values_offset()).second;
      if (!layer.shares_weights) add_weights(*weights, layer, summary);
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// Lets a buffer live as long as one more value in it.
void extend(Buffer& buffer, int first, int last) {
  buffer.life = buffer.life.used() ? Life{std::min(buffer.life.first, first), std::max(buffer.life.last, last)}
                                   : Life{first, last};
}

std::vector<Buffer> summarize_buffers(const fbs::Program& program) {
  std::vector<Buffer> buffers;
  for (uint32_t i = 0; i < size_of(program.buffers()); ++i) {
    const fbs::Buffer& source = *program.buffers()->Get(i);
    Buffer buffer;
    buffer.bytes = source.bytes();
    buffer.offset = source.offset();
    buffers.push_back(buffer);
  }
  const auto add = [&](uint32_t index, int first) {
    const fbs::Value& value = *program.values()->Get(index);
    const uint32_t end = std::min(value.live_until(), size_of(program.steps()) + 1);
    extend(buffers[value.buffer()], first, std::max(first, static_cast<int>(end) - 1));
  };
  for (uint32_t i = 0; i < size_of(program.inputs()); ++i) add(program.inputs()->Get(i), -1);
  for (uint32_t i = 0; i < size_of(program.steps()); ++i) {
    add(program.steps()->Get(i)->outputs()->Get(0), static_cast<int>(i));
  }
  return buffers;
}

}  // namespace

double LayerSummary::predicted_us() const {
  for (const PackingTime& time : predicted) {
    if (packing == fbs::EnumNamePacking(time.packing)) return time.us;
  }
  return 0;
}

Summary summarize(const ModelView& model, uint64_t file_bytes) {
  const fbs::Program& program = *model.program;
  Summary summary;
  summary.producer = text_of(program.producer());
  summary.source = text_of(program.source());
  summary.target = text_of(program.target());
  summary.costs = text_of(program.costs());
  summary.file_bytes = file_bytes;
  summary.weight_bytes = model.weight_bytes;
  summary.arena_bytes = program.arena_bytes();
  for (uint32_t i = 0; i < size_of(program.inputs()); ++i) {
    summary.inputs.push_back(summarize_value(program, program.inputs()->Get(i)));
  }
  for (uint32_t i = 0; i < size_of(program.outputs()); ++i) {
    summary.outputs.push_back(summarize_value(program, program.outputs()->Get(i)));
  }
  summary.layers = summarize_steps(program, summary);
  summary.buffers = summarize_buffers(program);
  for (const Buffer& buffer : summary.buffers) summary.naive_arena_bytes += buffer.bytes;
  return summary;
}

std::string draw_arena(const Summary& summary) {
  constexpr int kRows = 12;
  constexpr int kColumns = 100;
  return draw_plan(summary.buffers, summary.arena_bytes, static_cast<int>(summary.layers.size()), kRows, kColumns);
}

}  // namespace lacuna
