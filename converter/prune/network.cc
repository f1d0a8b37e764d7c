#include "converter/prune/network.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "converter/ir/operands.h"
#include "converter/passes/rewrite.h"
#include "kernels/eltwise/unary.h"
#include "platforms/cpu_features.h"
#include "sdk/base/align.h"

namespace lacuna::prune {

bool is_layer(const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Conv || node.attrs.type == fbs::OpAttrs::FullyConnected;
}

namespace {

constexpr size_t kX = 0, kWeight = 1, kBias = 2;
constexpr float kSlopeStep = 1e-2f;  ///< of the central difference that stands for an activation's slope
/// Indices up to here are exact in the floats that travel through an index map.
constexpr int64_t kMaxMapped = int64_t{1} << 24;

/// 3-D convolutions run by their reference.
bool is_plain_layer(const Graph& graph, const Node& node) {
  return node.attrs.type == fbs::OpAttrs::FullyConnected ||
         (node.attrs.type == fbs::OpAttrs::Conv && graph.shape(node.inputs[kX]).rank == 4);
}

bool is_clamp(const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Unary && node.attrs.AsUnary()->function.kind() == fbs::UnaryKind::Clamp;
}

/// Operators whose every output element is one input element or a constant.
bool moves(const Node& node) {
  switch (node.attrs.type) {
    case fbs::OpAttrs::Concat:
    case fbs::OpAttrs::Slice:
    case fbs::OpAttrs::Gather:
    case fbs::OpAttrs::Transpose:
    case fbs::OpAttrs::Expand:
    case fbs::OpAttrs::Tile:
    case fbs::OpAttrs::DepthToSpace:
    case fbs::OpAttrs::SpaceToDepth:
    case fbs::OpAttrs::Pad:
      return true;
    case fbs::OpAttrs::Resize:
      return node.attrs.AsResize()->mode == fbs::ResizeMode::Nearest;
    default:
      return false;
  }
}

bool is_map_sized(const Graph& graph, const Node& node) {
  int64_t elements = 0;
  for (const ValueId id : node.inputs) elements += id == kNoValue ? 0 : count(graph.shape(id));
  return elements + 1 < kMaxMapped;
}

/// Bilinear resizing of planes by the same factors everywhere.
bool is_plane_resize(const Graph& graph, const Node& node) {
  if (node.attrs.type != fbs::OpAttrs::Resize || node.attrs.AsResize()->mode != fbs::ResizeMode::Linear) return false;
  const Shape& x = graph.shape(node.inputs[kX]);
  const Shape& y = graph.shape(node.output);
  return x.rank == 4 && x[0] == y[0] && x[1] == y[1] &&
         node.attrs.AsResize()->coordinates != fbs::CoordinateMode::TfCropAndResize;
}

/// How a smaller operand lies in the larger one: it repeats `outer` times, each element `inner` times in a row.
struct Repeat {
  int64_t outer = 1, size = 1, inner = 1;
};

/// False when the operand is no such thing (sizes of 1 between others).
bool find_repeat(const Shape& small, const Shape& large, Repeat* repeat) {
  int first = large.rank, last = -1;  // dimensions of `large` that `small` has in full
  for (int d = 0; d < large.rank; ++d) {
    const int own = d - (large.rank - small.rank);
    if (own < 0 || small[own] == 1) continue;
    if (small[own] != large[d]) return false;
    first = std::min(first, d);
    last = d;
  }
  for (int d = first; d <= last; ++d) {
    const int own = d - (large.rank - small.rank);
    if (own < 0 || small[own] != large[d]) return false;
  }
  if (last < 0) {
    *repeat = {1, 1, count(large)};
  } else {
    *repeat = {count(large, 0, first), count(large, first, last + 1), count(large, last + 1, large.rank)};
  }
  return true;
}

bool is_known_binary(const Graph& graph, const Node& node) {
  if (node.attrs.type != fbs::OpAttrs::Binary) return false;
  const fbs::BinaryKind kind = node.attrs.AsBinary()->kind;
  Repeat ignored;
  return (kind == fbs::BinaryKind::Add || kind == fbs::BinaryKind::Sub || kind == fbs::BinaryKind::Mul) &&
         find_repeat(graph.shape(node.inputs[0]), graph.shape(node.output), &ignored) &&
         find_repeat(graph.shape(node.inputs[1]), graph.shape(node.output), &ignored);
}

bool is_known_pool(const Node& node) {
  const fbs::PoolAttrsT* pool = node.attrs.AsPool();
  const auto is_zero = [](uint32_t n) { return n == 0; };
  return pool != nullptr && pool->kind == fbs::PoolKind::Average && pool->kernel.size() == 2 && !pool->ceil_mode &&
         (pool->count_include_pad || (std::all_of(pool->pads_begin.begin(), pool->pads_begin.end(), is_zero) &&
                                      std::all_of(pool->pads_end.begin(), pool->pads_end.end(), is_zero)));
}

/// The mean or sum over dimensions that lie together.
bool is_known_reduce(const Graph& graph, const Node& node, Repeat* repeat) {
  const fbs::ReduceAttrsT* reduce = node.attrs.AsReduce();
  if (reduce == nullptr || (reduce->kind != fbs::ReduceKind::Mean && reduce->kind != fbs::ReduceKind::Sum)) {
    return false;
  }
  Shape kept = graph.shape(node.inputs[kX]);
  for (const uint32_t axis : reduce->axes) kept[static_cast<int>(axis)] = 1;
  return find_repeat(kept, graph.shape(node.inputs[kX]), repeat);
}

bool passes_gradient(const Graph& graph, const Node& node) {
  Repeat ignored;
  if (is_layer(node)) return is_plain_layer(graph, node);
  return node.attrs.type == fbs::OpAttrs::Unary || node.attrs.type == fbs::OpAttrs::Affine ||
         node.attrs.type == fbs::OpAttrs::Reshape || is_known_binary(graph, node) || is_known_pool(node) ||
         is_known_reduce(graph, node, &ignored) || is_plane_resize(graph, node) ||
         (moves(node) && is_map_sized(graph, node));
}

PlaneWindow window_of(const fbs::ConvAttrsT& attrs, const Shape& x, const Shape& y) {
  return {x[2],
          x[3],
          y[2],
          y[3],
          attrs.kernel[0],
          attrs.kernel[1],
          attrs.stride[0],
          attrs.stride[1],
          attrs.dilation[0],
          attrs.dilation[1],
          attrs.pads_begin[0],
          attrs.pads_begin[1]};
}

bool is_pointwise(const PlaneWindow& w) {
  return w.kernel_height == 1 && w.kernel_width == 1 && w.stride_x == 1 && w.stride_y == 1 &&
         w.height == w.out_height && w.width == w.out_width && w.pad_left == 0 && w.pad_top == 0;
}

/// Zeros, aligned and with the slack that kernels may read; to be freed.
void* make_aligned(size_t bytes) {
  const size_t size = align_up(bytes + kOverreadBytes);
  void* memory = std::aligned_alloc(kAlignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, size);
  return memory;
}

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, FreeMemory>;

}  // namespace

// ------------------------------------------------------------------------------------------------------------- network

bool is_sum(const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Binary && node.attrs.AsBinary()->kind == fbs::BinaryKind::Add;
}

int64_t inner_of(const Graph& graph, const Node& layer) {
  const Shape& shape = graph.shape(layer.output);
  return layer.attrs.type == fbs::OpAttrs::Conv ? count(shape, 2, shape.rank) : 1;
}

bool is_depthwise(const Graph& graph, const Node& node) {
  const fbs::ConvAttrsT* conv = node.attrs.AsConv();
  return conv != nullptr && conv->groups > 1 && graph.shape(node.inputs[kWeight])[1] == 1;
}

Network::Network(const Graph& graph, size_t first_trained)
    : graph_(&graph),
      first_trained_(first_trained),
      last_reader_(graph.values.size(), -1),
      storage_(graph.values.size()),
      has_gradient_(graph.values.size()),
      barrier_(graph.nodes.size()) {
  for (size_t i = 0; i < storage_.size(); ++i) storage_[i] = static_cast<ValueId>(i);
  const Uses uses(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const auto y = static_cast<size_t>(node.output);
    barrier_[i] = !passes_gradient(graph, node);
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) last_reader_[static_cast<size_t>(id)] = static_cast<int>(i);
    }
    // A clamp knows its slope from what it gives, and what makes its input does not look at that again.
    const ValueId x = node.inputs[kX];
    const int before = x == kNoValue ? -1 : uses.producer_of(x);
    const bool clamps_in_place = is_clamp(node) && before >= 0 && uses.readers_of(x).size() == 1 &&
                                 !is_output(graph, x) &&
                                 (is_layer(graph.nodes[static_cast<size_t>(before)]) ||
                                  is_known_binary(graph, graph.nodes[static_cast<size_t>(before)]));
    if (clamps_in_place) storage_[y] = storage_[static_cast<size_t>(x)];
  }
  mark_gradients();
}

