// A random network on every instruction set of this machine, beside the reference operators.
#pragma once

#include <cstdint>
#include <string>

#include "lacuna_generated.h"

namespace lacuna {

/// Empty: all agree, and one and several threads give the same bytes. Otherwise what does not.
std::string compare_isas(const uint8_t* decisions, size_t bytes, fbs::Dtype dtype = fbs::Dtype::F32);

}  // namespace lacuna
