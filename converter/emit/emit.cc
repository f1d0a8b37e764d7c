#include "converter/emit/emit.h"

#include <cstring>
#include <functional>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "converter/ir/operands.h"
#include "kernels/spmm/pack.h"
#include "sdk/base/half.h"
#include "sdk/format/header.h"
#include "sdk/format/limits.h"

namespace lacuna {
namespace {

constexpr uint32_t kOmitted = 0xffffffff;

/// One part of the weight segment. Equal bytes are stored once: bands of a layer share its weights.
class WeightPart {
 public:
  /// Offset of a copy of `bytes`.
  uint64_t add(const void* data, size_t bytes) {
    const std::string_view added(static_cast<const char*>(data), bytes);
    const auto [begin, end] = offsets_.equal_range(std::hash<std::string_view>()(added));
    for (auto it = begin; it != end; ++it) {
      if (bytes_.compare(it->second, bytes, added) == 0) return it->second;
    }
    const uint64_t offset = bytes_.size();
    offsets_.emplace(std::hash<std::string_view>()(added), offset);
    bytes_.append(added);
    bytes_.resize(align_up(bytes_.size()));
    return offset;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::unordered_multimap<size_t, uint64_t> offsets_;  ///< by hash of the content
};

/// The weight segment under construction: index streams first, so that verification reads few pages, then the rest.
class WeightSegment {
 public:
  /// Offset of a copy of `bytes` in the index part.
  uint64_t add_index(const void* data, size_t bytes) { return index_.add(data, bytes); }
  /// Offset of a copy in the value part, counted from that part's start: `values_start` tells where it begins.
  uint64_t add_values(const void* data, size_t bytes) { return values_.add(data, bytes); }

  uint64_t values_start() const { return index_.bytes().size(); }
  std::string take() const { return index_.bytes() + values_.bytes() + std::string(kOverreadBytes, '\0'); }

 private:
  WeightPart index_;
  WeightPart values_;
};

class Emitter {
 public:
  Emitter(const Graph& graph, const std::vector<Choice>& choices, const Plan& plan)
      : graph_(graph), choices_(choices), plan_(plan), lives_(lives_of(graph)) {}

  std::string run(const FileNotes& notes) {
    program_.producer = std::string("lacuna ") + kVersion;
    program_.source = graph_.name;
    program_.target = notes.target;
    program_.costs = notes.costs;
    if (notes.preprocessing) program_.preprocessing = std::make_unique<fbs::PreprocessingT>(*notes.preprocessing);
    add_constants();
    for (const ValueId id : graph_.inputs) program_.inputs.push_back(add_value(id));
    for (size_t i = 0; i < graph_.nodes.size(); ++i) add_step(graph_.nodes[i], choices_[i]);
    for (const ValueId id : graph_.outputs) program_.outputs.push_back(number_.at(id));
    add_buffers();
    move_values_behind_index();
    check_limits();
    return assemble();
  }

 private:
  static constexpr const char* kVersion = "0.1.0";

  /// Constants that stay operands of steps come first among the values.
  void add_constants() {
    for (const Node& node : graph_.nodes) {
      for (const ValueId id : device_operands(node)) {
        if (graph_.is_constant(id) && number_.count(id) == 0) add_constant(id);
      }
    }
  }

  void add_constant(ValueId id) {
    const Tensor& tensor = graph_.constant(id);
    if (tensor.type != ElementType::kF32) {
      unsupported("constant '" + graph_.value(id).name +
                  "' is an integer tensor that a step reads: only fp32 is computed");
    }
    add_value(id);
    fbs::ValueT& value = *program_.values.back();
    value.space = fbs::Space::Weights;
    value.offset = add_numbers(tensor.f32, value.dtype).first;
  }

  uint32_t add_value(ValueId id) {
    const Value& value = graph_.value(id);
    const Placement& placement = plan_.values[static_cast<size_t>(id)];
    auto out = std::make_unique<fbs::ValueT>();
    out->name = value.name.substr(0, kMaxNameBytes);
    out->dtype = value.dtype;
    for (const int64_t dim : value.shape) out->shape.push_back(static_cast<uint32_t>(dim));
    for (const int64_t stride : placement.strides) out->strides.push_back(static_cast<uint64_t>(stride));
    if (placement.buffer >= 0) {
      out->buffer = static_cast<uint32_t>(placement.buffer);
      out->offset = placement.offset;
      out->live_until = static_cast<uint32_t>(lives_[static_cast<size_t>(id)].last + 1);
    }
    const auto number = static_cast<uint32_t>(program_.values.size());
    number_[id] = number;
    program_.values.push_back(std::move(out));
    return number;
  }