void Network::mark_gradients() {
  for (const ValueId id : wanted_at(first_trained_)) {
    has_gradient_[static_cast<size_t>(id)] = true;
    has_gradient_[static_cast<size_t>(storage_[static_cast<size_t>(id)])] = true;
  }
  for (size_t i = first_trained_; i < graph_->nodes.size(); ++i) {
    const Node& node = graph_->nodes[i];
    bool wanted = is_layer(node);
    for (const ValueId id : node.inputs) {
      wanted = wanted || (id != kNoValue && has_gradient_[static_cast<size_t>(id)]);
    }
    has_gradient_[static_cast<size_t>(node.output)] = wanted && !barrier_[i];
  }
}

std::vector<ValueId> Network::wanted_at(size_t node) const {
  std::vector<ValueId> wanted;
  const auto check = [&](ValueId id) {
    if (last_reader_[static_cast<size_t>(id)] >= static_cast<int>(node)) wanted.push_back(id);
  };
  for (const ValueId id : graph_->inputs) check(id);
  for (size_t i = 0; i < node; ++i) check(graph_->nodes[i].output);
  return wanted;
}

int64_t Network::floats_at(size_t node) const {
  int64_t floats = 0;
  for (const ValueId id : wanted_at(node)) floats += count(graph_->shape(id));
  return floats;
}

