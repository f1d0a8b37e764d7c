// The option --input-shape NAME=1,3,224,224.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sdk/base/shape.h"

namespace lacuna {

/// Throws Error(kUsage) for a text of another form, a dimension outside 1 to 2^31 - 1, more than 8 of them, or a name
/// that is given twice.
std::map<std::string, Shape> parse_input_shapes(const std::vector<std::string>& options);

}  // namespace lacuna
