// What open accepts and refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <limits>
#include <string>

#include "lacuna/lacuna.h"
#include "tests/sdk/golden.h"
#include "tests/sdk/model_builder.h"

using namespace lacuna;

namespace {

struct Opened {
  lacuna_status status;
  std::string message;
};

Opened open(const AlignedBytes& file) {
  lacuna_model model;
  lacuna_error error = {};
  const lacuna_status status = lacuna_model_open(file.data(), file.size(), &model, &error);
  if (status == LACUNA_OK) lacuna_model_close(&model);
  return {status, error.message};
}

AlignedBytes copy_of(const AlignedBytes& file, size_t bytes) {
  AlignedBytes copy(bytes);
  memcpy(copy.data(), file.data(), bytes);
  return copy;
}

void store_u64(const AlignedBytes& file, size_t offset, uint64_t number) {
  for (size_t i = 0; i < 8; ++i) file.data()[offset + i] = static_cast<uint8_t>(number >> (8 * i));
}

void store_program_hash(const AlignedBytes& file) {
  const Header header = decode(file.data());
  store_u64(file, 24, hash64(file.data() + kHeaderBytes, static_cast<size_t>(header.program_bytes)));
}

/// Opens and, where that passes, runs: whatever gets through must be safe.
lacuna_status open_and_run(const AlignedBytes& file) {
  lacuna_model model;
  const lacuna_status status = lacuna_model_open(file.data(), file.size(), &model, nullptr);
  if (status != LACUNA_OK) return status;
  size_t bytes = 0;
  if (lacuna_session_size(&model, nullptr, &bytes, nullptr) == LACUNA_OK && bytes < (size_t{1} << 20)) {
    const AlignedBytes arena(bytes);
    memset(arena.data(), 0xff, bytes);
    lacuna_session* session = nullptr;
    REQUIRE(lacuna_session_init(&model, nullptr, arena.data(), bytes, &session, nullptr) == LACUNA_OK);
    lacuna_session_run(session);
    for (size_t i = 0; i < lacuna_model_output_count(&model); ++i) {
      lacuna_tensor tensor;
      REQUIRE(lacuna_session_output(session, i, &tensor, nullptr) == LACUNA_OK);
      if (tensor.bytes > (size_t{1} << 20)) continue;
      std::vector<uint8_t> output(tensor.bytes);
      CHECK(lacuna_session_get_output(session, i, output.data(), output.size(), nullptr) == LACUNA_OK);
    }
    lacuna_session_end(session);
  }
  lacuna_model_close(&model);
  return LACUNA_OK;
}

struct Reject {
  const char* name;
  lacuna_status status;
  const char* text;  ///< a part of the message
  std::function<void(ModelBuilder&)> damage;
};

fbs::StepT& step(ModelBuilder& model, size_t index) { return *model.program.steps[index]; }
enum StepIndex { kRelu, kSum, kFlat, kFc, kPart, kJoined };

const std::vector<Reject>& rejects() {
  constexpr lacuna_status kMeaning = LACUNA_ERROR_MEANING;
  constexpr lacuna_status kStructure = LACUNA_ERROR_STRUCTURE;
  static const std::vector<Reject> table = {
      // Values.
      {"rank_9", kMeaning, "8 dimensions",
       [](ModelBuilder& m) {
         m.value(kSampleX).shape.assign(9, 1);
         m.value(kSampleX).strides.assign(9, 1);
       }},
      {"stride_missing", kMeaning, "one stride", [](ModelBuilder& m) { m.value(kSampleX).strides.pop_back(); }},
      {"dim_0", kMeaning, "dimension", [](ModelBuilder& m) { m.value(kSampleX).shape[2] = 0; }},
      {"dim_2^31", kMeaning, "dimension", [](ModelBuilder& m) { m.value(kSampleX).shape[2] = 1u << 31; }},
      {"elements_overflow", kMeaning, "too many",
       [](ModelBuilder& m) { m.value(kSampleX).shape.assign(4, 0x7fffffff); }},
      {"stride_0", kMeaning, "coincide", [](ModelBuilder& m) { m.value(kSampleX).strides[1] = 0; }},
      {"strides_interleave", kMeaning, "coincide", [](ModelBuilder& m) { m.value(kSampleX).strides[1] = 11; }},
      {"strides_equal", kMeaning, "coincide", [](ModelBuilder& m) { m.value(kSampleX).strides[2] = 1; }},
      {"stride_huge", kMeaning, "stride", [](ModelBuilder& m) { m.value(kSampleX).strides[1] = ~uint64_t{0}; }},
      {"span_huge", kMeaning, "spans", [](ModelBuilder& m) { m.value(kSampleX).strides[1] = uint64_t{1} << 38; }},
      {"group_4", kMeaning, "group", [](ModelBuilder& m) { m.value(kSampleX).group = 4; }},
      {"dtype_2", LACUNA_ERROR_UNSUPPORTED_DTYPE, "no such elements",
       [](ModelBuilder& m) { m.value(kSampleX).dtype = static_cast<fbs::Dtype>(2); }},
      {"dtype_1", LACUNA_ERROR_UNSUPPORTED_DTYPE, "an input that is not fp32",
       [](ModelBuilder& m) { m.value(kSampleX).dtype = fbs::Dtype::F16; }},
      {"output_of_halves", LACUNA_ERROR_UNSUPPORTED_DTYPE, "an output that is not fp32",
       [](ModelBuilder& m) { m.value(kSampleJoined).dtype = fbs::Dtype::F16; }},
      {"operand_of_another_type", kMeaning, "operand 0 is of another type",
       [](ModelBuilder& m) { m.value(kSampleRelu).dtype = fbs::Dtype::F16; }},
      {"weights_of_another_type", kMeaning, "weights are of another type",
       [](ModelBuilder& m) { step(m, kFc).weights->dtype = fbs::Dtype::F16; }},
      {"conversion_in_place", kMeaning, "still needed",
       [](ModelBuilder& m) {
         step(m, kRelu).attrs.AsUnary()->function = fbs::Activation();
         m.value(kSampleRelu).dtype = m.value(kSampleSum).dtype = fbs::Dtype::F16;
       }},
      {"space_2", kMeaning, "arena", [](ModelBuilder& m) { m.value(kSampleX).space = static_cast<fbs::Space>(2); }},
      {"buffer_out_of_range", kMeaning, "no such buffer", [](ModelBuilder& m) { m.value(kSampleX).buffer = 3; }},
      {"offset_odd", kMeaning, "multiple of an element", [](ModelBuilder& m) { m.value(kSamplePart).offset += 2; }},
      {"value_one_element_beyond_buffer", kMeaning, "beyond its buffer",
       [](ModelBuilder& m) { m.value(kSampleJoined).offset = 64 - 40 + 4; }},
      {"value_offset_overflow", kMeaning, "beyond its buffer",
       [](ModelBuilder& m) { m.value(kSampleX).offset = ~uint64_t{0} - 3; }},
      {"constant_unaligned", kMeaning, "multiple of 64", [](ModelBuilder& m) { m.value(kSampleBias).offset += 4; }},
      {"constant_beyond_segment", kMeaning, "beyond the weight",
       [](ModelBuilder& m) { m.value(kSampleBias).offset = align_up(m.weights.size()); }},
      {"name_too_long", kStructure, "name",
       [](ModelBuilder& m) { m.value(kSampleX).name.assign(kMaxNameBytes + 1, 'x'); }},
      // Buffers.
      {"buffer_unaligned", kMeaning, "multiples", [](ModelBuilder& m) { m.program.buffers[1]->offset += 4; }},
      {"buffer_bytes_unaligned", kMeaning, "multiples", [](ModelBuilder& m) { m.program.buffers[1]->bytes -= 4; }},
      {"buffer_beyond_arena", kMeaning, "beyond the arena", [](ModelBuilder& m) { m.program.arena_bytes -= 64; }},
      {"buffer_overflow", kMeaning, "beyond the arena",
       [](ModelBuilder& m) { m.program.buffers[1]->offset = ~uint64_t{63}; }},
      {"arena_unaligned", kMeaning, "arena_bytes", [](ModelBuilder& m) { m.program.arena_bytes += 4; }},
      {"arena_huge", LACUNA_ERROR_TOO_LARGE, "addressed",
       [](ModelBuilder& m) { m.program.arena_bytes = kMaxSegmentBytes + 64; }},
      // Order and lives.
      {"values_missing", kMeaning, "too few", [](ModelBuilder& m) { m.program.values.resize(5); }},
      {"input_is_a_constant", kMeaning, "input 0", [](ModelBuilder& m) { m.program.inputs[0] = kSampleBias; }},
      {"input_is_an_output_of_a_step", kMeaning, "input 0", [](ModelBuilder& m) { m.program.inputs[0] = kSampleSum; }},
      {"output_out_of_range", kMeaning, "no value 99", [](ModelBuilder& m) { m.program.outputs[0] = 99; }},
      {"output_not_kept", kMeaning, "live_until", [](ModelBuilder& m) { m.value(kSampleFlat).live_until = 6; }},
      {"no_outputs", kStructure, "outputs", [](ModelBuilder& m) { m.program.outputs.clear(); }},
      {"read_before_written", kMeaning, "does not exist",
       [](ModelBuilder& m) { step(m, kSum).inputs[0] = kSampleFlat; }},
      {"read_of_own_output", kMeaning, "does not exist", [](ModelBuilder& m) { step(m, kSum).inputs[0] = kSampleSum; }},
      {"operand_out_of_range", kMeaning, "does not exist", [](ModelBuilder& m) { step(m, kSum).inputs[0] = 1000; }},
      {"read_after_death", kMeaning, "live_until", [](ModelBuilder& m) { m.value(kSampleRelu).live_until = 1; }},
      {"written_twice", kMeaning, "only output", [](ModelBuilder& m) { step(m, kSum).outputs[0] = kSampleRelu; }},
      {"two_outputs", kMeaning, "only output", [](ModelBuilder& m) { step(m, kSum).outputs.push_back(kSampleRelu); }},
      {"no_output", kMeaning, "only output", [](ModelBuilder& m) { step(m, kSum).outputs.clear(); }},
      // Operators.
      {"operator_missing", kStructure, "operator", [](ModelBuilder& m) { step(m, kRelu).attrs.Reset(); }},
      {"operand_missing", kMeaning, "operands", [](ModelBuilder& m) { step(m, kSum).inputs.pop_back(); }},
      {"operand_too_many", kMeaning, "operands", [](ModelBuilder& m) { step(m, kRelu).inputs.assign(2, kSampleX); }},
      {"operands_over_limit", kStructure, "at most",
       [](ModelBuilder& m) { step(m, kJoined).inputs.assign(kMaxStepInputs + 1, kSampleFc); }},
      {"required_operand_omitted", kMeaning, "operand 0", [](ModelBuilder& m) { step(m, kRelu).inputs[0] = kOmitted; }},
      {"concat_operand_omitted", kMeaning, "operand 1", [](ModelBuilder& m) { step(m, kJoined).inputs[1] = kOmitted; }},
      {"shape_contradicts_operator", kMeaning, "another shape",
       [](ModelBuilder& m) { m.value(kSampleRelu).shape[1] = 1; }},
      {"attribute_contradicts_operand", kMeaning, "step 2 \"flat\" (Reshape)",
       [](ModelBuilder& m) {
         step(m, kFlat).attrs.AsReshape()->shape = {1, 23};
       }},
      {"step_name_too_long", kStructure, "name",
       [](ModelBuilder& m) { step(m, kSum).name.assign(kMaxNameBytes + 1, 'x'); }},
      // Weights.
      {"packing_none", kMeaning, "packing",
       [](ModelBuilder& m) { step(m, kFc).weights->packing = fbs::Packing::None; }},
      {"packing_99", kMeaning, "packing",
       [](ModelBuilder& m) { step(m, kFc).weights->packing = static_cast<fbs::Packing>(99); }},
      {"rows_0", kMeaning, "rows", [](ModelBuilder& m) { step(m, kFc).weights->rows = 0; }},
      {"groups_do_not_divide", kMeaning, "groups", [](ModelBuilder& m) { step(m, kFc).weights->groups = 2; }},
      {"block_of_a_dense_packing", kMeaning, "block", [](ModelBuilder& m) { step(m, kFc).weights->block = 8; }},
      {"segments_of_a_dense_packing", kMeaning, "segments",
       [](ModelBuilder& m) { step(m, kFc).weights->segments = 2; }},
      {"block_0_of_a_sparse_packing", kMeaning, "block",
       [](ModelBuilder& m) { step(m, kFc).weights->packing = fbs::Packing::SparseRows; }},
      {"bias_too_short", kMeaning, "bias", [](ModelBuilder& m) { step(m, kFc).weights->bias_bytes -= 4; }},
      {"values_unaligned", kMeaning, "unaligned", [](ModelBuilder& m) { step(m, kFc).weights->values_offset += 4; }},
      {"values_beyond_segment", kMeaning, "beyond",
       [](ModelBuilder& m) { step(m, kFc).weights->values_offset = align_up(m.weights.size()); }},
      {"values_overflow", kMeaning, "beyond",
       [](ModelBuilder& m) { step(m, kFc).weights->values_offset = ~uint64_t{63}; }},
      {"values_too_few", kMeaning, "fc", [](ModelBuilder& m) { step(m, kFc).weights->values_bytes -= 4; }},
      {"weights_absent", kMeaning, "fc", [](ModelBuilder& m) { step(m, kFc).weights.reset(); }},
      // Memory.
      {"output_overwrites_a_live_value", kMeaning, "still needed",
       [](ModelBuilder& m) {
         m.program.buffers[2]->offset = m.program.buffers[1]->offset;  // fc over flat, which is an output
       }},
      {"in_place_over_a_live_value", kMeaning, "still needed",
       [](ModelBuilder& m) { m.value(kSampleX).live_until = 2; }},
      {"in_place_at_another_offset", kMeaning, "still needed",
       [](ModelBuilder& m) { m.value(kSampleRelu).offset = 4; }},
      {"in_place_with_other_strides", kMeaning, "still needed",
       [](ModelBuilder& m) { m.value(kSampleRelu).strides[1] = 12; }},
      {"reshape_overlaps_but_is_no_view", kMeaning, "still needed",
       [](ModelBuilder& m) {
         m.value(kSampleSum).strides = {32, 16, 4, 1};
       }},
      {"slice_at_another_place_than_it_says", kMeaning, "still needed",
       [](ModelBuilder& m) { m.value(kSamplePart).offset = 4 * sizeof(float); }},
      {"concat_copies_over_its_own_operand", kMeaning, "still needed",
       [](ModelBuilder& m) {
         m.value(kSampleJoined).offset = 4;  // fc is no longer where its part goes
       }},
      {"inputs_overlap", kMeaning, "overlap",
       [](ModelBuilder& m) {
         m.program.values.insert(m.program.values.begin() + kSampleX, std::make_unique<fbs::ValueT>(m.value(kSampleX)));
         for (auto& s : m.program.steps) {
           for (auto* list : {&s->inputs, &s->outputs}) {
             for (uint32_t& value : *list) value += value >= kSampleX ? 1 : 0;
           }
         }
         m.program.inputs = {kSampleX, kSampleX + 1};
         m.program.outputs = {kSampleJoined + 1};
       }},
  };
  return table;
}

}  // namespace