Parameters Network::parameters() const {
  Parameters parameters(graph_->values.size());
  for (const Node& node : graph_->nodes) {
    if (!is_layer(node)) continue;
    for (const size_t i : {kWeight, kBias}) {
      const ValueId id = operand(node, i);
      if (id != kNoValue) parameters[static_cast<size_t>(id)] = graph_->constant(id).f32;
    }
  }
  return parameters;
}

Parameters Network::zeros() const {
  Parameters zeros = parameters();
  for (std::vector<float>& numbers : zeros) std::fill(numbers.begin(), numbers.end(), 0.0f);
  return zeros;
}

// ----------------------------------------------------------------------------------------------------------------
// steps

struct Tape::Step {
  std::function<void(const Parameters&)> forward;
  std::function<void(const Parameters&, Parameters&)> backward;  ///< empty: no gradient passes
};

namespace {

/// What makes the steps of one tape.
struct Maker {
  const Graph& graph;
  const std::vector<float*>& values;
  const std::vector<float*>& gradients;
  Scratch& scratch;

  float* value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  float* gradient(ValueId id) const { return id == kNoValue ? nullptr : gradients[static_cast<size_t>(id)]; }
};

const float* numbers(const Parameters& parameters, ValueId id) { return parameters[static_cast<size_t>(id)].data(); }

/// Adds the sums of each row of dy [images, rows, columns] to the bias' gradient.
void add_bias_sums(const float* dy, int64_t images, int64_t rows, int64_t columns, ValueId bias, Parameters& sums) {
  if (bias == kNoValue || sums[static_cast<size_t>(bias)].empty()) return;
  float* to = sums[static_cast<size_t>(bias)].data();
  for (int64_t i = 0; i < images * rows; ++i) to[i % rows] += sum(dy + i * columns, columns);
}

/// Element `at` of a sum; null where the sum is not wanted.
float* sum_at(Parameters& sums, ValueId id, int64_t at) {
  std::vector<float>& all = sums[static_cast<size_t>(id)];
  return all.empty() ? nullptr : all.data() + at;
}

Tape::Step pointwise_step(const Maker& m, const Node& node) {
  const Shape x_shape = m.graph.shape(node.inputs[kX]), y_shape = m.graph.shape(node.output);
  const int64_t images = x_shape[0], groups = node.attrs.AsConv()->groups, pixels = x_shape[2] * x_shape[3];
  const int64_t in = x_shape[1] / groups, out = y_shape[1] / groups;
  const ValueId weight = node.inputs[kWeight], bias = operand(node, kBias);
  float *x = m.value(node.inputs[kX]), *y = m.value(node.output);
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  Scratch& scratch = m.scratch;
  Tape::Step step;
  step.forward = [=, &scratch](const Parameters& p) {
    for (int64_t g = 0; g < images * groups; ++g) {
      const int64_t group = g % groups;
      float* to = y + g * out * pixels;
      if (bias != kNoValue) {
        const float* b = numbers(p, bias) + group * out;
        for (int64_t i = 0; i < out; ++i) std::fill_n(to + i * pixels, pixels, b[i]);
      }
      multiply(out, pixels, in, rows_of(numbers(p, weight) + group * out * in, in),
               rows_of(x + g * in * pixels, pixels), to, bias != kNoValue, scratch);
    }
  };
  step.backward = [=, &scratch](const Parameters& p, Parameters& sums) {
    for (int64_t g = 0; g < images * groups; ++g) {
      const int64_t group = g % groups;
      const float* from = dy + g * out * pixels;
      if (float* dw = sum_at(sums, weight, group * out * in)) {
        multiply(out, in, pixels, rows_of(from, pixels), transpose_of(x + g * in * pixels, pixels), dw, true, scratch);
      }
      if (dx == nullptr) continue;
      multiply(in, pixels, out, transpose_of(numbers(p, weight) + group * out * in, in), rows_of(from, pixels),
               dx + g * in * pixels, true, scratch);
    }
    add_bias_sums(dy, images, groups * out, pixels, bias, sums);
  };
  return step;
}

Tape::Step depthwise_step(const Maker& m, const Node& node, const PlaneWindow& window) {
  const Shape x_shape = m.graph.shape(node.inputs[kX]), y_shape = m.graph.shape(node.output);
  const int64_t images = x_shape[0], out = y_shape[1], per_channel = out / x_shape[1], in = x_shape[1];
  const int64_t in_pixels = window.height * window.width, out_pixels = window.out_height * window.out_width;
  const int64_t taps = window.kernel_height * window.kernel_width;
  const SlidingWindow slider(window);
  const ValueId weight = node.inputs[kWeight], bias = operand(node, kBias);
  float *x = m.value(node.inputs[kX]), *y = m.value(node.output);
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  Scratch& scratch = m.scratch;
  Tape::Step step;
  step.forward = [=, &scratch](const Parameters& p) {
    for (int64_t i = 0; i < images * out; ++i) {
      const int64_t n = i / out, c = i % out;
      slider.forward(x + (n * in + c / per_channel) * in_pixels, numbers(p, weight) + c * taps,
                     bias == kNoValue ? 0 : numbers(p, bias)[c], y + i * out_pixels, scratch);
    }
  };
  step.backward = [=, &scratch](const Parameters& p, Parameters& sums) {
    for (int64_t i = 0; i < images * out; ++i) {
      const int64_t n = i / out, c = i % out, plane = (n * in + c / per_channel) * in_pixels;
      slider.backward(x + plane, numbers(p, weight) + c * taps, dy + i * out_pixels,
                      dx == nullptr ? nullptr : dx + plane, sum_at(sums, weight, c * taps), scratch);
    }
    add_bias_sums(dy, images, out, out_pixels, bias, sums);
  };
  return step;
}

Tape::Step window_step(const Maker& m, const Node& node, const PlaneWindow& window) {
  const Shape x_shape = m.graph.shape(node.inputs[kX]), y_shape = m.graph.shape(node.output);
  const int64_t images = x_shape[0], groups = node.attrs.AsConv()->groups;
  const int64_t in = x_shape[1] / groups, out = y_shape[1] / groups;
  const int64_t in_pixels = window.height * window.width, pixels = window.out_height * window.out_width;
  const int64_t rows = in * window.kernel_height * window.kernel_width;
  const ValueId weight = node.inputs[kWeight], bias = operand(node, kBias);
  float *x = m.value(node.inputs[kX]), *y = m.value(node.output);
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  Scratch& scratch = m.scratch;
  const auto columns = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * pixels));
  Tape::Step step;
  step.forward = [=, &scratch](const Parameters& p) {
    for (int64_t g = 0; g < images * groups; ++g) {
      const int64_t group = g % groups;
      float* to = y + g * out * pixels;
      if (bias != kNoValue) {
        const float* b = numbers(p, bias) + group * out;
        for (int64_t i = 0; i < out; ++i) std::fill_n(to + i * pixels, pixels, b[i]);
      }
      unfold(window, in, x + g * in * in_pixels, columns->data());
      multiply(out, pixels, rows, rows_of(numbers(p, weight) + group * out * rows, rows),
               rows_of(columns->data(), pixels), to, bias != kNoValue, scratch);
    }
  };
  step.backward = [=, &scratch](const Parameters& p, Parameters& sums) {
    for (int64_t g = 0; g < images * groups; ++g) {
      const int64_t group = g % groups;
      const float* from = dy + g * out * pixels;
      if (float* dw = sum_at(sums, weight, group * out * rows)) {
        unfold(window, in, x + g * in * in_pixels, columns->data());
        multiply(out, rows, pixels, rows_of(from, pixels), transpose_of(columns->data(), pixels), dw, true, scratch);
      }
      if (dx == nullptr) continue;
      multiply(rows, pixels, out, transpose_of(numbers(p, weight) + group * out * rows, rows), rows_of(from, pixels),
               columns->data(), false, scratch);
      fold(window, in, columns->data(), dx + g * in * in_pixels);
    }
    add_bias_sums(dy, images, groups * out, pixels, bias, sums);
  };
  return step;
}

