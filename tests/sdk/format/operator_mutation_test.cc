// Every operator inside a whole file: the right result, and no harm from a file that is wrong in one place but carries
// the hash that fits. Catches what `infer` and `check` of an operator forget to look at.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "lacuna/lacuna.h"
#include "tests/sdk/model_builder.h"
#include "tests/support/case_graph.h"
#include "tests/support/op_harness.h"

using namespace lacuna;

namespace {

/// Larger files add time and no new paths.
constexpr size_t kMostFileBytes = 16384;
constexpr size_t kMostCases = 6;  ///< of each operator and packing
constexpr size_t kMostArenaBytes = size_t{1} << 20;

AlignedBytes aligned_file_of(const Graph& graph, fbs::Packing packing) {
  const std::string bytes = file_of(graph, packing);
  AlignedBytes file(bytes.size());
  memcpy(file.data(), bytes.data(), bytes.size());
  return file;
}

void store_u64(uint8_t* at, uint64_t number) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<uint8_t>(number >> (8 * i));
}

/// An open file in an arena full of NaN; nothing where it was refused or wants much memory.
struct Run {
  explicit Run(const AlignedBytes& file) {
    status = lacuna_model_open(file.data(), file.size(), &model, &error);
    size_t bytes = 0;
    if (status != LACUNA_OK || lacuna_session_size(&model, nullptr, &bytes, nullptr) != LACUNA_OK) return;
    if (bytes > kMostArenaBytes) return;
    arena = std::make_unique<AlignedBytes>(bytes);
    memset(arena->data(), 0xff, bytes);
    status = lacuna_session_init(&model, nullptr, arena->data(), bytes, &session, &error);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    lacuna_session_end(session);
    lacuna_model_close(&model);
  }

  lacuna_status status;
  lacuna_error error = {};
  lacuna_model model = {};
  std::unique_ptr<AlignedBytes> arena;
  lacuna_session* session = nullptr;
};

void check_result(const OpCase& op_case, const Graph& graph, const AlignedBytes& file) {
  Run run(file);
  REQUIRE_MESSAGE(run.status == LACUNA_OK, run.error.message);
  REQUIRE(run.session != nullptr);
  for (size_t i = 0, number = 0; i < op_case.inputs.size(); ++i) {
    const ValueId id = graph.nodes[0].inputs[i];
    if (id == kNoValue || graph.is_constant(id)) continue;
    const std::vector<float>& data = op_case.inputs[i].f32;
    REQUIRE(lacuna_session_set_input(run.session, number++, data.data(), data.size() * 4, nullptr) == LACUNA_OK);
  }
  lacuna_session_run(run.session);
  Tensor output(ElementType::kF32, graph.shape(graph.outputs[0]));
  REQUIRE(lacuna_session_get_output(run.session, 0, output.f32.data(), output.f32.size() * 4, nullptr) == LACUNA_OK);
  CHECK(relative_error(output, reference_of(op_case)) <= op_case.tolerance);
}

/// Gives the mutated file the hash that fits, opens it and runs what passes.
void try_mutation(const AlignedBytes& file) {
  const Header header = decode(file.data());
  store_u64(file.data() + 24, hash64(file.data() + kHeaderBytes, static_cast<size_t>(header.program_bytes)));
  const Run run(file);
  if (run.session != nullptr) lacuna_session_run(run.session);
}

/// Overwrites `bytes` bytes at `at`, tries, and puts back what was there.
void try_bytes(const AlignedBytes& file, size_t at, const void* bytes, size_t size) {
  uint8_t saved[8];
  memcpy(saved, file.data() + at, size);
  memcpy(file.data() + at, bytes, size);
  try_mutation(file);
  memcpy(file.data() + at, saved, size);
}

void try_mutations(const AlignedBytes& file, std::mt19937& rng) {
  const Header header = decode(file.data());
  const size_t program_end = kHeaderBytes + static_cast<size_t>(header.program_bytes);
  for (size_t at = kHeaderBytes; at < program_end; ++at) {
    const auto flipped = static_cast<uint8_t>(file.data()[at] ^ (1u << rng() % 8));
    try_bytes(file, at, &flipped, 1);
  }
  constexpr uint32_t kWords[] = {0, 1, 3, 0x7fffffff, 0x80000000, 0xffffffff};
  for (size_t at = kHeaderBytes; at + 4 <= program_end; at += 4) {
    for (const uint32_t word : kWords) try_bytes(file, at, &word, sizeof(word));
  }
  const size_t weights_end = file.size() - kOverreadBytes;  // index streams are in there
  for (size_t at = static_cast<size_t>(header.weight_offset); at < weights_end; at += 1 + rng() % 8) {
    const auto any = static_cast<uint8_t>(rng());
    try_bytes(file, at, &any, 1);
  }
}

}  // namespace

TEST_CASE("every operator in a file: right result; mutations of its program and weights do no harm") {
  const unsigned seed = 20240607;
  CAPTURE(seed);
  for (const fbs::OpAttrs type : all_ops()) {
    std::mt19937 rng(seed);
    size_t tried = 0;
    for (const OpCase& op_case : host_op(type).cases(rng)) {
      for (const fbs::Packing packing : packings_of(host_op(type), op_case)) {
        CAPTURE(fbs::EnumNameOpAttrs(type));
        CAPTURE(op_case.name);
        CAPTURE(fbs::EnumNamePacking(packing));
        const Graph graph = graph_of(op_case);
        const AlignedBytes file = aligned_file_of(graph, packing);
        check_result(op_case, graph, file);
        if (file.size() > kMostFileBytes || tried >= kMostCases * packings_of(host_op(type), op_case).size()) continue;
        ++tried;
        try_mutations(file, rng);
      }
    }
    CHECK_MESSAGE(tried > 0, fbs::EnumNameOpAttrs(type), " has no case small enough");
  }
}