TEST_CASE("open: the sample is accepted") {
  const Opened opened = open(sample_model().file());
  CHECK_MESSAGE(opened.status == LACUNA_OK, opened.message);
}

TEST_CASE("open: golden rejects") {
  for (const Reject& reject : rejects()) {
    CAPTURE(std::string(reject.name));
    ModelBuilder model = sample_model();
    reject.damage(model);
    const Opened opened = open(model.file());
    CAPTURE(opened.message);
    CHECK_MESSAGE(opened.status == reject.status, lacuna_status_name(opened.status));
    CHECK(opened.message.find(reject.text) != std::string::npos);
  }
}

TEST_CASE("golden: write files to refuse" * doctest::skip()) {
  const auto write = [](std::string name, lacuna_status status, const AlignedBytes& file) {
    std::replace(name.begin(), name.end(), '^', '_');
    if (!write_golden("reject/" + name + ".lcn", std::string(file.data(), file.data() + file.size()))) return;
    std::ofstream(golden_path("reject/statuses.txt"), std::ios::app)
        << name << ".lcn " << static_cast<int>(status) << "\n";
  };
  for (const Reject& reject : rejects()) {
    ModelBuilder model = sample_model();
    reject.damage(model);
    write(reject.name, reject.status, model.file());
  }
  const AlignedBytes good = sample_model().file();
  const auto damaged = [&](size_t offset, uint64_t number) {
    AlignedBytes file = copy_of(good, good.size());
    store_u64(file, offset, number);
    return file;
  };
  write("header_magic", LACUNA_ERROR_NOT_A_MODEL, damaged(0, 0));
  write("header_version_2", LACUNA_ERROR_VERSION, damaged(8, 2 | uint64_t{kHeaderBytes} << 32));
  write("header_bytes_128", LACUNA_ERROR_STRUCTURE, damaged(8, 1 | uint64_t{128} << 32));
  write("header_program_huge", LACUNA_ERROR_STRUCTURE, damaged(16, ~uint64_t{0}));
  write("header_hash", LACUNA_ERROR_HASH, damaged(24, 0));
  write("header_file_longer", LACUNA_ERROR_TRUNCATED, damaged(56, good.size() + 64));
  write("truncated_in_header", LACUNA_ERROR_TRUNCATED, copy_of(good, 40));
  write("truncated_in_program", LACUNA_ERROR_TRUNCATED, copy_of(good, 200));
  write("truncated_in_weights", LACUNA_ERROR_TRUNCATED, copy_of(good, good.size() - 1));
}

