// Errors of the converter and the command line, with the exit code that they end in.
#pragma once

#include <stdexcept>
#include <string>

namespace lacuna {

/// Exit codes of the `lacuna` program.
enum class ExitCode : int {
  kOk = 0,
  kInternal = 1,
  kUsage = 2,
  kMalformed = 3,      ///< unreadable or malformed input
  kUnsupported = 4,    ///< a good model that uses what Lacuna does not have
  kOutsideBound = 5,   ///< compare found a larger difference than allowed
  kResourceLimit = 6,  ///< memory, disk or a size limit
};

/// Says what is wrong, where, and what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, const std::string& message) : std::runtime_error(message), code(exit_code) {}
  ExitCode code;
};

[[noreturn]] inline void malformed(const std::string& message) { throw Error(ExitCode::kMalformed, message); }
[[noreturn]] inline void unsupported(const std::string& message) { throw Error(ExitCode::kUnsupported, message); }

}  // namespace lacuna
