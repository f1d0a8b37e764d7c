// Networks that nobody would write, on every instruction set, against the reference operators.
#include <doctest/doctest.h>

#include "tests/support/compare_isas.h"
#include "tests/support/random_graph.h"

using namespace lacuna;

TEST_CASE("random graphs: every instruction set agrees with the reference, threads change nothing") {
  constexpr uint32_t kSeeds = 150;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    const std::vector<uint8_t> bytes = random_bytes(seed);
    const std::string difference = compare_isas(bytes.data(), bytes.size());
    CHECK_MESSAGE(difference.empty(), difference);
  }
}

TEST_CASE("random graphs of halves: the same, within what halves allow") {
  constexpr uint32_t kSeeds = 150;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    const std::vector<uint8_t> bytes = random_bytes(seed);
    const std::string difference = compare_isas(bytes.data(), bytes.size(), fbs::Dtype::F16);
    CHECK_MESSAGE(difference.empty(), difference);
  }
}
