// A random network on every instruction set of this machine, beside the reference operators.
#pragma once

#include <cstdint>
#include <string>

namespace lacuna {

/// Empty: all agree, and one and several threads give the same bytes. Otherwise what does not.
std::string compare_isas(const uint8_t* decisions, size_t bytes);

}  // namespace lacuna