Tape::Step fully_connected_step(const Maker& m, const Node& node) {
  const Shape& w = m.graph.shape(node.inputs[kWeight]);
  const int64_t out = w[0], in = w[1], rows = count(m.graph.shape(node.output)) / out;
  const ValueId weight = node.inputs[kWeight], bias = operand(node, kBias);
  float *x = m.value(node.inputs[kX]), *y = m.value(node.output);
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  Scratch& scratch = m.scratch;
  Tape::Step step;
  step.forward = [=, &scratch](const Parameters& p) {
    const float* w = numbers(p, weight);
    if (rows == 1) {  // packing the weights would take longer than reading them once
      for (int64_t i = 0; i < out; ++i) y[i] = dot(w + i * in, x, in);
    } else {
      multiply(rows, out, in, rows_of(x, in), transpose_of(w, in), y, false, scratch);
    }
    if (bias == kNoValue) return;
    for (int64_t r = 0; r < rows; ++r) add_to(y + r * out, numbers(p, bias), out);
  };
  step.backward = [=, &scratch](const Parameters& p, Parameters& sums) {
    if (float* dw = sum_at(sums, weight, 0)) {
      multiply(out, in, rows, transpose_of(dy, out), rows_of(x, in), dw, true, scratch);
    }
    float* db = bias == kNoValue ? nullptr : sum_at(sums, bias, 0);
    for (int64_t r = 0; db != nullptr && r < rows; ++r) add_to(db, dy + r * out, out);
    if (dx != nullptr) multiply(rows, in, out, rows_of(dy, out), rows_of(numbers(p, weight), in), dx, true, scratch);
  };
  return step;
}

