#include "converter/cost/measure.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "converter/ir/operands.h"
#include "converter/plan/plan.h"
#include "kernels/spmm/pack.h"
#include "platforms/cpu_features.h"
#include "platforms/platform.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

constexpr size_t kLineBytes = 64;

/// Twice what a core has for itself: the second level, or 4 MiB where the system does not tell.
size_t sweep_bytes() {
#if defined(_SC_LEVEL2_CACHE_SIZE)
  const long level2 = std::max(0L, sysconf(_SC_LEVEL2_CACHE_SIZE));
#else
  const long level2 = 0;
#endif
  return 2 * std::max<size_t>(static_cast<size_t>(level2), size_t{2} << 20);
}

/// Reads a byte of every cache line.
void touch(const void* data, size_t bytes) {
  const volatile char* at = static_cast<const volatile char*>(data);
  for (size_t i = 0; i < bytes; i += kLineBytes) static_cast<void>(at[i]);
}

AlignedMemory copy_of(const void* data, size_t bytes) {
  AlignedMemory memory(bytes);
  if (bytes > 0) std::memcpy(memory.data(), data, bytes);
  return memory;
}

/// The layer as a graph of its own, which the planner can lay out.
Graph graph_of(const Layer& layer) {
  Graph graph;
  const ValueId x = graph.add_input("x", layer.x);
  const ValueId weight = graph.add_value("weight", ElementType::kF32, layer.weight);
  const ValueId y = graph.add_value("y", ElementType::kF32, layer.y);
  graph.nodes.push_back({"layer", layer.attrs, {x, weight}, y});
  graph.outputs = {y};
  return graph;
}

size_t bytes_of(const TensorView& view) { return static_cast<size_t>(extent(view)) * sizeof(float); }

}  // namespace

AlignedMemory::AlignedMemory(size_t bytes)
    : bytes_(bytes), memory_(std::aligned_alloc(kAlignment, align_up(bytes + kOverreadBytes))) {
  if (memory_ == nullptr) throw std::bad_alloc();
  std::memset(memory_.get(), 0, align_up(bytes + kOverreadBytes));
}

void AlignedMemory::Free::operator()(void* memory) const { std::free(memory); }

CacheSweeper::CacheSweeper() : memory_(sweep_bytes()) {}

void CacheSweeper::sweep() { touch(memory_.data(), memory_.bytes()); }

WeightBytes pack_for_this_machine(const Layer& layer, const Tensor& weight, const Tensor* bias, fbs::Packing packing) {
  const PackedAttrs attrs(layer.attrs);
  WeightBytes packed = host_op(layer.attrs.type).pack(attrs.table(), weight, bias, packing);
#if defined(__x86_64__)  // as Profile::orders_rows
  if (gains_by_order(layer, packing)) order_rows(packed);
#endif
  return packed;
}

LayerTimer::LayerTimer(const Layer& layer, const WeightBytes& weights, IsaMask isas)
    : attrs_(layer.attrs),
      packed_(weights.meta),
      index_(copy_of(weights.index.data(), weights.index.size())),
      values_(copy_of(weights.values.data(), weights.values.size() * sizeof(float))),
      bias_(copy_of(weights.bias.data(), weights.bias.size() * sizeof(float))),
      run_(host_op(layer.attrs.type).run) {
  packed_.index = {static_cast<const uint8_t*>(index_.data()), weights.index.size()};
  packed_.values = {values_.floats(), weights.values.size()};
  packed_.bias = {bias_.floats(), weights.bias.size()};
  const Graph graph = graph_of(layer);
  const std::vector<Shape> strides = choose_strides(graph);
  const auto place = [&](ValueId id, TensorView& view) {
    view.shape = graph.shape(id);
    view.strides = strides[static_cast<size_t>(id)];
    view.present = true;
    auto memory = std::make_unique<AlignedMemory>(bytes_of(view));
    view.data = memory->floats();
    return memory;
  };
  x_memory_ = place(graph.inputs[0], x_);
  y_memory_ = place(graph.outputs[0], y_);
  for (int64_t i = 0; i < extent(x_); ++i) x_.data[i] = static_cast<float>(i % 251) * 0.004f;

  OpStep step;
  step.attrs = attrs_.table();
  step.inputs = {&x_, 1};
  step.outputs = {&y_, 1};
  step.weights = &packed_;
  state_ = std::make_unique<AlignedMemory>(run_->state_bytes == nullptr ? 0 : run_->state_bytes(step));
  scratch_ = std::make_unique<AlignedMemory>(run_->scratch_bytes == nullptr ? 0 : run_->scratch_bytes(step));
  const Binding binding = run_->bind(step, BindContext{isas, 1, cpu_l1_bytes()}, state_->data());
  tasks_ = binding.tasks;
  kernel_ = binding.kernel;
}

void LayerTimer::touch_values() const {
  touch(y_.data, bytes_of(y_));
  touch(x_.data, bytes_of(x_));
}

double LayerTimer::time_ns(CacheSweeper& sweeper) {
  sweeper.sweep();
  touch_values();
  const uint64_t start = clock_ns();
  for (uint32_t task = 0; task < tasks_; ++task) run_->run(state_->data(), task, scratch_->data());
  return static_cast<double>(std::max<uint64_t>(clock_ns() - start, 1));
}

double least_ns(LayerTimer& timer, CacheSweeper& sweeper, double seconds, int least) {
  const uint64_t start = clock_ns();
  double best = timer.time_ns(sweeper);
  for (int runs = 1; runs < least || static_cast<double>(clock_ns() - start) < seconds * 1e9; ++runs) {
    best = std::min(best, timer.time_ns(sweeper));
  }
  return best;
}

}  // namespace lacuna
