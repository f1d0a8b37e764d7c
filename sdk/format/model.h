// An open .lcn file: verified program and weights in memory that somebody else owns.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lacuna_generated.h"
#include "sdk/base/status.h"

namespace lacuna {

/// Plain pointers: cheap to copy, owns nothing. All zero: not open.
struct ModelView {
  const fbs::Program* program;
  const uint8_t* weights;  ///< aligned to kAlignment
  uint64_t weight_bytes;
  uint64_t weight_hash;
  bool stream = false;  ///< weights are mapped and larger than memory: a run hints at what it reads next
};

/// Verifies the bytes of a file as docs/format.md lists and fills `model`, which borrows them. `data` is aligned to
/// kAlignment. On failure `model` is as it was.
Status open_model(const void* data, size_t bytes, ModelView* model, lacuna_error* error);

/// Reads all weights and compares their hash with the stored one.
Status check_weights(const ModelView& model, lacuna_error* error);

}  // namespace lacuna
