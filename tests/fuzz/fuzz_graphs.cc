// Random networks on every instruction set.
#include "tests/fuzz/targets.h"
#include "tests/support/compare_isas.h"

namespace lacuna::fuzz {

void graphs(const uint8_t* data, size_t bytes) {
  const std::string difference = compare_isas(data, bytes);
  require(difference.empty(), "instruction sets agree with the reference:", difference.c_str());
}

}  // namespace lacuna::fuzz
