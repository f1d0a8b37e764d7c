// Makes small .lcn files for tests, right ones and wrong ones, without the converter.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "lacuna_generated.h"
#include "sdk/base/align.h"
#include "sdk/format/header.h"
#include "sdk/format/step_view.h"

namespace lacuna {

/// Bytes aligned to kAlignment that end exactly where their memory ends, so that a sanitizer sees each read beyond.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t bytes) : size_(bytes) {
    void* memory = nullptr;
    if (posix_memalign(&memory, kAlignment, bytes == 0 ? 1 : bytes) != 0) throw std::bad_alloc();
    data_.reset(static_cast<uint8_t*>(memory));
  }
  uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> data_;
  size_t size_;
};

/// Header, program, zeros and weights as one file.
inline AlignedBytes make_file(const uint8_t* program, size_t program_bytes, const std::vector<uint8_t>& weights) {
  const Header header = make_header(program, program_bytes, weights.data(), weights.size());
  AlignedBytes file(static_cast<size_t>(header.file_bytes));
  memset(file.data(), 0, file.size());
  uint8_t head[kHeaderBytes];
  encode(header, head);
  memcpy(file.data(), head, kHeaderBytes);
  memcpy(file.data() + kHeaderBytes, program, program_bytes);
  if (!weights.empty()) memcpy(file.data() + header.weight_offset, weights.data(), weights.size());
  return file;
}

/// A program under construction. Constants come first, then inputs, then steps.
class ModelBuilder {
 public:
  fbs::ProgramT program;
  std::vector<uint8_t> weights;  ///< the slack at its end is added by file()

  uint32_t buffer(uint64_t floats) {
    auto made = std::make_unique<fbs::BufferT>();
    made->offset = program.arena_bytes;
    made->bytes = align_up(static_cast<size_t>(floats * sizeof(float)));
    program.arena_bytes += made->bytes;
    program.buffers.push_back(std::move(made));
    return static_cast<uint32_t>(program.buffers.size() - 1);
  }

  uint64_t add_weights(const std::vector<float>& values) {
    const size_t offset = align_up(weights.size());
    weights.resize(offset + values.size() * sizeof(float));
    memcpy(weights.data() + offset, values.data(), values.size() * sizeof(float));
    return offset;
  }

  uint32_t constant(const std::string& name, const std::vector<uint32_t>& shape, const std::vector<float>& values) {
    fbs::ValueT& made = add_value(name, shape);
    made.space = fbs::Space::Weights;
    made.offset = add_weights(values);
    return last_value();
  }

  uint32_t input(const std::string& name, const std::vector<uint32_t>& shape, uint32_t in_buffer, uint64_t offset = 0) {
    place(add_value(name, shape), in_buffer, offset);
    program.inputs.push_back(last_value());
    return last_value();
  }

  /// Adds a step and its output, whose index it returns.
  template <class Attrs>
  uint32_t step(const std::string& name, Attrs attrs, const std::vector<uint32_t>& inputs,
                const std::vector<uint32_t>& shape, uint32_t in_buffer, uint64_t offset = 0) {
    place(add_value(name + ":0", shape), in_buffer, offset);
    auto made = std::make_unique<fbs::StepT>();
    made->name = name;
    made->attrs.Set(std::move(attrs));
    made->inputs = inputs;
    made->outputs = {last_value()};
    program.steps.push_back(std::move(made));
    return last_value();
  }

  fbs::ValueT& value(uint32_t index) { return *program.values[index]; }
  fbs::StepT& last_step() { return *program.steps.back(); }

  /// Sets every live_until to what steps and outputs ask for.
  void set_lives() {
    for (auto& value : program.values) value->live_until = 0;
    for (uint32_t i = 0; i < program.steps.size(); ++i) {
      for (const uint32_t input : program.steps[i]->inputs) {
        if (input < program.values.size()) program.values[input]->live_until = i + 1;
      }
    }
    for (const uint32_t output : program.outputs) {
      program.values[output]->live_until = static_cast<uint32_t>(program.steps.size()) + 1;
    }
  }

  AlignedBytes file() const {
    flatbuffers::FlatBufferBuilder builder;
    fbs::FinishProgramBuffer(builder, fbs::CreateProgram(builder, &program));
    std::vector<uint8_t> padded = weights;
    padded.resize(align_up(weights.size()) + kOverreadBytes);
    return make_file(builder.GetBufferPointer(), builder.GetSize(), padded);
  }

 private:
  uint32_t last_value() const { return static_cast<uint32_t>(program.values.size() - 1); }

