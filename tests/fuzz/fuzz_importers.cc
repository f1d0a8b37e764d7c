// Targets that take a source model.
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>

#include "converter/convert.h"
#include "converter/onnx/onnx.h"
#include "converter/tflite/tflite.h"
#include "lacuna/lacuna.hpp"
#include "tests/fuzz/targets.h"
#include "tests/sdk/model_builder.h"

namespace lacuna::fuzz {
namespace {

/// A folder of its own: external data of a model is looked for beside it.
class Scratch {
 public:
  Scratch() : folder_(std::filesystem::temp_directory_path() / ("lacuna-fuzz-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string write(const uint8_t* data, size_t bytes) const {
    const std::string path = folder_ / "model";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(bytes));
    return path;
  }

 private:
  std::filesystem::path folder_;
};

uint64_t elements_of(const Graph& graph) {
  uint64_t sum = 0;
  for (const Value& value : graph.values) sum += static_cast<uint64_t>(count(value.shape));
  return sum;
}

/// What the importer takes is converted, and opens.
void convert_and_open(Graph graph) {
  constexpr uint64_t kMostElements = 1 << 22;  // larger networks only take longer
  if (elements_of(graph) > kMostElements) return;
  const Converted converted = convert(std::move(graph), costs_of_target("generic"), {});
  AlignedBytes file(converted.file.size());
  std::memcpy(file.data(), converted.file.data(), converted.file.size());
  lacuna_error error = {};
  require(Model::open(file.data(), file.size(), &error).has_value(), "what the converter writes opens:", error.message);
}

using Import = Graph (*)(const std::string& path, const ImportOptions& options);

void import(const uint8_t* data, size_t bytes, Import importer) {
  static const Scratch scratch;
  try {
    convert_and_open(importer(scratch.write(data, bytes), {}));
  } catch (const Error& error) {
    require(error.code != ExitCode::kOk && error.code != ExitCode::kInternal,
            "a refusal has an exit code:", error.what());
    require(error.what()[0] != '\0', "a refusal says why");
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
}

}  // namespace

void onnx(const uint8_t* data, size_t bytes) { import(data, bytes, import_onnx); }
void tflite(const uint8_t* data, size_t bytes) { import(data, bytes, import_tflite); }

}  // namespace lacuna::fuzz