/// A layer that only the reference can compute.
Tape::Step reference_step(const Maker& m, const Node& node) {
  std::vector<ValueId> inputs = node.inputs;
  Tape::Step step;
  const Attrs attrs = node.attrs;
  const Graph* graph = &m.graph;
  const std::vector<float*>* values = &m.values;
  const ValueId output = node.output;
  step.forward = [=](const Parameters& p) {
    std::vector<Tensor> tensors;
    std::vector<const Tensor*> pointers;
    tensors.reserve(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] == kNoValue) {
        pointers.push_back(nullptr);
        continue;
      }
      Tensor tensor(ElementType::kF32, graph->shape(inputs[i]));
      const std::vector<float>& own = p[static_cast<size_t>(inputs[i])];
      const float* from = own.empty() ? (*values)[static_cast<size_t>(inputs[i])] : own.data();
      std::copy_n(from, tensor.f32.size(), tensor.f32.data());
      tensors.push_back(std::move(tensor));
      pointers.push_back(&tensors.back());
    }
    const Tensor y = evaluate(attrs, pointers, graph->shape(output));
    std::copy(y.f32.begin(), y.f32.end(), (*values)[static_cast<size_t>(output)]);
  };
  return step;
}

/// Runs the device's own kernel of an operator without weights.
class KernelStep {
 public:
  /// `values` are where the operands lie, by value id.
  KernelStep(const Graph& graph, const Node& node, const std::vector<float*>& values) : attrs_(node.attrs) {
    const OpRun& op = *host_op(node.attrs.type).run;
    const auto view_of = [&](ValueId id) {
      TensorView view;
      if (id == kNoValue) return view;
      view.data = values[static_cast<size_t>(id)];
      view.shape = graph.shape(id);
      view.strides = contiguous_strides(view.shape);
      view.present = true;
      return view;
    };
    for (const ValueId id : device_operands(node)) inputs_.push_back(view_of(id));
    output_ = view_of(node.output);
    OpStep step;
    step.attrs = attrs_.table();
    step.inputs = {inputs_.data(), inputs_.size()};
    step.outputs = {&output_, 1};
    state_.reset(make_aligned(op.state_bytes == nullptr ? 0 : op.state_bytes(step)));
    scratch_.reset(make_aligned(op.scratch_bytes == nullptr ? 0 : op.scratch_bytes(step)));
    binding_ = op.bind(step, BindContext{cpu_isas(), 1, cpu_l1_bytes()}, state_.get());
    run_ = op.run;
  }

  void run() const {
    for (uint32_t task = 0; task < binding_.tasks; ++task) run_(state_.get(), task, scratch_.get());
  }

 private:
  PackedAttrs attrs_;
  std::vector<TensorView> inputs_;
  TensorView output_;
  Memory state_, scratch_;
  Binding binding_;
  void (*run_)(const void*, uint32_t, void*) = nullptr;
};

using Backward = std::function<void(const Parameters&, Parameters&)>;

Backward unary_backward(const Maker& m, const Node& node) {
  const fbs::Activation f = node.attrs.AsUnary()->function;
  const float *x = m.value(node.inputs[kX]), *y = m.value(node.output);
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  const int64_t n = count(m.graph.shape(node.output));
  if (dx == nullptr) return [](const Parameters&, Parameters&) {};
  if (f.kind() == fbs::UnaryKind::Clamp) {
    const float low = f.alpha(), high = f.beta();
    const bool in_place = dx == dy;
    return [=](const Parameters&, Parameters&) { clamp_backward(y, low, high, dy, dx, !in_place, n); };
  }
  const BoundActivation function = bind_activation(&f, cpu_isas());
  return [=](const Parameters&, Parameters&) {
    std::vector<float> above(x, x + n), below(x, x + n);
    for (int64_t i = 0; i < n; ++i) {
      above[static_cast<size_t>(i)] += kSlopeStep;
      below[static_cast<size_t>(i)] -= kSlopeStep;
    }
    function.apply(above.data(), above.size());
    function.apply(below.data(), below.size());
    for (int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<size_t>(i);
      const float slope = (above[at] - below[at]) / (2 * kSlopeStep);
      if (std::isfinite(slope)) dx[i] += slope * dy[i];
    }
  };
}

