// What a function of the converter ends in.
#pragma once

#include "converter/ir/error.h"

namespace lacuna {

/// The code of the Error that `function` throws, or kOk.
template <class Function>
ExitCode exit_code_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.code;
  }
  return ExitCode::kOk;
}

}  // namespace lacuna
