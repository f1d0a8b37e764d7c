// Every operator against its reference: each case in each packing, on each ISA of this machine, in each layout, split
// for one and for three threads, and in place of an input where that is allowed.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

uint32_t seed() {
  const char* given = std::getenv("LACUNA_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 1;
}

void check_variant(const OpHost& op, const OpCase& op_case, const OpVariant& variant, const Tensor& expected) {
  CAPTURE(std::string(fbs::EnumNamePacking(variant.packing)));
  CAPTURE(std::string(name_of(variant.isa)));
  CAPTURE(variant.threads);
  CAPTURE(variant.padded);
  CAPTURE(variant.in_place);
  const OpResult result = run_case(op, op_case, variant);
  CHECK_MESSAGE(result.error.empty(), result.error);
  if (!result.error.empty()) return;
  CAPTURE(result.kernel);
  CHECK(relative_error(result.output, expected) <= op_case.tolerance);
}

void check_case(const OpHost& op, const OpCase& op_case) {
  const Tensor expected = reference_of(op_case);
  const bool in_place = can_run_in_place(op, op_case);
  for (const fbs::Packing packing : packings_of(op, op_case)) {
    for (const Isa isa : machine_isas()) {
      for (const uint32_t threads : {1u, 3u}) {
        for (const bool padded : {false, true}) {
          check_variant(op, op_case, OpVariant{isa, threads, padded, packing}, expected);
          if (in_place) check_variant(op, op_case, OpVariant{isa, threads, padded, packing, true}, expected);
        }
      }
    }
  }
}

TEST_CASE("operators agree with their references on every ISA") {
  MESSAGE("seed " << seed() << " (LACUNA_TEST_SEED)");
  for (const fbs::OpAttrs type : all_ops()) {
    const OpHost& op = host_op(type);
    SUBCASE(op.run->name) {
      std::mt19937 rng(seed());
      const std::vector<OpCase> cases = op.cases(rng);
      REQUIRE(!cases.empty());
      for (const OpCase& op_case : cases) {
        CAPTURE(op_case.name);
        check_case(op, op_case);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
