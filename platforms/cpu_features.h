// Which instruction sets this CPU and its operating system let us use.
#pragma once

#include "sdk/base/isa.h"

namespace lacuna {

/// Tiers of this CPU that the build has kernels for; kScalar always. Asks the CPU, never the environment. Costs some
/// hundred cycles: for open and init, not for loops.
IsaMask cpu_isas();

}  // namespace lacuna
