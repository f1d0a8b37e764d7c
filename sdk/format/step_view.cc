#include "sdk/format/step_view.h"

namespace lacuna {
namespace {

template <class T>
Shape to_shape(const flatbuffers::Vector<T>* numbers) {
  Shape shape;
  for (uint32_t i = 0; i < size_of(numbers); ++i) shape.push_back(static_cast<int64_t>(numbers->Get(i)));
  return shape;
}

template <class T>
Span<const T> range(const uint8_t* base, uint64_t offset, uint64_t bytes) {
  if (bytes == 0) return {};
  return {reinterpret_cast<const T*>(base + offset), static_cast<size_t>(bytes / sizeof(T))};
}

}  // namespace

PlacedValue place_value(const fbs::Program& program, uint32_t index, const Bases& bases) {
  const fbs::Value& value = *program.values()->Get(index);
  PlacedValue placed;
  placed.view.shape = to_shape(value.shape());
  placed.view.strides = to_shape(value.strides());
  placed.view.present = true;
  placed.constant = value.space() == fbs::Space::Weights;
  placed.begin = value.offset();
  if (placed.constant) {
    // Operands have one type for inputs and outputs; verification sees to it that no constant is an output.
    placed.view.data = reinterpret_cast<float*>(const_cast<uint8_t*>(bases.weights + placed.begin));
  } else {
    placed.begin += program.buffers()->Get(value.buffer())->offset();
    if (bases.arena != nullptr) placed.view.data = reinterpret_cast<float*>(bases.arena + placed.begin);
  }
  placed.end = placed.begin + static_cast<uint64_t>(extent(placed.view)) * sizeof(float);
  return placed;
}

PackedWeights view_weights(const fbs::PackedWeights& weights, const Bases& bases) {
  PackedWeights view;
  view.packing = weights.packing();
  view.rows = weights.rows();
  view.columns = weights.columns();
  view.groups = weights.groups();
  view.block = weights.block();
  view.segments = weights.segments();
  view.index = range<uint8_t>(bases.weights, weights.index_offset(), weights.index_bytes());
  view.values = range<float>(bases.weights, weights.values_offset(), weights.values_bytes());
  view.bias = range<float>(bases.weights, weights.bias_offset(), weights.bias_bytes());
  return view;
}

StepView::StepView(const fbs::Program& program, const fbs::Step& source, const Bases& bases) {
  const uint32_t count = size_of(source.inputs());
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t index = source.inputs()->Get(i);
    if (index != kOmitted) inputs_[i] = place_value(program, index, bases).view;
  }
  output_ = place_value(program, source.outputs()->Get(0), bases).view;
  step_.attrs = source.attrs();
  step_.inputs = {inputs_, count};
  step_.outputs = {&output_, 1};
  if (source.weights() != nullptr) {
    weights_ = view_weights(*source.weights(), bases);
    step_.weights = &weights_;
  }
}

}  // namespace lacuna
