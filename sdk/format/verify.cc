#include "sdk/format/verify.h"

#include <cmath>

#include "kernels/footprint.h"
#include "sdk/base/align.h"
#include "sdk/format/step_view.h"

namespace lacuna {
namespace {

/// What a step writes, by ascending first byte. A view writes nothing.
struct Writes {
  Footprint prints[kMaxStepInputs];
  size_t count = 0;

  void add(const Footprint& print) { prints[count++] = print; }

  bool touch(const Footprint& print) const {
    for (size_t i = first_behind(print.begin); i < count && prints[i].begin < print.end; ++i) {
      if (prints[i].shares_bytes_with(print)) return true;
    }
    return false;
  }

 private:
  /// The first that does not end before `at`, by bisection: ends ascend as well.
  size_t first_behind(int64_t at) const {
    size_t first = 0;
    for (size_t last = count; first < last;) {
      const size_t middle = first + (last - first) / 2;
      if (prints[middle].end <= at) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return first;
  }
};

Footprint footprint_of(const PlacedValue& value) { return footprint_of(value.view, static_cast<int64_t>(value.begin)); }

bool is_multiple(uint64_t offset, uint64_t alignment) { return offset % alignment == 0; }

/// Whether [offset, offset + bytes) lies in [0, size).
bool fits(uint64_t offset, uint64_t bytes, uint64_t size) { return offset <= size && bytes <= size - offset; }

bool name_fits(const flatbuffers::String* name) { return name == nullptr || name->size() <= kMaxNameBytes; }

/// Dimensions of size 1 dropped and neighbours merged where their strides allow: equal results mean that elements in
/// row-major order lie at equal distances from the first one.
Shape merged_strides(const TensorView& view, Shape* dims) {
  Shape strides;
  for (int i = view.shape.rank - 1; i >= 0; --i) {  // innermost first
    if (view.shape[i] == 1) continue;
    const int last = strides.rank - 1;
    if (last >= 0 && view.strides[i] == strides[last] * (*dims)[last]) {
      (*dims)[last] *= view.shape[i];
    } else {
      dims->push_back(view.shape[i]);
      strides.push_back(view.strides[i]);
    }
  }
  return strides;
}

bool same_elements(const PlacedValue& a, const PlacedValue& b) {
  Shape a_dims;
  Shape b_dims;
  const Shape a_strides = merged_strides(a.view, &a_dims);
  const Shape b_strides = merged_strides(b.view, &b_dims);
  return a.constant == b.constant && a.view.dtype == b.view.dtype && a.begin == b.begin && a_dims == b_dims &&
         a_strides == b_strides;
}

/// Strides of dimensions of size 1 do not matter.
bool same_strides(const TensorView& a, const TensorView& b) {
  for (int i = 0; i < a.shape.rank; ++i) {
    if (a.shape[i] != 1 && a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

bool same_place(const PlacedValue& a, const PlacedValue& b) {
  return a.constant == b.constant && a.view.dtype == b.view.dtype && a.begin == b.begin &&
         a.view.shape == b.view.shape && same_strides(a.view, b.view);
}

bool slice_is_view(const fbs::SliceAttrs& attrs, const PlacedValue& x, const PlacedValue& y) {
  if (x.constant) return false;
  uint64_t begin = x.begin;
  for (int i = 0; i < x.view.shape.rank; ++i) {
    const auto at = static_cast<uint32_t>(i);
    begin += static_cast<uint64_t>(attrs.start()->Get(at) * x.view.strides[i] * bytes_of(x.view.dtype));
    if (y.view.shape[i] != 1 && y.view.strides[i] != x.view.strides[i] * attrs.step()->Get(at)) return false;
  }
  return y.begin == begin;
}

class Verifier {
 public:
  Verifier(const fbs::Program& program, const uint8_t* weights, uint64_t weight_bytes, lacuna_error* error)
      : program_(program),
        bases_{nullptr, weights},
        weight_bytes_(weight_bytes),
        error_(error),
        values_(size_of(program.values())),
        steps_(size_of(program.steps())),
        inputs_(size_of(program.inputs())) {}

  Status verify() {
    LACUNA_RETURN_IF_ERROR(verify_limits());
    for (uint32_t i = 0; i < size_of(program_.buffers()); ++i) LACUNA_RETURN_IF_ERROR(verify_buffer(i));
    for (uint32_t i = 0; i < values_; ++i) LACUNA_RETURN_IF_ERROR(verify_value(i));
    LACUNA_RETURN_IF_ERROR(verify_inputs());
    LACUNA_RETURN_IF_ERROR(verify_outputs());
    for (uint32_t i = 0; i < steps_; ++i) {
      lacuna_error reason = {};
      if (const Status status = verify_step(i, &reason); status != LACUNA_OK) return name_step(i, status, reason);
    }
    const char* wrong = program_.preprocessing() == nullptr ? nullptr : wrong_preprocessing(*program_.preprocessing());
    return wrong == nullptr ? LACUNA_OK : fail(error_, LACUNA_ERROR_MEANING, "preprocessing: %s", wrong);
  }

 private:
  // Values are numbered: constants, graph inputs, outputs of steps.
  uint32_t first_input() const { return values_ - steps_ - inputs_; }
  uint32_t output_of(uint32_t step) const { return values_ - steps_ + step; }

  Status verify_limits() {
    if (values_ > kMaxValues) return fail(error_, LACUNA_ERROR_STRUCTURE, "%u values; at most %u", values_, kMaxValues);
    if (steps_ > kMaxSteps) return fail(error_, LACUNA_ERROR_STRUCTURE, "%u steps; at most %u", steps_, kMaxSteps);
    if (inputs_ > kMaxGraphInputs) {
      return fail(error_, LACUNA_ERROR_STRUCTURE, "%u inputs; at most %u", inputs_, kMaxGraphInputs);
    }
    const uint32_t buffers = size_of(program_.buffers());
    if (buffers > kMaxBuffers) {
      return fail(error_, LACUNA_ERROR_STRUCTURE, "%u buffers; at most %u", buffers, kMaxBuffers);
    }
    const uint32_t outputs = size_of(program_.outputs());
    if (outputs == 0 || outputs > kMaxGraphOutputs) {
      return fail(error_, LACUNA_ERROR_STRUCTURE, "%u outputs; at least 1, at most %u", outputs, kMaxGraphOutputs);
    }
    if (values_ < steps_ + inputs_) {
      return fail(error_, LACUNA_ERROR_MEANING, "%u values are too few for %u inputs and the outputs of %u steps",
                  values_, inputs_, steps_);
    }
    const uint64_t arena_bytes = program_.arena_bytes();
    if (arena_bytes > kMaxSegmentBytes || weight_bytes_ > kMaxSegmentBytes || arena_bytes > SIZE_MAX / 2) {
      return fail(error_, LACUNA_ERROR_TOO_LARGE, "%llu bytes of values exceed what can be addressed",
                  static_cast<unsigned long long>(arena_bytes));
    }
    if (!is_multiple(arena_bytes, kAlignment)) {
      return fail(error_, LACUNA_ERROR_MEANING, "arena_bytes is not a multiple of %zu", kAlignment);
    }
    return LACUNA_OK;
  }

  Status verify_buffer(uint32_t index) {
    const fbs::Buffer& buffer = *program_.buffers()->Get(index);
    if (!is_multiple(buffer.offset(), kAlignment) || !is_multiple(buffer.bytes(), kAlignment)) {
      return fail(error_, LACUNA_ERROR_MEANING, "buffer %u: offset and bytes are not multiples of %zu", index,
                  kAlignment);
    }
    if (!fits(buffer.offset(), buffer.bytes(), program_.arena_bytes())) {
      return fail(error_, LACUNA_ERROR_MEANING, "buffer %u: reaches beyond the arena", index);
    }
    return LACUNA_OK;
  }

  Status fail_value(uint32_t index, lacuna_status status, const char* what) {
    const auto* name = program_.values()->Get(index)->name();
    return fail(error_, status, "value %u \"%.80s\": %s", index, name_fits(name) ? text_of(name) : "", what);
  }

  Status verify_value(uint32_t index) {
    const fbs::Value& value = *program_.values()->Get(index);
    if (!name_fits(value.name())) return fail_value(index, LACUNA_ERROR_STRUCTURE, "its name is too long");
    if (value.dtype() > fbs::Dtype::MAX || !is_built(value.dtype())) {
      return fail_value(index, LACUNA_ERROR_UNSUPPORTED_DTYPE, "this build of the library has no such elements");
    }
    if (value.group() != 1) return fail_value(index, LACUNA_ERROR_MEANING, "group is not 1");
    const char* wrong = wrong_layout(value);
    if (wrong == nullptr) wrong = wrong_place(value, index < first_input());
    return wrong == nullptr ? LACUNA_OK : fail_value(index, LACUNA_ERROR_MEANING, wrong);
  }

  /// What is wrong with shape and strides, or null.
  static const char* wrong_layout(const fbs::Value& value) {
    const uint32_t rank = size_of(value.shape());
    if (rank > kMaxRank) return "more than 8 dimensions";
    if (size_of(value.strides()) != rank) return "not one stride a dimension";
    // The FlatBuffers verifier looks at the alignment of a vector's length only.
    if (rank != 0 && reinterpret_cast<uintptr_t>(value.strides()->Data()) % alignof(uint64_t) != 0) {
      return "strides are not aligned to 8 bytes";
    }
    int64_t elements = 1;
    for (uint32_t i = 0; i < rank; ++i) {
      const uint32_t dim = value.shape()->Get(i);
      if (dim == 0 || dim > kMaxDim) return "a dimension is 0 or beyond 2^31 - 1";
      if (__builtin_mul_overflow(elements, static_cast<int64_t>(dim), &elements) || elements > kMaxElements) {
        return "too many elements";
      }
      if (value.strides()->Get(i) > static_cast<uint64_t>(kMaxElements)) return "a stride is too large";
    }
    return wrong_strides(value, static_cast<int>(rank));
  }

  /// No two elements may coincide: with dimensions in order of stride, each steps over all that the smaller ones span.
  static const char* wrong_strides(const fbs::Value& value, int rank) {
    int order[kMaxRank];
    int count = 0;
    const auto stride = [&](int i) { return static_cast<int64_t>(value.strides()->Get(static_cast<uint32_t>(i))); };
    const auto dim = [&](int i) { return static_cast<int64_t>(value.shape()->Get(static_cast<uint32_t>(i))); };
    for (int i = 0; i < rank; ++i) {
      if (dim(i) == 1) continue;
      int at = count++;
      for (; at > 0 && stride(order[at - 1]) > stride(i); --at) order[at] = order[at - 1];
      order[at] = i;
    }
    int64_t span = 1;  // elements from the first to the last one, both included
    for (int i = 0; i < count; ++i) {
      if (stride(order[i]) < span) return "strides make elements coincide";
      int64_t step = 0;
      if (__builtin_mul_overflow(dim(order[i]) - 1, stride(order[i]), &step) || step > kMaxElements - span) {
        return "spans too many elements";
      }
      span += step;
    }
    return nullptr;
  }

  /// What is wrong with space, buffer and offset, or null. The layout is sound.
  const char* wrong_place(const fbs::Value& value, bool constant) const {
    if (value.space() != (constant ? fbs::Space::Weights : fbs::Space::Arena)) {
      return constant ? "constants lie in the weight segment" : "inputs and outputs of steps lie in the arena";
    }
    TensorView view;
    for (uint32_t i = 0; i < size_of(value.shape()); ++i) {
      view.shape.push_back(value.shape()->Get(i));
      view.strides.push_back(static_cast<int64_t>(value.strides()->Get(i)));
    }
    view.dtype = value.dtype();
    const uint64_t bytes = span_bytes(view);
    if (constant) {
      if (!is_multiple(value.offset(), kAlignment)) return "a constant's offset is not a multiple of 64";
      return weight_range_fits(value.offset(), bytes) ? nullptr : "reaches beyond the weight segment";
    }
    if (value.buffer() >= size_of(program_.buffers())) return "no such buffer";
    if (!is_multiple(value.offset(), static_cast<uint64_t>(bytes_of(view.dtype)))) {
      return "offset is not a multiple of an element";
    }
    return fits(value.offset(), bytes, program_.buffers()->Get(value.buffer())->bytes()) ? nullptr
                                                                                         : "reaches beyond its buffer";
  }

  /// Kernels may read past the end of a range, so the segment ends with slack.
  bool weight_range_fits(uint64_t offset, uint64_t bytes) const {
    return weight_bytes_ >= kOverreadBytes && fits(offset, bytes, weight_bytes_ - kOverreadBytes);
  }

  Status verify_inputs() {
    for (uint32_t i = 0; i < inputs_; ++i) {
      if (program_.inputs()->Get(i) != first_input() + i) {
        return fail(error_, LACUNA_ERROR_MEANING,
                    "input %u is value %u; values are constants, inputs, outputs of steps", i,
                    program_.inputs()->Get(i));
      }
      if (!is_float(first_input() + i)) {
        return fail_value(first_input() + i, LACUNA_ERROR_UNSUPPORTED_DTYPE, "an input that is not fp32");
      }
      for (uint32_t j = 0; j < i; ++j) {
        if (footprint_of(place(first_input() + i)).shares_bytes_with(footprint_of(place(first_input() + j)))) {
          return fail(error_, LACUNA_ERROR_MEANING, "inputs %u and %u overlap in the arena", j, i);
        }
      }
    }
    return LACUNA_OK;
  }

  Status verify_outputs() {
    for (uint32_t i = 0; i < size_of(program_.outputs()); ++i) {
      const uint32_t index = program_.outputs()->Get(i);
      if (index >= values_) return fail(error_, LACUNA_ERROR_MEANING, "output %u: no value %u", i, index);
      if (!alive(index, steps_)) {
        return fail_value(index, LACUNA_ERROR_MEANING, "an output whose live_until is not after the last step");
      }
      if (!is_float(index)) return fail_value(index, LACUNA_ERROR_UNSUPPORTED_DTYPE, "an output that is not fp32");
    }
    return LACUNA_OK;
  }

  PlacedValue place(uint32_t index) const { return place_value(program_, index, bases_); }

  bool is_float(uint32_t index) const {
    return !is_built(fbs::Dtype::F16) || program_.values()->Get(index)->dtype() == fbs::Dtype::F32;
  }
  bool is_constant(uint32_t index) const { return index < first_input(); }
  bool alive(uint32_t index, uint32_t step) const {
    return is_constant(index) || program_.values()->Get(index)->live_until() > step;
  }

  // Steps. Their messages go to `reason`; verify() puts the step's name before it.

  Status name_step(uint32_t index, lacuna_status status, const lacuna_error& reason) {
    const fbs::Step& step = *program_.steps()->Get(index);
    return fail(error_, status, "step %u \"%.80s\" (%s): %s", index, name_fits(step.name()) ? text_of(step.name()) : "",
                fbs::EnumNameOpAttrs(step.attrs_type()), reason.message);
  }

  Status verify_step(uint32_t index, lacuna_error* reason) {
    const fbs::Step& step = *program_.steps()->Get(index);
    if (!name_fits(step.name())) return fail(reason, LACUNA_ERROR_STRUCTURE, "its name is too long");
    if (step.attrs() == nullptr || step.attrs_type() < fbs::OpAttrs::Conv || step.attrs_type() > fbs::OpAttrs::MAX) {
      return fail(reason, LACUNA_ERROR_STRUCTURE, "operator number %d is unknown", static_cast<int>(step.attrs_type()));
    }
    const OpRun* op = find_op(step.attrs_type());
    if (op == nullptr) {
      return fail(reason, LACUNA_ERROR_UNSUPPORTED_OPERATOR, "this build of the library leaves the operator out");
    }
    LACUNA_RETURN_IF_ERROR(verify_operands(index, step, *op, reason));
    LACUNA_RETURN_IF_ERROR(verify_dtypes(index, step, reason));
    if (step.weights() != nullptr) LACUNA_RETURN_IF_ERROR(verify_weights(*step.weights(), reason));
    const StepView view(program_, step, bases_);
    LACUNA_RETURN_IF_ERROR(verify_layouts(view, *op, reason));
    Shape shape;
    LACUNA_RETURN_IF_ERROR(op->infer(view.step(), &shape, reason));
    if (shape != view.output().shape) {
      return fail(reason, LACUNA_ERROR_MEANING, "its output has another shape than operands and attributes give");
    }
    if (op->check != nullptr) LACUNA_RETURN_IF_ERROR(op->check(view.step(), reason));
    return verify_writes(index, step, view.step(), *op, reason);
  }

  Status verify_operands(uint32_t index, const fbs::Step& step, const OpRun& op, lacuna_error* reason) {
    if (size_of(step.outputs()) != 1 || step.outputs()->Get(0) != output_of(index)) {
      return fail(reason, LACUNA_ERROR_MEANING, "its only output must be value %u", output_of(index));
    }
    const uint32_t count = size_of(step.inputs());
    if (count > kMaxStepInputs) {
      return fail(reason, LACUNA_ERROR_STRUCTURE, "%u operands; at most %u", count, kMaxStepInputs);
    }
    if (count < static_cast<uint32_t>(op.min_inputs) || count > static_cast<uint32_t>(op.max_inputs)) {
      return fail(reason, LACUNA_ERROR_MEANING, "%u operands do not suit the operator", count);
    }
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t value = step.inputs()->Get(i);
      const bool may_lack = i >= static_cast<uint32_t>(op.min_inputs) && op.max_inputs != kAnyCount;
      if (value == kOmitted && may_lack) continue;
      if (value >= output_of(index)) {
        return fail(reason, LACUNA_ERROR_MEANING, "operand %u is value %u, which does not exist before the step", i,
                    value);
      }
      if (!alive(value, index)) {
        return fail(reason, LACUNA_ERROR_MEANING, "operand %u is value %u, whose live_until has passed", i, value);
      }
    }
    return LACUNA_OK;
  }

  /// Operands, weights and output have one type, but for the Unary Identity that converts.
  Status verify_dtypes(uint32_t index, const fbs::Step& step, lacuna_error* reason) const {
    const fbs::Dtype dtype = program_.values()->Get(output_of(index))->dtype();
    if (step.weights() != nullptr && step.weights()->dtype() != dtype) {
      return fail(reason, LACUNA_ERROR_MEANING, "its weights are of another type than its output");
    }
    if (!is_built(fbs::Dtype::F16) || converts(step)) return LACUNA_OK;
    for (uint32_t i = 0; i < size_of(step.inputs()); ++i) {
      const uint32_t value = step.inputs()->Get(i);
      if (value != kOmitted && program_.values()->Get(value)->dtype() != dtype) {
        return fail(reason, LACUNA_ERROR_MEANING, "operand %u is of another type than its output", i);
      }
    }
    return LACUNA_OK;
  }

  static bool converts(const fbs::Step& step) {
    const fbs::UnaryAttrs* unary = step.attrs_as_Unary();
    return unary != nullptr && (unary->function() == nullptr || unary->function()->kind() == fbs::UnaryKind::Identity);
  }

  Status verify_weights(const fbs::PackedWeights& weights, lacuna_error* reason) const {
    if (weights.packing() <= fbs::Packing::None || weights.packing() > fbs::Packing::MAX) {
      return fail(reason, LACUNA_ERROR_MEANING, "packing number %d is unknown", static_cast<int>(weights.packing()));
    }
    if (weights.rows() == 0 || weights.columns() == 0 || weights.groups() == 0 || weights.rows() > kMaxDim ||
        weights.columns() > kMaxDim || weights.rows() % weights.groups() != 0) {
      return fail(reason, LACUNA_ERROR_MEANING, "rows, columns and groups of the weights do not fit together");
    }
    const bool sparse = is_sparse(weights.packing());
    if (sparse ? weights.block() == 0 : weights.block() != 0 || weights.index_bytes() != 0) {
      return fail(reason, LACUNA_ERROR_MEANING, "block %u or %llu index bytes do not suit the packing", weights.block(),
                  static_cast<unsigned long long>(weights.index_bytes()));
    }
    if ((weights.segments() != 1 || weights.ordered()) && weights.packing() != fbs::Packing::SparseRows) {
      return fail(reason, LACUNA_ERROR_MEANING, "segments or order misfit the packing");
    }
    if (!is_multiple(weights.values_bytes(), static_cast<uint64_t>(bytes_of(weights.dtype()))) ||
        (weights.bias_bytes() != 0 && weights.bias_bytes() != uint64_t{4} * weights.rows())) {
      return fail(reason, LACUNA_ERROR_MEANING, "bytes of weights or bias are no whole number of elements or of rows");
    }
    if (!weight_part_fits(weights.index_offset(), weights.index_bytes()) ||
        !weight_part_fits(weights.values_offset(), weights.values_bytes()) ||
        !weight_part_fits(weights.bias_offset(), weights.bias_bytes())) {
      return fail(reason, LACUNA_ERROR_MEANING, "a range of weights is unaligned or reaches beyond the weight segment");
    }
    return LACUNA_OK;
  }

  bool weight_part_fits(uint64_t offset, uint64_t bytes) const {
    return bytes == 0 || (is_multiple(offset, kAlignment) && weight_range_fits(offset, bytes));
  }

  static bool suits(const TensorView& view, Layout layout) {
    switch (layout) {
      case Layout::kContiguous:
        return is_contiguous(view);
      case Layout::kPlanar:
        return is_planar(view) || is_contiguous(view);
      case Layout::kStrided:
        break;
    }
    return true;
  }

  static Status verify_layouts(const StepView& view, const OpRun& op, lacuna_error* reason) {
    for (size_t i = 0; i < view.step().inputs.size; ++i) {
      const TensorView& input = view.step().inputs[i];
      if (input.present && !suits(input, op.input_layout)) {
        return fail(reason, LACUNA_ERROR_MEANING, "strides of operand %zu do not suit the operator", i);
      }
    }
    if (!suits(view.output(), op.output_layout)) {
      return fail(reason, LACUNA_ERROR_MEANING, "strides of its output do not suit the operator");
    }
    return LACUNA_OK;
  }

  /// What is wrong with how a picture becomes the first input, or null.
  const char* wrong_preprocessing(const fbs::Preprocessing& image) const {
    const uint32_t channels = size_of(image.mean());
    if (channels != 1 && channels != 3) return "mean has neither 1 nor 3 numbers";
    if (size_of(image.std()) != channels) return "mean and std have different numbers of channels";
    for (uint32_t c = 0; c < channels; ++c) {
      if (!std::isfinite(image.mean()->Get(c))) return "a mean is not finite";
      const float std = image.std()->Get(c);
      if (!(std > 0) || !std::isfinite(std) || !std::isfinite(1 / std)) return "a std is not positive and finite";
    }
    if (inputs_ == 0) return "there is no input";
    const auto* shape = program_.values()->Get(program_.inputs()->Get(0))->shape();
    if (size_of(shape) != 4 || shape->Get(0) != 1 || (shape->Get(1) != channels && shape->Get(3) != channels)) {
      return "the first input is no picture of as many channels as mean has";
    }
    if (image.bgr() && channels != 3) return "bgr needs 3 channels";
    if (image.resize_short_side() > kMaxImageSide) return "resize_short_side is beyond 32768";
    if (image.letterbox() && image.resize_short_side() != 0)
      return "letterbox and resize_short_side exclude each other";
    if (image.filter() > fbs::ImageFilter::MAX) return "an unknown filter";
    return wrong_labels(image.labels());
  }

  const char* wrong_labels(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* labels) const {
    const auto* shape = program_.values()->Get(program_.outputs()->Get(0))->shape();
    uint64_t elements = 1;
    for (uint32_t i = 0; i < size_of(shape); ++i) elements *= shape->Get(i);  // verify_value has bounded it
    if (size_of(labels) > elements) return "more labels than the first output has elements";
    for (uint32_t i = 0; i < size_of(labels); ++i) {
      if (!name_fits(labels->Get(i))) return "a label is too long";
    }
    return nullptr;
  }

  // Memory. Whatever a step writes must not hold a value that is still needed. By induction over the steps, each value
  // then has its own elements as long as it is alive.

  Status verify_writes(uint32_t index, const fbs::Step& step, const OpStep& bound, const OpRun& op,
                       lacuna_error* reason) const {
    const PlacedValue output = place(output_of(index));
    Writes writes;
    find_writes(step, output, &writes);
    if (writes.count == 0) return LACUNA_OK;
    const PackedWeights* weights = bound.weights;
    const bool replaces = weights != nullptr && output.view.dtype == fbs::Dtype::F32 &&
                          replaces_residual(op, weights->packing, weights->columns, weights->block);
    for (uint32_t i = first_input(); i < output_of(index); ++i) {
      // The buffer is cheap to find and tells most values apart.
      if (!alive(i, index) || !writes.touch(buffer_of(i))) continue;
      const PlacedValue value = place(i);
      if (!writes.touch(footprint_of(value))) continue;
      const uint32_t input = input_of(step, i);
      const bool takes_place = op.in_place == InPlace::kAny ? input < kMaxStepInputs : replaces && input == 1;
      const bool replaced = takes_place && !alive(i, index + 1) && same_place(value, output);
      if (!replaced) {
        return fail(reason, LACUNA_ERROR_MEANING, "its output overlaps value %u, which is still needed", i);
      }
    }
    return LACUNA_OK;
  }

  Footprint buffer_of(uint32_t value) const {
    const fbs::Buffer& buffer = *program_.buffers()->Get(program_.values()->Get(value)->buffer());
    const uint64_t end = buffer.offset() + buffer.bytes();
    return {static_cast<int64_t>(buffer.offset()), static_cast<int64_t>(end), 0, 0};
  }

  /// Number of the first input of the step that is the value; kMaxStepInputs: none.
  static uint32_t input_of(const fbs::Step& step, uint32_t value) {
    for (uint32_t i = 0; i < size_of(step.inputs()); ++i) {
      if (step.inputs()->Get(i) == value) return i;
    }
    return kMaxStepInputs;
  }

  void find_writes(const fbs::Step& step, const PlacedValue& output, Writes* writes) const {
    switch (step.attrs_type()) {
      case fbs::OpAttrs::Concat:
        return find_copied_parts(step, output, writes);
      case fbs::OpAttrs::Reshape:
        if (same_elements(place(step.inputs()->Get(0)), output)) return;
        break;
      case fbs::OpAttrs::Slice:
        if (slice_is_view(*step.attrs_as_Slice(), place(step.inputs()->Get(0)), output)) return;
        break;
      default:
        break;
    }
    writes->add(footprint_of(output));
  }

  /// Parts of a Concat's output that do not already lie there.
  void find_copied_parts(const fbs::Step& step, const PlacedValue& output, Writes* writes) const {
    const auto axis = static_cast<int>(step.attrs_as_Concat()->axis());
    PlacedValue part = output;
    for (uint32_t i = 0; i < size_of(step.inputs()); ++i) {
      const PlacedValue input = place(step.inputs()->Get(i));
      part.view.shape = input.view.shape;
      part.end = part.begin + span_bytes(part.view);
      if (!same_place(input, part)) writes->add(footprint_of(part));
      part.begin +=
          static_cast<uint64_t>(input.view.shape[axis] * output.view.strides[axis] * bytes_of(part.view.dtype));
    }
  }

  const fbs::Program& program_;
  const Bases bases_;
  const uint64_t weight_bytes_;
  lacuna_error* const error_;
  const uint32_t values_;
  const uint32_t steps_;
  const uint32_t inputs_;
};

}  // namespace

Status verify_program(const fbs::Program& program, const uint8_t* weights, uint64_t weight_bytes, lacuna_error* error) {
  return Verifier(program, weights, weight_bytes, error).verify();
}

}  // namespace lacuna
