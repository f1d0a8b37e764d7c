// What the user is told when something cannot be done.
#pragma once

#include <stdexcept>
#include <string>

namespace camera {

/// Its text says what went wrong, where, and what to do.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A wrong command line.
struct UsageFailure : Failure {
  using Failure::Failure;
};

}  // namespace camera
