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

/// Where the elements of a value are, and that they are floats where the session has widened them.
void locate(TensorView* view, uint8_t* base, bool widens, uint8_t* wide_base, uint64_t offset) {
  if (is_built(fbs::Dtype::F16) && view->dtype == fbs::Dtype::F16 && widens) {
    view->dtype = fbs::Dtype::F32;
    base = wide_base;
    offset *= 2;
  }
  if (base != nullptr) view->data = reinterpret_cast<float*>(base + offset);
}

}  // namespace

PlacedValue place_value(const fbs::Program& program, uint32_t index, const Bases& bases) {
  const fbs::Value& value = *program.values()->Get(index);
  PlacedValue placed;
  placed.view.shape = to_shape(value.shape());
  placed.view.strides = to_shape(value.strides());
  placed.view.dtype = value.dtype();
  placed.view.present = true;
  placed.constant = value.space() == fbs::Space::Weights;
  placed.begin = value.offset();
  if (!placed.constant) placed.begin += program.buffers()->Get(value.buffer())->offset();
  placed.end = placed.begin + span_bytes(placed.view);
  if (placed.constant) {
    // Operands have one type for inputs and outputs; verification sees to it that no constant is an output.
    locate(&placed.view, const_cast<uint8_t*>(bases.weights), bases.widens, bases.wide_weights, placed.begin);
  } else {
    locate(&placed.view, bases.arena, bases.widens, bases.wide_arena, placed.begin);
  }
  return placed;
}

bool has_halves(const fbs::Program& program) {
  for (uint32_t i = 0; i < size_of(program.values()); ++i) {
    if (program.values()->Get(i)->dtype() == fbs::Dtype::F16) return true;
  }
  return false;
}

PackedWeights view_weights(const fbs::PackedWeights& weights, const Bases& bases) {
  PackedWeights view;
  view.packing = weights.packing();
  view.rows = weights.rows();
  view.columns = weights.columns();
  view.groups = weights.groups();
  view.block = weights.block();
  view.segments = weights.segments();
  view.ordered = weights.ordered();
  view.index = range<uint8_t>(bases.weights, weights.index_offset(), weights.index_bytes());
  view.dtype = weights.dtype();
  if (is_built(fbs::Dtype::F16) && view.dtype == fbs::Dtype::F16 && bases.widens) {
    view.dtype = fbs::Dtype::F32;
    view.values.size = static_cast<size_t>(weights.values_bytes()) / sizeof(uint16_t);
    if (bases.wide_weights != nullptr) {
      view.values.data = reinterpret_cast<const float*>(bases.wide_weights + 2 * weights.values_offset());
    }
  } else {
    view.values = range<float>(bases.weights, weights.values_offset(), weights.values_bytes());
    view.values.size = static_cast<size_t>(weights.values_bytes()) / static_cast<size_t>(bytes_of(view.dtype));
  }
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
