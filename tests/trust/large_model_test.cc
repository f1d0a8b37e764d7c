// A model of 4 GiB in 512 MiB: 64 fully connected layers that each rotate 4096 numbers by one place, as a file with
// holes. Streamed, the process keeps few of its pages resident; where control groups allow it, they bound its memory
// too.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"

using namespace lacuna;

namespace {

constexpr uint32_t kUnits = 4096;
constexpr uint32_t kLayers = 64;
constexpr uint64_t kLayerBytes = uint64_t{kUnits} * kUnits * sizeof(float);
constexpr uint64_t kMostResidentBytes = uint64_t{512} << 20;
constexpr char kPath[] = "large_model_test.lcn";

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::remove(kPath);
  std::exit(1);
}

AlignedBytes make_program() {
  ModelBuilder model;
  const uint32_t buffers[] = {model.buffer(kUnits), model.buffer(kUnits)};
  uint32_t value = model.input("x", {1, kUnits}, buffers[0]);
  for (uint32_t i = 0; i < kLayers; ++i) {
    fbs::FullyConnectedAttrsT fc;
    fc.units = kUnits;
    value = model.step("fc" + std::to_string(i), std::move(fc), {value}, {1, kUnits}, buffers[(i + 1) % 2]);
    auto weights = std::make_unique<fbs::PackedWeightsT>();
    weights->packing = fbs::Packing::DenseRows16;
    weights->rows = kUnits;
    weights->columns = kUnits;
    weights->values_offset = i * kLayerBytes;
    weights->values_bytes = kLayerBytes;
    model.last_step().weights = std::move(weights);
  }
  model.program.outputs = {value};
  model.set_lives();
  flatbuffers::FlatBufferBuilder builder;
  fbs::FinishProgramBuffer(builder, fbs::CreateProgram(builder, &model.program));
  AlignedBytes program(builder.GetSize());
  std::memcpy(program.data(), builder.GetBufferPointer(), builder.GetSize());
  return program;
}

void put(int file, const void* data, size_t bytes, uint64_t at) {
  if (pwrite(file, data, bytes, static_cast<off_t>(at)) != static_cast<ssize_t>(bytes)) fail("pwrite");
}

/// Row r of a layer is 1 in column r + 1: DenseRows16 has it at [r / 16][r + 1][r % 16]. Of a block of 16 rows all but
/// the last block's last row lie in 16 neighbouring columns.
void put_rotation(int file, uint64_t at) {
  float columns[16][16] = {};
  for (int i = 0; i < 16; ++i) columns[i][i] = 1.0f;
  for (uint32_t block = 0; block < kUnits / 16; ++block) {
    const uint64_t begin = at + uint64_t{block} * kUnits * 16 * sizeof(float);
    const bool last = block + 1 == kUnits / 16;
    put(file, columns, (last ? 15 : 16) * sizeof(columns[0]), begin + uint64_t{block * 16 + 1} * sizeof(columns[0]));
    if (last) put(file, columns[15], sizeof(columns[0]), begin);
  }
}

void write_model() {
  const AlignedBytes program = make_program();
  const uint64_t weight_bytes = kLayers * kLayerBytes + kOverreadBytes;
  Header header = make_header(program.data(), program.size(), nullptr, 0);
  header.weight_bytes = weight_bytes;
  header.file_bytes = header.weight_offset + weight_bytes;
  uint8_t head[kHeaderBytes];
  encode(header, head);
  const int file = open(kPath, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (file < 0 || ftruncate(file, static_cast<off_t>(header.file_bytes)) != 0) fail(kPath);
  put(file, head, kHeaderBytes, 0);
  put(file, program.data(), program.size(), kHeaderBytes);
  for (uint32_t i = 0; i < kLayers; ++i) put_rotation(file, header.weight_offset + i * kLayerBytes);
  if (close(file) != 0) fail("close");
}

/// Puts this process into a group with bounded memory. False: it may not.
bool limit_memory(const std::string& group) {
  if (mkdir(group.c_str(), 0700) != 0) return false;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream file(group + "/" + name);
    file << text << std::flush;
    return file.good();
  };
  return write("memory.max", std::to_string(kMostResidentBytes)) && write("cgroup.procs", std::to_string(getpid()));
}

uint64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
  }
  return ~uint64_t{0};
}

/// Runs the model and says what is wrong, or null.
const char* run(bool stream) {
  OpenOptions how;
  how.stream = stream ? 1 : 0;
  lacuna_error error = {};
  const auto model = Model::open_file(kPath, how, &error);
  auto session = model ? Session::make(*model, {}, &error) : std::nullopt;
  if (!session) return std::fprintf(stderr, "%s\n", error.message), "no session";
  std::vector<float> x(kUnits);
  for (uint32_t i = 0; i < kUnits; ++i) x[i] = static_cast<float>(i);
  std::vector<float> y(kUnits);
  session->set_input(0, x.data(), x.size() * sizeof(float));
  session->run();
  session->get_output(0, y.data(), y.size() * sizeof(float));
  for (uint32_t i = 0; i < kUnits; ++i) {
    if (y[i] != x[(i + kLayers) % kUnits]) return "wrong result";
  }
  return nullptr;
}

int run_limited(bool stream, const std::string& group) {
  const pid_t child = fork();
  if (child == 0) {
    const bool limited = !group.empty() && limit_memory(group);
    const char* wrong = run(stream);
    const uint64_t peak = peak_resident_bytes();
    std::printf("%s: peak of %llu MiB resident, control group: %s%s%s\n", stream ? "streamed" : "mapped",
                static_cast<unsigned long long>(peak >> 20), limited ? "512 MiB" : "not available here",
                wrong == nullptr ? "" : ", ", wrong == nullptr ? "" : wrong);
    std::fflush(stdout);
    _exit(wrong != nullptr ? 2 : peak > kMostResidentBytes ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!group.empty()) rmdir(group.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

}  // namespace

/// With an argument the model is mapped plainly instead: what the limit then sees.
int main(int argc, char** /*argv*/) {
  write_model();
  const bool stream = argc == 1;
  const int failed = run_limited(stream, stream ? "/sys/fs/cgroup/lacuna-" + std::to_string(getpid()) : "");
  std::remove(kPath);
  if (failed != 0) std::puts("FAILED: wrong, or too much of the model resident");
  return failed;
}
