// Every operator against its reference: each case in each packing, on each ISA of this machine, in each layout, split
// for one and for three threads, and in place of an input where one allows it.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "kernels/halves/select_halves.h"
#include "platforms/cpu_features.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

uint32_t seed() {
  const char* given = std::getenv("LACUNA_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 1;
}

/// Returns whether the output took the place of an input.
bool check_variant(const OpHost& op, const OpCase& op_case, const OpVariant& variant, const Tensor& expected) {
  CAPTURE(std::string(fbs::EnumNamePacking(variant.packing)));
  CAPTURE(std::string(name_of(variant.isa)));
  CAPTURE(variant.threads);
  CAPTURE(variant.padded);
  CAPTURE(variant.in_place);
  const OpResult result = run_case(op, op_case, variant);
  CHECK_MESSAGE(result.error.empty(), result.error);
  if (!result.error.empty()) return false;
  CAPTURE(result.kernel);
  CHECK(relative_error(result.output, expected) <= op_case.tolerance);
  return result.in_place;
}

/// The same of any variant of the case.
bool check_case(const OpHost& op, const OpCase& op_case) {
  const Tensor expected = reference_of(op_case);
  bool in_place = false;
  for (const fbs::Packing packing : packings_of(op, op_case)) {
    for (const Isa isa : machine_isas()) {
      for (const uint32_t threads : {1u, 3u}) {
        for (const bool padded : {false, true}) {
          check_variant(op, op_case, OpVariant{isa, threads, padded, packing}, expected);
          if (op.run->in_place == InPlace::kNone) continue;
          in_place |=
              check_variant(op, op_case, OpVariant{isa, threads, padded, packing, fbs::Dtype::F32, true}, expected);
        }
      }
    }
  }
  return in_place;
}

TEST_CASE("operators agree with their references on every ISA") {
  MESSAGE("seed " << seed() << " (LACUNA_TEST_SEED)");
  for (const fbs::OpAttrs type : all_ops()) {
    const OpHost& op = host_op(type);
    SUBCASE(op.run->name) {
      std::mt19937 rng(seed());
      const std::vector<OpCase> cases = op.cases(rng);
      REQUIRE(!cases.empty());
      bool in_place = false;
      for (const OpCase& op_case : cases) {
        CAPTURE(op_case.name);
        in_place |= check_case(op, op_case);
      }
      CHECK(in_place == (op.run->in_place != InPlace::kNone));
    }
  }
}

TEST_CASE("operators that compute in halves agree with their references") {
  constexpr double kTolerance = 4e-3;  // sums of some hundred terms of either sign
  if (select_halves(cpu_isas()) == nullptr) {
    MESSAGE("this CPU does not compute in halves");
    return;
  }
  const Isa best = (cpu_isas() & kNeonFp16) != 0 ? kNeonFp16 : kAvx512Fp16;
  std::map<std::string, int> runs;  // of each kernel
  for (const fbs::OpAttrs type : all_ops()) {
    const OpHost& op = host_op(type);
    if (op.run->computes_halves == nullptr) continue;
    std::mt19937 rng(seed());
    for (const OpCase& op_case : op.cases(rng)) {
      CAPTURE(op_case.name);
      for (const fbs::Packing packing : packings_of(op, op_case)) {
        for (const uint32_t threads : {1u, 3u}) {
          for (const bool padded : {false, true}) {
            const OpResult result = run_case(op, op_case, OpVariant{best, threads, padded, packing, fbs::Dtype::F16});
            if (result.kernel.empty()) continue;
            ++runs[result.kernel];
            CAPTURE(result.kernel);
            CHECK(relative_error(result.output, reference_of(op_case)) <= kTolerance);
          }
        }
      }
    }
  }
  CHECK(runs.size() == 9);  // sparse, dense, four depthwise windows, sum, doubled and interleaved planes
}

}  // namespace
}  // namespace lacuna