  fbs::ValueT& add_value(const std::string& name, const std::vector<uint32_t>& shape) {
    auto made = std::make_unique<fbs::ValueT>();
    made->name = name;
    made->shape = shape;
    made->strides.resize(shape.size());
    uint64_t step = 1;
    for (size_t i = shape.size(); i-- > 0; step *= shape[i]) made->strides[i] = step;
    program.values.push_back(std::move(made));
    return *program.values.back();
  }

  static void place(fbs::ValueT& value, uint32_t buffer, uint64_t offset) {
    value.buffer = buffer;
    value.offset = offset;
  }
};

/// Values of the sample model, in their order.
enum SampleValue : uint32_t {
  kSampleBias,
  kSampleX,
  kSampleRelu,
  kSampleSum,
  kSampleFlat,
  kSampleFc,
  kSamplePart,
  kSampleJoined
};

constexpr uint32_t kSampleUnits = 5;
constexpr uint32_t kSampleElements = 24;

inline float sample_weight(uint32_t unit, uint32_t k) {
  return static_cast<float>(unit + 1) * 0.25f - static_cast<float>(k) * 0.125f;
}
inline float sample_bias(uint32_t i) { return static_cast<float>(i) * 0.5f - 3.0f; }

/// x [1,2,3,4] with padded planes -> relu in place -> + constant -> flat (a view) -> fc [1,5]; flat[3:8] (a view);
/// joined [1,10] = fc (in its place) and that part (copied). Outputs: joined, the constant, flat.
inline ModelBuilder sample_model() {
  ModelBuilder model;
  std::vector<float> bias;
  for (uint32_t i = 0; i < kSampleElements; ++i) bias.push_back(sample_bias(i));
  model.constant("bias", {1, 2, 3, 4}, bias);
  const uint32_t planes = model.buffer(32);
  const uint32_t dense = model.buffer(kSampleElements);
  const uint32_t result = model.buffer(2 * kSampleUnits);
  model.input("x", {1, 2, 3, 4}, planes);
  model.value(kSampleX).strides = {32, 16, 4, 1};

  fbs::UnaryAttrsT relu;
  relu.function = fbs::Activation(fbs::UnaryKind::Clamp, 0.0f, 3.0e38f);
  model.step("relu", std::move(relu), {kSampleX}, {1, 2, 3, 4}, planes);
  model.value(kSampleRelu).strides = {32, 16, 4, 1};
  model.step("sum", fbs::BinaryAttrsT{}, {kSampleRelu, kSampleBias}, {1, 2, 3, 4}, dense);
  fbs::ReshapeAttrsT flat;
  flat.shape = {1, kSampleElements};
  model.step("flat", flat, {kSampleSum}, {1, kSampleElements}, dense);

  fbs::FullyConnectedAttrsT fc;
  fc.units = kSampleUnits;
  model.step("fc", std::move(fc), {kSampleFlat}, {1, kSampleUnits}, result);
  std::vector<float> rows(kSampleElements * 16);
  for (uint32_t unit = 0; unit < kSampleUnits; ++unit) {
    for (uint32_t k = 0; k < kSampleElements; ++k) rows[k * 16 + unit] = sample_weight(unit, k);
  }
  auto packed = std::make_unique<fbs::PackedWeightsT>();
  packed->packing = fbs::Packing::DenseRows16;
  packed->rows = kSampleUnits;
  packed->columns = kSampleElements;
  packed->values_offset = model.add_weights(rows);
  packed->values_bytes = rows.size() * sizeof(float);
  packed->bias_offset = model.add_weights(std::vector<float>(kSampleUnits, 1.0f));
  packed->bias_bytes = kSampleUnits * sizeof(float);
  model.last_step().weights = std::move(packed);
  model.last_step().choice = std::make_unique<fbs::ChoiceT>();
  model.last_step().choice->weights = kSampleUnits * kSampleElements;

  fbs::SliceAttrsT slice;
  slice.start = {0, 3};
  slice.step = {1, 1};
  slice.sizes = {1, kSampleUnits};
  model.step("part", slice, {kSampleFlat}, {1, kSampleUnits}, dense, 3 * sizeof(float));
  fbs::ConcatAttrsT joined;
  joined.axis = 1;
  model.step("joined", joined, {kSampleFc, kSamplePart}, {1, 2 * kSampleUnits}, result);
  model.program.outputs = {kSampleJoined, kSampleBias, kSampleFlat};
  model.set_lives();
  return model;
}

}  // namespace lacuna