/// Calls visit(element of the small operand, first element of the large one, how many in a row).
template <class Visit>
void for_each_repeat(const Repeat& r, Visit visit) {
  for (int64_t o = 0; o < r.outer; ++o) {
    for (int64_t s = 0; s < r.size; ++s) visit(s, (o * r.size + s) * r.inner, r.inner);
  }
}

Backward binary_backward(const Maker& m, const Node& node) {
  const fbs::BinaryKind kind = node.attrs.AsBinary()->kind;
  const float* dy = m.gradient(node.output);
  struct Side {
    const float* other;
    float* gradient;
    Repeat own, others;
    float sign;
  };
  std::vector<Side> sides;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    Side side{m.value(node.inputs[1 - i]),
              m.gradient(node.inputs[i]),
              {},
              {},
              kind == fbs::BinaryKind::Sub && i == 1 ? -1.0f : 1.0f};
    find_repeat(m.graph.shape(node.inputs[i]), m.graph.shape(node.output), &side.own);
    find_repeat(m.graph.shape(node.inputs[1 - i]), m.graph.shape(node.output), &side.others);
    if (side.gradient != nullptr) sides.push_back(side);
  }
  const int64_t n = count(m.graph.shape(node.output));
  const bool products = kind == fbs::BinaryKind::Mul;
  return [=](const Parameters&, Parameters&) {
    std::vector<float> slopes(products ? static_cast<size_t>(n) : 0);
    for (const Side& side : sides) {
      const float* from = dy;
      if (products) {
        for_each_repeat(side.others, [&](int64_t s, int64_t first, int64_t run) {
          const float factor = side.other[s];
          for (int64_t i = first; i < first + run; ++i) slopes[static_cast<size_t>(i)] = factor * dy[i];
        });
        from = slopes.data();
      }
      if (side.own.outer == 1 && side.own.inner == 1) {
        for (int64_t i = 0; i < n; ++i) side.gradient[i] += side.sign * from[i];
      } else {
        for_each_repeat(side.own, [&](int64_t s, int64_t first, int64_t run) {
          side.gradient[s] += side.sign * sum(from + first, run);
        });
      }
    }
  };
}

Backward affine_backward(const Maker& m, const Node& node) {
  float* dx = m.gradient(node.inputs[kX]);
  if (dx == nullptr) return [](const Parameters&, Parameters&) {};
  const float *dy = m.gradient(node.output), *scale = m.value(node.inputs[1]);
  const Shape& shape = m.graph.shape(node.output);
  const Repeat r = {shape[0], shape[1], count(shape, 2, shape.rank)};
  return [=](const Parameters&, Parameters&) {
    for_each_repeat(r, [&](int64_t s, int64_t first, int64_t run) {
      for (int64_t i = first; i < first + run; ++i) dx[i] += scale[s] * dy[i];
    });
  };
}

Backward reduce_backward(const Maker& m, const Node& node) {
  float* dx = m.gradient(node.inputs[kX]);
  const float* dy = m.gradient(node.output);
  Repeat r;
  is_known_reduce(m.graph, node, &r);
  const float part = node.attrs.AsReduce()->kind == fbs::ReduceKind::Sum
                         ? 1.0f
                         : static_cast<float>(r.size) / static_cast<float>(count(m.graph.shape(node.inputs[kX])));
  return [=](const Parameters&, Parameters&) {
    for_each_repeat(r, [&](int64_t s, int64_t first, int64_t run) {
      for (int64_t i = first; i < first + run; ++i) dx[i] += part * dy[s];
    });
  };
}

Backward pool_backward(const Maker& m, const Node& node) {
  const fbs::PoolAttrsT& attrs = *node.attrs.AsPool();
  const Shape &x = m.graph.shape(node.inputs[kX]), &y = m.graph.shape(node.output);
  const PlaneWindow window = {x[2],
                              x[3],
                              y[2],
                              y[3],
                              attrs.kernel[0],
                              attrs.kernel[1],
                              attrs.stride[0],
                              attrs.stride[1],
                              attrs.dilation.empty() ? 1 : attrs.dilation[0],
                              attrs.dilation.empty() ? 1 : attrs.dilation[1],
                              attrs.pads_begin.empty() ? 0 : attrs.pads_begin[0],
                              attrs.pads_begin.empty() ? 0 : attrs.pads_begin[1]};
  const auto taps = static_cast<size_t>(window.kernel_height * window.kernel_width);
  const SlidingWindow slider(window);
  const std::vector<float> weights(taps, 1.0f / static_cast<float>(taps));
  const int64_t planes = x[0] * x[1], in = x[2] * x[3], out = y[2] * y[3];
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  Scratch& scratch = m.scratch;
  return [=, &scratch](const Parameters&, Parameters&) {
    for (int64_t i = 0; i < planes; ++i) {
      slider.backward(nullptr, weights.data(), dy + i * out, dx + i * in, nullptr, scratch);
    }
  };
}

