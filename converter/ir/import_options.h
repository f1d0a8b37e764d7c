// What the user may tell an importer.
#pragma once

#include <map>
#include <string>

#include "sdk/base/shape.h"

namespace lacuna {

struct ImportOptions {
  std::map<std::string, Shape> input_shapes;  ///< by name of the input; replaces the model's own
};

}  // namespace lacuna
