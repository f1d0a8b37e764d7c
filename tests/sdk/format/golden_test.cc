// Files of this format version are frozen in tests/golden: those to accept with what they give, those to refuse with
// the status that they give. The writers below add files; they replace none.
#include "tests/sdk/golden.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"
#include "tests/support/case_graph.h"
#include "tests/support/op_harness.h"
#include "tests/support/random_graph.h"

using namespace lacuna;
namespace fs = std::filesystem;

namespace {

constexpr double kTolerance = 1e-4;

AlignedBytes aligned(const std::string& bytes) {
  AlignedBytes file(bytes.size());
  memcpy(file.data(), bytes.data(), bytes.size());
  return file;
}

std::vector<fs::path> models_in(const char* folder) {
  std::vector<fs::path> models;
  for (const auto& entry : fs::directory_iterator(golden_path(folder))) {
    if (entry.path().extension() == ".lcn") models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  return models;
}

/// All outputs one behind the other, for inputs that a formula gives.
std::vector<float> outputs_of(const Model& model, const char* isa) {
  SessionOptions options;
  options.isa = isa;
  lacuna_error error = {};
  auto session = Session::make(model, options, &error);
  REQUIRE_MESSAGE(session, error.message);
  for (size_t i = 0; i < model.input_count(); ++i) {
    std::vector<float> x(model.input(i)->bytes / sizeof(float));
    for (size_t at = 0; at < x.size(); ++at) x[at] = static_cast<float>((at * 37 + i) % 64) / 32.0f - 1.0f;
    REQUIRE(session->set_input(i, x.data(), x.size() * sizeof(float)) == LACUNA_OK);
  }
  session->run();
  std::vector<float> all;
  for (size_t i = 0; i < model.output_count(); ++i) {
    std::vector<float> y(model.output(i)->bytes / sizeof(float));
    REQUIRE(session->get_output(i, y.data(), y.size() * sizeof(float)) == LACUNA_OK);
    all.insert(all.end(), y.begin(), y.end());
  }
  return all;
}

Tensor flat(std::vector<float> values) {
  const auto elements = static_cast<int64_t>(values.size());
  return {make_shape({elements}), std::move(values)};
}

std::vector<float> floats_of(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

void write_accepted(const std::string& name, const std::string& bytes) {
  const AlignedBytes file = aligned(bytes);
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  const std::vector<float> outputs = outputs_of(*model, "scalar");
  write_golden("accept/" + name + ".lcn", bytes);
  write_golden("accept/" + name + ".expected",
               std::string(reinterpret_cast<const char*>(outputs.data()), outputs.size() * sizeof(float)));
}

}  // namespace

TEST_CASE("golden: files to accept open and give what they gave") {
  const std::vector<fs::path> models = models_in("accept");
  REQUIRE(models.size() > 50);
  for (const fs::path& path : models) {
    CAPTURE(path.filename().string());
    const AlignedBytes file = aligned(read_golden(path));
    lacuna_error error = {};
    const auto model = Model::open(file.data(), file.size(), &error);
    REQUIRE_MESSAGE(model, error.message);
    CHECK(model->check_weights() == LACUNA_OK);
    const Tensor expected = flat(floats_of(read_golden(fs::path(path).replace_extension(".expected"))));
    for (const char* isa : isas()) {
      CAPTURE(isa);
      CHECK(relative_error(flat(outputs_of(*model, isa)), expected) <= kTolerance);
    }
  }
}

TEST_CASE("golden: files to refuse give their status") {
  std::ifstream list(golden_path("reject/statuses.txt"));
  std::map<std::string, int> statuses;
  for (std::string name; list >> name;) list >> statuses[name];
  const std::vector<fs::path> models = models_in("reject");
  REQUIRE(models.size() > 50);
  CHECK(models.size() == statuses.size());
  for (const fs::path& path : models) {
    CAPTURE(path.filename().string());
    const AlignedBytes file = aligned(read_golden(path));
    lacuna_error error = {};
    CHECK_FALSE(Model::open(file.data(), file.size(), &error));
    CHECK(static_cast<int>(error.status) == statuses[path.filename()]);
    CHECK(error.message[0] != '\0');
  }
}

TEST_CASE("golden: write files to accept" * doctest::skip()) {
  constexpr size_t kMostBytes = 6000;
  const AlignedBytes sample = sample_model().file();
  write_accepted("sample", std::string(sample.data(), sample.data() + sample.size()));
  for (const fbs::OpAttrs type : all_ops()) {
    std::mt19937 rng(1);
    std::map<fbs::Packing, int> written;
    for (const OpCase& op_case : host_op(type).cases(rng)) {
      for (const fbs::Packing packing : packings_of(host_op(type), op_case)) {
        const std::string bytes = file_of(graph_of(op_case), packing);
        if (bytes.size() > kMostBytes || ++written[packing] > 3) continue;
        const std::string suffix =
            packing == fbs::Packing::None ? "" : std::string("-") + fbs::EnumNamePacking(packing);
        write_accepted(std::string(fbs::EnumNameOpAttrs(type)) + "-" + op_case.name + suffix, bytes);
      }
    }
  }
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    const std::vector<uint8_t> bytes = random_bytes(seed);
    Decisions decisions(bytes.data(), bytes.size());
    const Graph graph = random_graph(decisions);
    const std::string file = random_file(graph, decisions);
    if (file.size() < 5 * kMostBytes) write_accepted("random-" + std::to_string(seed), file);
  }
}
