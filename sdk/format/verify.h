// The meaning of a program whose structure is sound: everything that the runtime relies on without looking again.
#pragma once

#include "lacuna_generated.h"
#include "sdk/base/status.h"

namespace lacuna {

/// Checks all rules of docs/format.md. `weights` has `weight_bytes` bytes and is aligned to kAlignment. Neither
/// allocates nor recurses. Time grows with the square of the number of steps at most.
/// Errors: STRUCTURE for limits, MEANING, UNSUPPORTED_OPERATOR, UNSUPPORTED_DTYPE, TOO_LARGE.
Status verify_program(const fbs::Program& program, const uint8_t* weights, uint64_t weight_bytes, lacuna_error* error);

}  // namespace lacuna
