// Errors inside the runtime: a public status code plus a text in a fixed buffer that the caller owns.
#pragma once

#include <cstdarg>
#include <cstdio>

#include "lacuna/lacuna.h"

namespace lacuna {

using Status = lacuna_status;

/// Writes a message for the caller and returns `code`, so that `return fail(error, LACUNA_ERROR_..., "...")` reads
/// well. `error` may be null: then only the code is reported. Text that does not fit is cut.
__attribute__((format(printf, 3, 4))) inline lacuna_status fail(lacuna_error* error, lacuna_status code,
                                                                const char* format, ...) {
  if (error != nullptr) {
    error->status = code;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
  }
  return code;
}

}  // namespace lacuna

/// Leaves the enclosing function with the status of `expression` unless it is LACUNA_OK.
#define LACUNA_RETURN_IF_ERROR(expression)                                  \
  do {                                                                      \
    if (const lacuna_status status_ = (expression); status_ != LACUNA_OK) { \
      return status_;                                                       \
    }                                                                       \
  } while (false)
