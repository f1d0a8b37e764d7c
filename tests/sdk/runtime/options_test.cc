// Options with their sizes, copying and streaming opens, the log.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"

using namespace lacuna;

// The ABI of this SOVERSION. A struct that grows here needs a new one, unless it carries its size.
static_assert(sizeof(lacuna_status) == 4 && sizeof(lacuna_dtype) == 4, "enums are 32 bits wide");
static_assert(sizeof(lacuna_error) == 256 && sizeof(lacuna_model) == 256, "the caller's memory");
static_assert(sizeof(void*) != 8 || sizeof(lacuna_tensor) == 160, "filled by the library");
static_assert(sizeof(void*) != 8 || sizeof(lacuna_step) == 72, "filled by the library");
static_assert(sizeof(void*) != 8 || sizeof(lacuna_session_options) == 64, "carries its size");
static_assert(sizeof(void*) != 8 || sizeof(lacuna_provided) == 32, "filled by the library");
static_assert(sizeof(lacuna_open_options) == 12, "carries its size");

namespace {

/// The sample model in a file of its own.
class SampleFile {
 public:
  SampleFile() {
    const AlignedBytes file = sample_model().file();
    const int descriptor = mkstemp(path_);
    REQUIRE(descriptor >= 0);
    FILE* out = fdopen(descriptor, "wb");
    REQUIRE(fwrite(file.data(), 1, file.size(), out) == file.size());
    REQUIRE(fclose(out) == 0);
  }
  ~SampleFile() { std::remove(path_); }
  const char* path() const { return path_; }

 private:
  char path_[32] = "lacuna_options_test_XXXXXX";
};

std::vector<float> joined_of(const Model& model) {
  auto session = Session::make(model);
  REQUIRE(session);
  const std::vector<float> x(kSampleElements, 0.5f);
  std::vector<float> joined(2 * kSampleUnits);
  REQUIRE(session->set_input(0, x.data(), x.size() * sizeof(float)) == LACUNA_OK);
  session->run();
  REQUIRE(session->get_output(0, joined.data(), joined.size() * sizeof(float)) == LACUNA_OK);
  return joined;
}

/// Options of a later version: larger by eight bytes that hold `tail`.
template <class Options>
struct Later {
  Options options;
  uint64_t tail;
};

lacuna_status size_with(const Model& model, const lacuna_session_options* options) {
  size_t bytes = 0;
  return lacuna_session_size(model.get(), options, &bytes, nullptr);
}

}  // namespace

TEST_CASE("options: a later version's are taken as long as what is not known is zero") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  Later<lacuna_session_options> later = {lacuna_session_options_default(), 0};
  later.options.struct_bytes = sizeof(later);
  CHECK(size_with(*model, &later.options) == LACUNA_OK);
  later.tail = 1;
  CHECK(size_with(*model, &later.options) == LACUNA_ERROR_INVALID_ARGUMENT);
  later.options.struct_bytes = 0xffffffff;
  CHECK(size_with(*model, &later.options) == LACUNA_ERROR_INVALID_ARGUMENT);
  later.options.struct_bytes = sizeof(lacuna_session_options) - 1;
  CHECK(size_with(*model, &later.options) == LACUNA_ERROR_INVALID_ARGUMENT);
}

TEST_CASE("open options: mapped, copied and streamed models give the same") {
  const SampleFile file;
  const auto mapped = Model::open_file(file.path());
  REQUIRE(mapped);
  OpenOptions copy;
  copy.copy = 1;
  const auto copied = Model::open_file(file.path(), copy);
  REQUIRE(copied);
  OpenOptions stream;
  stream.stream = 1;
  const auto streamed = Model::open_file(file.path(), stream);
  REQUIRE(streamed);
  const std::vector<float> expected = joined_of(*mapped);
  CHECK(joined_of(*copied) == expected);
  CHECK(joined_of(*streamed) == expected);
  CHECK(joined_of(*streamed) == expected);  // pages that were given back come again
}

TEST_CASE("open options: a copy does not see the file change") {
  const SampleFile file;
  OpenOptions options;
  options.copy = 1;
  const auto model = Model::open_file(file.path(), options);
  REQUIRE(model);
  const std::vector<float> before = joined_of(*model);
  FILE* out = std::fopen(file.path(), "wb");
  REQUIRE(out != nullptr);
  std::fputs("something else", out);
  std::fclose(out);
  CHECK(joined_of(*model) == before);
  CHECK(model->check_weights() == LACUNA_OK);
}

TEST_CASE("open options: contradictions and wrong sizes are refused, and the model is closed") {
  const SampleFile file;
  lacuna_open_options options = lacuna_open_options_default();
  options.copy = options.stream = 1;
  lacuna_error error = {};
  lacuna_model model;
  memset(&model, 0xff, sizeof(model));
  CHECK(lacuna_model_open_file_with(file.path(), &options, &model, &error) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(std::string(error.message).find("copy") != std::string::npos);
  CHECK(lacuna_model_input_count(&model) == 0);
  options = lacuna_open_options_default();
  options.struct_bytes = 4;
  CHECK(lacuna_model_open_file_with(file.path(), &options, &model, &error) == LACUNA_ERROR_INVALID_ARGUMENT);
  options = lacuna_open_options_default();
  options.copy = 1;
  CHECK(lacuna_model_open_file_with("no such file", &options, &model, &error) == LACUNA_ERROR_IO);
  CHECK(lacuna_model_open_file_with(".", &options, &model, &error) == LACUNA_ERROR_IO);
}

TEST_CASE("log: init says what was bound, runs say nothing") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  std::vector<std::string> lines;
  SessionOptions options;
  options.log = [](void* context, const char* message) {
    static_cast<std::vector<std::string>*>(context)->emplace_back(message);
  };
  options.log_context = &lines;
  auto session = Session::make(*model, options);
  REQUIRE(session);
  REQUIRE(lines.size() == 1 + session->step_count());
  CHECK(lines[0].find(session->isa()) != std::string::npos);
  CHECK(lines[4].find("\"fc\" (FullyConnected): ") != std::string::npos);
  CHECK(lines[4].find("DenseRows16") != std::string::npos);
  session->run();
  CHECK(lines.size() == 1 + session->step_count());
}
