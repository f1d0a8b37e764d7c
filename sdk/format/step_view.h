// Steps of a program in the form that operators take. Reads a program that verification has passed up to there.
#pragma once

#include "kernels/op.h"
#include "lacuna_generated.h"
#include "sdk/format/limits.h"

namespace lacuna {

/// In Step.inputs: an optional operand that is not there.
constexpr uint32_t kOmitted = 0xffffffff;

/// Where offsets of a program count from.
struct Bases {
  uint8_t* arena = nullptr;          ///< start of the value part; null while there is no session
  const uint8_t* weights = nullptr;  ///< start of the weight segment
  /// Whether halves are floats, in these places: offset `at` of the file's plan is 2 * at there, so that what is
  /// disjoint in the plan is disjoint there.
  bool widens = false;
  uint8_t* wide_arena = nullptr;
  uint8_t* wide_weights = nullptr;
};

/// A value with a place: a half-open range of bytes of the file's plan that holds every element.
struct PlacedValue {
  TensorView view;
  bool constant = false;  ///< in the weight segment, else in the arena
  uint64_t begin = 0;
  uint64_t end = 0;
};

PlacedValue place_value(const fbs::Program& program, uint32_t index, const Bases& bases);

/// Bytes of the value's elements, gaps between them included.
inline uint64_t span_bytes(const TensorView& view) {
  return static_cast<uint64_t>(extent(view) * bytes_of(view.dtype));
}

/// Whether any value of the program is of halves.
bool has_halves(const fbs::Program& program);

PackedWeights view_weights(const fbs::PackedWeights& weights, const Bases& bases);

/// Number of elements of a vector; an absent one is empty.
template <class T>
uint32_t size_of(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

/// The text of a string; an absent one is empty.
inline const char* text_of(const flatbuffers::String* string) { return string == nullptr ? "" : string->c_str(); }

/// One step with room for its operands (20 KiB: for the stack of open, size and init). `step` borrows from it.
class StepView {
 public:
  StepView(const fbs::Program& program, const fbs::Step& source, const Bases& bases);
  StepView(const StepView&) = delete;
  StepView& operator=(const StepView&) = delete;

  const OpStep& step() const { return step_; }
  const TensorView& output() const { return output_; }

 private:
  TensorView inputs_[kMaxStepInputs];
  TensorView output_;
  PackedWeights weights_;
  OpStep step_;
};

}  // namespace lacuna