/// The plane of a bilinear resize is Ry x Rx^T: rows and columns are found by resizing unit steps.
Backward resize_backward(const Maker& m, const Node& node) {
  const Shape x = m.graph.shape(node.inputs[kX]), y = m.graph.shape(node.output);
  const auto side_matrix = [&](int dim) {  // [out, in]
    std::vector<float> matrix(static_cast<size_t>(y[dim] * x[dim]));
    Shape shape = x;
    shape[0] = shape[1] = 1;
    Shape to = y;
    to[0] = to[1] = 1;
    Attrs attrs = node.attrs;
    attrs.AsResize()->sizes[0] = attrs.AsResize()->sizes[1] = 1;
    for (int64_t k = 0; k < x[dim]; ++k) {
      Tensor unit(ElementType::kF32, shape);
      for (int64_t i = 0; i < count(shape); ++i) {
        const int64_t at = dim == 2 ? i / x[3] : i % x[3];
        unit.f32[static_cast<size_t>(i)] = at == k ? 1.0f : 0.0f;
      }
      const Tensor resized = evaluate(attrs, {&unit}, to);
      for (int64_t i = 0; i < y[dim]; ++i) {
        const int64_t at = dim == 2 ? i * y[3] : i;
        matrix[static_cast<size_t>(i * x[dim] + k)] = resized.f32[static_cast<size_t>(at)];
      }
    }
    return matrix;
  };
  const std::vector<float> vertical = side_matrix(2), horizontal = side_matrix(3);
  float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
  Scratch& scratch = m.scratch;
  return [=, &scratch](const Parameters&, Parameters&) {
    std::vector<float> rows(static_cast<size_t>(x[2] * y[3]));
    for (int64_t c = 0; c < x[0] * x[1]; ++c) {
      multiply(x[2], y[3], y[2], transpose_of(vertical.data(), x[2]), rows_of(dy + c * y[2] * y[3], y[3]), rows.data(),
               false, scratch);
      multiply(x[2], x[3], y[3], rows_of(rows.data(), y[3]), rows_of(horizontal.data(), x[3]), dx + c * x[2] * x[3],
               true, scratch);
    }
  };
}

/// Runs the operator once on the numbers of its elements to see where each goes.
Backward move_backward(const Maker& m, const Node& node) {
  std::vector<Memory> memory;
  const auto reserve = [&memory](int64_t floats) {
    memory.emplace_back(make_aligned(static_cast<size_t>(floats) * sizeof(float)));
    return static_cast<float*>(memory.back().get());
  };
  std::vector<float*> values(m.values.size(), nullptr);
  std::vector<float*> targets(1, nullptr);  // by number; number 0 is nobody's
  for (const ValueId id : device_operands(node)) {
    if (id == kNoValue || values[static_cast<size_t>(id)] != nullptr) continue;
    const int64_t n = count(m.graph.shape(id));
    float* numbers = values[static_cast<size_t>(id)] = reserve(n);
    for (int64_t i = 0; i < n; ++i) {
      numbers[i] = static_cast<float>(targets.size());
      targets.push_back(m.gradient(id) == nullptr ? nullptr : m.gradient(id) + i);
    }
  }
  const int64_t n = count(m.graph.shape(node.output));
  const float* sources = values[static_cast<size_t>(node.output)] = reserve(n);
  Node copy = node;
  if (fbs::PadAttrsT* pad = copy.attrs.AsPad()) pad->value = 0;
  KernelStep(m.graph, copy, values).run();
  std::vector<float*> map;
  for (int64_t i = 0; i < n; ++i) {
    map.push_back(targets[static_cast<size_t>(sources[i])]);
  }
  const float* dy = m.gradient(node.output);
  return [map, dy](const Parameters&, Parameters&) {
    for (size_t i = 0; i < map.size(); ++i) {
      if (map[i] != nullptr) *map[i] += dy[i];
    }
  };
}

Backward make_backward(const Maker& m, const Node& node) {
  switch (node.attrs.type) {
    case fbs::OpAttrs::Unary:
      return unary_backward(m, node);
    case fbs::OpAttrs::Binary:
      return binary_backward(m, node);
    case fbs::OpAttrs::Affine:
      return affine_backward(m, node);
    case fbs::OpAttrs::Reduce:
      return reduce_backward(m, node);
    case fbs::OpAttrs::Pool:
      return pool_backward(m, node);
    case fbs::OpAttrs::Reshape: {
      float *dx = m.gradient(node.inputs[kX]), *dy = m.gradient(node.output);
      const int64_t n = count(m.graph.shape(node.output));
      return [=](const Parameters&, Parameters&) { add_to(dx, dy, n); };
    }
    case fbs::OpAttrs::Resize:
      if (is_plane_resize(m.graph, node)) return resize_backward(m, node);
      [[fallthrough]];
    default:
      return move_backward(m, node);
  }
}

