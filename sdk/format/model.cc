#include "sdk/format/model.h"

#include <algorithm>

#include "sdk/format/header.h"
#include "sdk/format/limits.h"
#include "sdk/format/verify.h"

namespace lacuna {
namespace {

using Number = unsigned long long;  // for printf

Status check_header(const Header& header, size_t bytes, lacuna_error* error) {
  if (header.version != kFormatVersion) {
    return fail(error, LACUNA_ERROR_VERSION,
                "format version %u; this library reads version %u: convert the model again", header.version,
                kFormatVersion);
  }
  if (header.file_bytes > bytes) {
    return fail(error, LACUNA_ERROR_TRUNCATED, "%zu bytes of a file of %llu: copy it again", bytes,
                static_cast<Number>(header.file_bytes));
  }
  if (header.program_bytes > kMaxProgramBytes) {
    return fail(error, LACUNA_ERROR_STRUCTURE, "a program of %llu bytes; at most %llu",
                static_cast<Number>(header.program_bytes), static_cast<Number>(kMaxProgramBytes));
  }
  const uint64_t weight_offset = align_up(kHeaderBytes + static_cast<size_t>(header.program_bytes));
  if (header.header_bytes != kHeaderBytes || header.weight_offset != weight_offset || header.file_bytes != bytes ||
      header.file_bytes < weight_offset || header.weight_bytes != header.file_bytes - weight_offset) {
    return fail(error, LACUNA_ERROR_STRUCTURE, "the sizes in the header contradict each other or the file's %zu bytes",
                bytes);
  }
  return LACUNA_OK;
}

Status check_padding(const uint8_t* first, const uint8_t* last, lacuna_error* error) {
  if (std::all_of(first, last, [](uint8_t byte) { return byte == 0; })) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_STRUCTURE, "bytes between program and weights are not zero");
}

Status check_structure(const uint8_t* program, size_t bytes, lacuna_error* error) {
  flatbuffers::Verifier verifier(program, bytes, kMaxTableDepth, kMaxTables);
  if (fbs::VerifyProgramBuffer(verifier)) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_STRUCTURE, "the program is not a well-formed FlatBuffer, or has over %u tables",
              kMaxTables);
}

}  // namespace

Status open_model(const void* data, size_t bytes, ModelView* model, lacuna_error* error) {
  const auto* file = static_cast<const uint8_t*>(data);
  if (memcmp(file, kMagic, std::min(bytes, sizeof(kMagic))) != 0) {
    return fail(error, LACUNA_ERROR_NOT_A_MODEL, "not an .lcn file: make one with `lacuna convert`");
  }
  if (bytes < kHeaderBytes) {
    return fail(error, LACUNA_ERROR_TRUNCATED, "%zu bytes; the header alone has %zu", bytes, kHeaderBytes);
  }
  const Header header = decode(file);
  LACUNA_RETURN_IF_ERROR(check_header(header, bytes, error));

  const uint8_t* program = file + kHeaderBytes;
  const uint8_t* weights = file + header.weight_offset;
  const auto program_bytes = static_cast<size_t>(header.program_bytes);
  LACUNA_RETURN_IF_ERROR(check_padding(program + program_bytes, weights, error));
  if (hash64(program, program_bytes) != header.program_hash) {
    return fail(error, LACUNA_ERROR_HASH, "the program does not have the stored hash: the file is damaged");
  }
  LACUNA_RETURN_IF_ERROR(check_structure(program, program_bytes, error));
  const ModelView opened = {fbs::GetProgram(program), weights, header.weight_bytes, header.weight_hash};
  LACUNA_RETURN_IF_ERROR(verify_program(*opened.program, weights, opened.weight_bytes, error));
  *model = opened;
  return LACUNA_OK;
}

Status check_weights(const ModelView& model, lacuna_error* error) {
  if (hash64(model.weights, static_cast<size_t>(model.weight_bytes)) == model.weight_hash) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_HASH, "the weights do not have the stored hash: the file is damaged");
}

}  // namespace lacuna
