#include "converter/cli/input_shapes.h"

#include <sstream>

#include "converter/ir/error.h"
#include "sdk/format/limits.h"

namespace lacuna {
namespace {

constexpr size_t kMaxDigits = 10;

/// 0 when the text is no dimension.
int64_t parse_dim(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= kMaxDigits && text.find_first_not_of("0123456789") == std::string::npos;
  const int64_t dim = digits ? std::stoll(text) : 0;
  return dim <= kMaxDim ? dim : 0;
}

}  // namespace

std::map<std::string, Shape> parse_input_shapes(const std::vector<std::string>& options) {
  std::map<std::string, Shape> shapes;
  for (const std::string& option : options) {
    const auto fail = [&](const std::string& what) {
      throw Error(ExitCode::kUsage,
                  "--input-shape " + option + ": " + what + "; an example: --input-shape data=1,3,224,224");
    };
    const size_t equals = option.rfind('=');
    if (equals == std::string::npos || equals == 0) fail("is not NAME=SHAPE");
    Shape shape;
    std::istringstream dims(option.substr(equals + 1));
    for (std::string text; std::getline(dims, text, ',');) {
      const int64_t dim = parse_dim(text);
      if (dim == 0) fail("'" + text + "' is no dimension from 1 to 2147483647");
      if (shape.rank == kMaxRank) fail("a tensor has at most 8 dimensions");
      shape.push_back(dim);
    }
    if (shape.rank == 0) fail("the shape is missing");
    if (option.back() == ',') fail("the last dimension is missing");
    if (!shapes.emplace(option.substr(0, equals), shape).second) fail("this input is given twice");
  }
  return shapes;
}

}  // namespace lacuna