Tape::Step make_step(const Maker& m, const Node& node, bool backward) {
  if (is_layer(node)) {
    if (!is_plain_layer(m.graph, node)) return reference_step(m, node);
    if (node.attrs.type == fbs::OpAttrs::FullyConnected) return fully_connected_step(m, node);
    const fbs::ConvAttrsT& attrs = *node.attrs.AsConv();
    const PlaneWindow window = window_of(attrs, m.graph.shape(node.inputs[kX]), m.graph.shape(node.output));
    if (is_pointwise(window)) return pointwise_step(m, node);
    return is_depthwise(m.graph, node) ? depthwise_step(m, node, window) : window_step(m, node, window);
  }
  Tape::Step step;
  const auto kernel = std::make_shared<KernelStep>(m.graph, node, m.values);
  step.forward = [kernel](const Parameters&) { kernel->run(); };
  if (backward) step.backward = make_backward(m, node);
  return step;
}

}  // namespace

// -----------------------------------------------------------------------------------------------------------------
// tape

Tape::Tape(const Network& network, bool gradients) : network_(network) {
  const Graph& graph = network.graph();
  const size_t n = graph.values.size();
  values_.assign(n, nullptr);
  gradients_.assign(n, nullptr);
  sizes_.assign(n, 0);
  std::vector<bool> wanted(n);
  for (const ValueId id : graph.inputs) wanted[static_cast<size_t>(id)] = true;
  for (const Node& node : graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Role role = operand_of(host_op(node.attrs.type), i).role;
      if (node.inputs[i] != kNoValue && role != Role::kWeight && role != Role::kBias) {
        wanted[static_cast<size_t>(node.inputs[i])] = true;
      }
    }
    wanted[static_cast<size_t>(node.output)] = true;
  }
  const auto owner_of = [&](size_t i) { return static_cast<size_t>(network.storage_[i]); };
  for (size_t i = 0; i < n; ++i) {
    if (!wanted[i]) continue;
    sizes_[i] = count(graph.values[i].shape);
    if (owner_of(i) != i) continue;
    values_[i] = reserve(sizes_[i]);
    if (gradients && network.has_gradient_[i]) gradients_[i] = reserve(sizes_[i]);
    const Value& value = graph.values[i];
    if (value.constant != nullptr && value.type == ElementType::kF32) {
      std::copy(value.constant->f32.begin(), value.constant->f32.end(), values_[i]);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    if (!wanted[i]) continue;
    values_[i] = values_[owner_of(i)];
    gradients_[i] = gradients_[owner_of(i)];
  }
  const Maker maker{graph, values_, gradients_, scratch_};
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool backward =
        gradients && i >= network.first_trained_ && !network.barrier_[i] && gradient(node.output) != nullptr;
    auto step = std::make_unique<Step>(make_step(maker, node, backward));
    if (!backward) step->backward = nullptr;
    steps_.push_back(std::move(step));
  }
}

Tape::~Tape() = default;

void Tape::Free::operator()(float* memory) const { std::free(memory); }

float* Tape::reserve(int64_t floats) {
  memory_.emplace_back(static_cast<float*>(make_aligned(static_cast<size_t>(floats) * sizeof(float))));
  return memory_.back().get();
}

void Tape::set_input(const std::vector<float>& x) { std::copy(x.begin(), x.end(), value(network_.graph().inputs[0])); }
float* Tape::value(ValueId id) { return values_[static_cast<size_t>(id)]; }
float* Tape::gradient(ValueId id) { return gradients_[static_cast<size_t>(id)]; }

void Tape::forward(const Parameters& parameters, size_t first, size_t last) {
  for (size_t i = first; i < last; ++i) steps_[i]->forward(parameters);
}

void Tape::forward(const Parameters& parameters) { forward(parameters, 0, steps_.size()); }

Frontier Tape::frontier_at(size_t node) {
  Frontier frontier;
  for (const ValueId id : network_.wanted_at(node)) {
    frontier[id].assign(value(id), value(id) + count(network_.graph().shape(id)));
  }
  return frontier;
}

void Tape::restore(const Frontier& frontier) {
  for (const auto& [id, numbers] : frontier) std::copy(numbers.begin(), numbers.end(), value(id));
}

void Tape::clear_gradients() {
  for (size_t i = 0; i < gradients_.size(); ++i) {
    const bool own = network_.storage_[i] == static_cast<ValueId>(i);
    if (gradients_[i] != nullptr && own) std::fill_n(gradients_[i], sizes_[i], 0.0f);
  }
}

void Tape::backward(const Parameters& parameters, Parameters& sums) {
  for (size_t i = steps_.size(); i-- > 0;) {
    if (steps_[i]->backward) steps_[i]->backward(parameters, sums);
  }
}

}  // namespace lacuna::prune