TEST_CASE("open: limits are reached and exceeded") {
  ModelBuilder model = sample_model();
  const auto relu = [&](uint32_t steps) {
    ModelBuilder chain;
    const uint32_t buffer = chain.buffer(16);
    uint32_t value = chain.input("x", {16}, buffer);
    for (uint32_t i = 0; i < steps; ++i) {
      fbs::UnaryAttrsT attrs;
      attrs.function = fbs::Activation(fbs::UnaryKind::Abs, 0.0f, 0.0f);
      value = chain.step("abs", std::move(attrs), {value}, {16}, buffer);
    }
    chain.program.outputs = {value};
    chain.set_lives();
    return open(chain.file());
  };
  CHECK(relu(kMaxSteps).status == LACUNA_OK);
  CHECK(relu(kMaxSteps + 1).status == LACUNA_ERROR_STRUCTURE);

  for (uint32_t i = 0; i < kMaxBuffers; ++i) model.buffer(0);
  CHECK(open(model.file()).status == LACUNA_ERROR_STRUCTURE);
}

TEST_CASE("open: header damage has its own status") {
  const AlignedBytes good = sample_model().file();
  const auto status_with = [&](size_t offset, uint64_t number) {
    const AlignedBytes file = copy_of(good, good.size());
    store_u64(file, offset, number);
    return open(file).status;
  };
  const Header header = decode(good.data());
  CHECK(status_with(0, 0) == LACUNA_ERROR_NOT_A_MODEL);
  CHECK(status_with(8, 2 | uint64_t{kHeaderBytes} << 32) == LACUNA_ERROR_VERSION);
  CHECK(status_with(8, 1 | uint64_t{128} << 32) == LACUNA_ERROR_STRUCTURE);
  CHECK(status_with(16, kMaxProgramBytes + 1) == LACUNA_ERROR_STRUCTURE);
  CHECK(status_with(16, ~uint64_t{0}) == LACUNA_ERROR_STRUCTURE);
  CHECK(status_with(24, header.program_hash + 1) == LACUNA_ERROR_HASH);
  CHECK(status_with(32, header.weight_offset + 64) == LACUNA_ERROR_STRUCTURE);
  CHECK(status_with(40, header.weight_bytes - 1) == LACUNA_ERROR_STRUCTURE);
  CHECK(status_with(56, header.file_bytes + 1) == LACUNA_ERROR_TRUNCATED);
  CHECK(status_with(56, header.file_bytes - 1) == LACUNA_ERROR_STRUCTURE);
}

