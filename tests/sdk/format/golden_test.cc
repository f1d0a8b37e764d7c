// Files of this format version are frozen in tests/golden: those to accept with what they give, those to refuse with
// the status that they give. The writers below add files; they replace none.
#include "tests/sdk/golden.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"

using namespace lacuna;
namespace fs = std::filesystem;

namespace {

constexpr double kTolerance = 1e-4;
/// Of files named halves-*: some CPUs compute in halves, others round floats to halves between steps.
constexpr double kHalvesTolerance = 2e-2;

double tolerance_of(const fs::path& path) {
  return path.filename().string().rfind("halves-", 0) == 0 ? kHalvesTolerance : kTolerance;
}

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

/// Largest difference over the largest value; infinite where sizes or places of NaN differ.
double error_of(const std::vector<float>& actual, const std::vector<float>& expected) {
  if (actual.size() != expected.size()) return INFINITY;
  double difference = 0;
  double largest = 1e-30;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i]) != std::isnan(expected[i])) return INFINITY;
    if (actual[i] == expected[i] || std::isnan(actual[i])) continue;
    difference = std::max(difference, std::fabs(double{actual[i]} - expected[i]));
    largest = std::max(largest, std::fabs(double{expected[i]}));
  }
  return difference / largest;
}

std::vector<float> floats_of(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

TEST_CASE("golden: files to accept open and give what they gave") {
  const std::vector<fs::path> models = models_in("accept");
  REQUIRE(models.size() > 40);
  for (const fs::path& path : models) {
    CAPTURE(path.filename().string());
    const AlignedBytes file = aligned(read_golden(path));
    lacuna_error error = {};
    const auto model = Model::open(file.data(), file.size(), &error);
    REQUIRE_MESSAGE(model, error.message);
    CHECK(model->check_weights() == LACUNA_OK);
    const std::vector<float> expected = floats_of(read_golden(fs::path(path).replace_extension(".expected")));
    for (const char* isa : isas()) {
      CAPTURE(isa);
      CHECK(error_of(outputs_of(*model, isa), expected) <= tolerance_of(path));
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

TEST_CASE("golden: write what new files to accept give" * doctest::skip()) {
  for (const fs::path& path : models_in("accept")) {
    const AlignedBytes file = aligned(read_golden(path));
    const auto model = Model::open(file.data(), file.size());
    REQUIRE(model);
    const std::vector<float> outputs = outputs_of(*model, "scalar");
    write_golden("accept/" + path.stem().string() + ".expected",
                 std::string(reinterpret_cast<const char*>(outputs.data()), outputs.size() * sizeof(float)));
  }
}
