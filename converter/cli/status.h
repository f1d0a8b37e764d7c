// Errors of the runtime as errors of the program.
#pragma once

#include <string>

#include "converter/ir/error.h"
#include "lacuna/lacuna.h"

namespace lacuna {

/// By the group that a status belongs to.
inline ExitCode exit_code_of(lacuna_status status) {
  if (status == LACUNA_OK) return ExitCode::kOk;
  if (status == LACUNA_ERROR_IO) return ExitCode::kMalformed;
  if (status < LACUNA_ERROR_UNSUPPORTED_OPERATOR) return ExitCode::kMalformed;
  if (status < LACUNA_ERROR_ARENA_TOO_SMALL) return ExitCode::kUnsupported;
  if (status < LACUNA_ERROR_INVALID_ARGUMENT) return ExitCode::kResourceLimit;
  return ExitCode::kUsage;
}

/// Throws Error with the runtime's message, behind `where` when that is given.
inline void check(lacuna_status status, const lacuna_error& error, const std::string& where = "") {
  if (status == LACUNA_OK) return;
  throw Error(exit_code_of(status), (where.empty() ? "" : where + ": ") + error.message);
}

}  // namespace lacuna