TEST_CASE("open: bytes after the end are refused") {
  const AlignedBytes good = sample_model().file();
  const AlignedBytes longer(good.size() + 1);
  memcpy(longer.data(), good.data(), good.size());
  longer.data()[good.size()] = 0;
  CHECK(open(longer).status == LACUNA_ERROR_STRUCTURE);
}

TEST_CASE("open: every truncation is refused") {
  const AlignedBytes good = sample_model().file();
  for (size_t bytes = 0; bytes < good.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK(open(copy_of(good, bytes)).status == LACUNA_ERROR_TRUNCATED);
  }
}

TEST_CASE("open: every flipped bit of header, program and padding is noticed; weights when asked") {
  const AlignedBytes good = sample_model().file();
  const Header header = decode(good.data());
  for (size_t bit = 0; bit < header.weight_offset * 8; ++bit) {
    const bool of_weight_hash = bit / 8 >= 48 && bit / 8 < 56;
    if (of_weight_hash) continue;
    CAPTURE(bit);
    const AlignedBytes file = copy_of(good, good.size());
    file.data()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    CHECK(open(file).status != LACUNA_OK);
  }
  for (const size_t damaged : {size_t{48}, size_t{55}, static_cast<size_t>(header.weight_offset), good.size() - 1}) {
    CAPTURE(damaged);
    const AlignedBytes file = copy_of(good, good.size());
    lacuna_model model;
    REQUIRE(lacuna_model_open(file.data(), file.size(), &model, nullptr) == LACUNA_OK);
    CHECK(lacuna_model_check_weights(&model, nullptr) == LACUNA_OK);
    file.data()[damaged] ^= 1;
    REQUIRE(lacuna_model_open(file.data(), file.size(), &model, nullptr) == LACUNA_OK);
    CHECK(lacuna_model_check_weights(&model, nullptr) == LACUNA_ERROR_HASH);
  }
}