  void add_step(const Node& node, const Choice& choice) {
    auto step = std::make_unique<fbs::StepT>();
    step->name = node.name.substr(0, kMaxNameBytes);
    step->attrs = node.attrs;
    for (const ValueId id : device_operands(node)) step->inputs.push_back(id == kNoValue ? kOmitted : number_.at(id));
    step->outputs.push_back(add_value(node.output));
    if (choice.packing != fbs::Packing::None) step->weights = pack(node, choice);
    step->choice = std::make_unique<fbs::ChoiceT>();
    step->choice->nonzeros = choice.nonzeros;
    step->choice->weights = choice.weights;
    step->choice->macs = choice.macs;
    step->choice->nonzero_macs = choice.nonzero_macs;
    step->choice->reason = choice.reason;
    step->choice->pattern = choice.pattern;
    for (const PackingTime& time : choice.predicted) {
      step->choice->predicted.emplace_back(time.packing, static_cast<float>(time.us));
    }
    step->choice->break_even = static_cast<float>(choice.break_even);
    program_.steps.push_back(std::move(step));
  }

  std::unique_ptr<fbs::PackedWeightsT> pack(const Node& node, const Choice& choice) {
    const ValueId bias = operand_with_role(node, Role::kBias);
    const PackedAttrs attrs(node.attrs);
    WeightBytes bytes = host_op(node.attrs.type)
                            .pack(attrs.table(), graph_.constant(operand_with_role(node, Role::kWeight)),
                                  bias == kNoValue ? nullptr : &graph_.constant(bias), choice.packing);
    if (choice.ordered) order_rows(bytes);
    auto out = std::make_unique<fbs::PackedWeightsT>();
    out->packing = choice.packing;
    out->rows = bytes.meta.rows;
    out->columns = bytes.meta.columns;
    out->groups = bytes.meta.groups;
    out->block = bytes.meta.block;
    out->segments = bytes.meta.segments;
    out->ordered = bytes.meta.ordered;
    out->index_bytes = bytes.index.size();
    out->index_offset = segment_.add_index(bytes.index.data(), bytes.index.size());
    out->dtype = graph_.value(node.output).dtype;
    std::tie(out->values_offset, out->values_bytes) = add_numbers(bytes.values, out->dtype);
    std::tie(out->bias_offset, out->bias_bytes) = add_numbers(bytes.bias, fbs::Dtype::F32);
    return out;
  }

  /// Offset and bytes of the numbers in the value part.
  std::pair<uint64_t, uint64_t> add_numbers(const std::vector<float>& numbers, fbs::Dtype dtype) {
    const uint64_t bytes = numbers.size() * static_cast<size_t>(bytes_of(dtype));
    if (dtype == fbs::Dtype::F32) return {segment_.add_values(numbers.data(), bytes), bytes};
    std::vector<uint16_t> halves;
    for (const float number : numbers) halves.push_back(half_from_float(number));
    return {segment_.add_values(halves.data(), bytes), bytes};
  }

  void add_buffers() {
    for (const Buffer& buffer : plan_.buffers) {
      auto out = std::make_unique<fbs::BufferT>();
      out->offset = buffer.offset;
      out->bytes = buffer.bytes;
      program_.buffers.push_back(std::move(out));
    }
    program_.arena_bytes = plan_.arena_bytes;
  }

  void move_values_behind_index() {
    const uint64_t start = segment_.values_start();
    for (const auto& value : program_.values) {
      if (value->space == fbs::Space::Weights) value->offset += start;
    }
    for (const auto& step : program_.steps) {
      if (step->weights == nullptr) continue;
      step->weights->values_offset += start;
      step->weights->bias_offset += start;
    }
  }

  void check_limits() const {
    const auto at_most = [](size_t number, uint64_t limit, const char* what) {
      if (number > limit) {
        throw Error(ExitCode::kResourceLimit, "the network has " + std::to_string(number) + " " + what +
                                                  "; the format holds at most " + std::to_string(limit));
      }
    };
    at_most(program_.values.size(), kMaxValues, "values");
    at_most(program_.buffers.size(), kMaxBuffers, "buffers");
    at_most(program_.steps.size(), kMaxSteps, "steps");
    at_most(program_.inputs.size(), kMaxGraphInputs, "inputs");
    at_most(program_.outputs.size(), kMaxGraphOutputs, "outputs");
    at_most(program_.arena_bytes, kMaxSegmentBytes, "bytes of activations");
    for (const auto& step : program_.steps) at_most(step->inputs.size(), kMaxStepInputs, "operands in one step");
  }

  std::string assemble() {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(fbs::Program::Pack(builder, &program_), fbs::ProgramIdentifier());
    const std::string weights = segment_.take();
    const Header header = make_header(builder.GetBufferPointer(), builder.GetSize(), weights.data(), weights.size());
    uint8_t head[kHeaderBytes];
    encode(header, head);
    std::string file(reinterpret_cast<const char*>(head), kHeaderBytes);
    file.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
    file.resize(header.weight_offset);
    return file + weights;
  }

  const Graph& graph_;
  const std::vector<Choice>& choices_;
  const Plan& plan_;
  const std::vector<Life> lives_;
  fbs::ProgramT program_;
  WeightSegment segment_;
  std::map<ValueId, uint32_t> number_;
};

}  // namespace

std::string emit(const Graph& graph, const std::vector<Choice>& choices, const Plan& plan, const FileNotes& notes) {
  return Emitter(graph, choices, plan).run(notes);
}

}  // namespace lacuna
