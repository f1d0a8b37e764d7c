// Targets that take an .lcn file.
#include <algorithm>
#include <cstring>
#include <vector>

#include "lacuna/lacuna.hpp"
#include "tests/fuzz/targets.h"
#include "tests/sdk/model_builder.h"

namespace lacuna::fuzz {
namespace {

constexpr size_t kMostArenaBytes = size_t{4} << 20;
constexpr uint64_t kMostMacs = 20000000;

AlignedBytes copy_of(const uint8_t* data, size_t bytes) {
  AlignedBytes copy(bytes);
  if (bytes != 0) std::memcpy(copy.data(), data, bytes);
  return copy;
}

/// Takes the bytes for a program and weights: what a hash and sizes in a header would keep a fuzzer from.
AlignedBytes with_fitting_header(const uint8_t* data, size_t bytes) {
  AlignedBytes file = copy_of(data, bytes);
  if (bytes < kHeaderBytes) return file;
  Header header = decode(file.data());
  const uint64_t room = bytes - kHeaderBytes;
  header.version = kFormatVersion;
  header.header_bytes = kHeaderBytes;
  header.program_bytes = std::min(header.program_bytes, room);
  header.weight_offset = align_up(kHeaderBytes + static_cast<size_t>(header.program_bytes));
  if (header.weight_offset > bytes) {
    header.program_bytes = room / kAlignment * kAlignment;
    header.weight_offset = kHeaderBytes + header.program_bytes;
  }
  const auto program_end = kHeaderBytes + static_cast<size_t>(header.program_bytes);
  std::fill(file.data() + program_end, file.data() + header.weight_offset, uint8_t{0});
  header.weight_bytes = bytes - header.weight_offset;
  header.file_bytes = bytes;
  header.program_hash = hash64(file.data() + kHeaderBytes, static_cast<size_t>(header.program_bytes));
  header.weight_hash = hash64(file.data() + header.weight_offset, static_cast<size_t>(header.weight_bytes));
  uint8_t head[kHeaderBytes];
  encode(header, head);
  std::memcpy(file.data(), head, kHeaderBytes);
  return file;
}

/// Opens; a refusal comes with a reason.
std::optional<Model> open_file(const AlignedBytes& file) {
  lacuna_error error = {};
  auto model = Model::open(file.data(), file.size(), &error);
  if (!model) {
    require(error.status != LACUNA_OK && error.message[0] != '\0', "a refusal has a status and a message");
    require(std::memchr(error.message, '\0', sizeof(error.message)) != nullptr, "a message ends");
  }
  return model;
}

/// Describes everything that there is to describe.
void ask(const Model& model) {
  for (size_t i = 0; i <= model.input_count(); ++i)
    require(!model.input(i) == (i == model.input_count()), "inputs count");
  for (size_t i = 0; i <= model.output_count(); ++i) {
    require(!model.output(i) == (i == model.output_count()), "outputs count");
  }
  model.check_weights();
}

void run_on(const Model& model, const char* isa) {
  SessionOptions options;
  options.isa = isa;
  lacuna_error error = {};
  const auto bytes = Session::size(model, options, &error);
  if (!bytes || *bytes > kMostArenaBytes) return;
  const AlignedBytes arena(*bytes);
  std::memset(arena.data(), 0xff, *bytes);
  auto session = Session::make_in(arena.data(), *bytes, model, options, &error);
  require(session.has_value(), "a model that passes open has a session:", error.message);
  uint64_t macs = 0;
  for (size_t i = 0; i < session->step_count(); ++i) macs += session->step(i)->macs;
  if (macs > kMostMacs) return;
  session->run();
  for (size_t i = 0; i < model.output_count(); ++i) {
    const auto tensor = session->output(i);
    if (!tensor || tensor->bytes > kMostArenaBytes) continue;
    std::vector<float> output(tensor->bytes / sizeof(float));
    require(session->get_output(i, output.data(), tensor->bytes) == LACUNA_OK, "outputs can be read");
  }
}

}  // namespace

void open(const uint8_t* data, size_t bytes) {
  const AlignedBytes file = copy_of(data, bytes);
  if (const auto model = open_file(file)) ask(*model);
  const AlignedBytes mended = with_fitting_header(data, bytes);
  if (const auto model = open_file(mended)) ask(*model);
}

void run(const uint8_t* data, size_t bytes) {
  const AlignedBytes file = with_fitting_header(data, bytes);
  const auto model = open_file(file);
  if (!model) return;
  for (const char* isa : isas()) run_on(*model, isa);
}

}  // namespace lacuna::fuzz