TEST_CASE("open: with the hash made to fit, no mutation of the program does harm") {
  const AlignedBytes good = sample_model().file();
  const size_t end = kHeaderBytes + static_cast<size_t>(decode(good.data()).program_bytes);
  size_t accepted = 0;
  size_t refused = 0;
  const auto try_mutation = [&](const AlignedBytes& file) {
    store_program_hash(file);
    (open_and_run(file) == LACUNA_OK ? accepted : refused) += 1;
  };
  for (size_t bit = kHeaderBytes * 8; bit < end * 8; ++bit) {
    const AlignedBytes file = copy_of(good, good.size());
    file.data()[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    try_mutation(file);
  }
  constexpr uint32_t kWords[] = {0, 1, 2, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fc00000};
  for (size_t at = kHeaderBytes; at + 4 <= end; at += 4) {
    for (const uint32_t word : kWords) {
      const AlignedBytes file = copy_of(good, good.size());
      memcpy(file.data() + at, &word, sizeof(word));
      try_mutation(file);
    }
  }
  CHECK(accepted > 0);  // names, for instance, may be anything
  CHECK(refused > accepted);
}

TEST_CASE("open: wrong arguments") {
  const AlignedBytes good = sample_model().file();
  lacuna_model model;
  CHECK(lacuna_model_open(nullptr, 1, &model, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(lacuna_model_open(good.data(), good.size(), nullptr, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(lacuna_model_open(good.data() + 4, good.size() - 4, &model, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(lacuna_model_input_count(&model) == 0);
  CHECK(lacuna_session_size(&model, nullptr, nullptr, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
}
