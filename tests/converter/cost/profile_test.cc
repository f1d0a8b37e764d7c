#include "converter/cost/profile.h"

#include <doctest/doctest.h>

#include "converter/cost/sweep.h"

namespace lacuna {
namespace {

/// A profile in which one entry vector takes `sparse` or `dense` nanoseconds.
Profile make_profile(const std::string& name, double sparse, double dense) {
  Profile profile = {name, "machine", 1 << 20, {}};
  LayerCosts costs;
  costs.kind = LayerKind::kPointwise;
  costs.packing = fbs::Packing::SparseRows;
  costs.ns[static_cast<size_t>(Term::kEntryVectors)] = sparse;
  profile.costs.push_back(costs);
  costs.packing = fbs::Packing::DenseRows8;
  costs.ns[static_cast<size_t>(Term::kEntryVectors)] = dense;
  profile.costs.push_back(costs);
  return profile;
}

TermCounts entry_vectors(double n) {
  TermCounts counts = {};
  counts[static_cast<size_t>(Term::kEntryVectors)] = n;
  return counts;
}

std::string failure(const std::string& json) {
  try {
    parse_profiles(json, "file");
  } catch (const Error& error) {
    CHECK(error.code == ExitCode::kMalformed);
    return error.what();
  }
  return "";
}

TEST_CASE("profiles survive being written and read") {
  const std::string json = to_json({make_profile("x86-avx2", 1.5, 0.25)});
  const std::vector<Profile> read = parse_profiles(json, "file");
  REQUIRE(read.size() == 1);
  CHECK(read[0].name == "x86-avx2");
  CHECK(read[0].find(fbs::Packing::SparseRows, LayerKind::kPointwise)->ns[1] == 1.5);
  CHECK(read[0].find(fbs::Packing::SparseRows, LayerKind::kWindow) == nullptr);
  CHECK(to_json(read) == json);
}

TEST_CASE("files that are no profiles are refused with their name") {
  const std::string good = to_json({make_profile("x86-avx2", 1.5, 0.25)});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1]"), std::string("\xff"), good.substr(0, good.size() / 2),
        with("SparseRows", "Nonsense"), with("pointwise", "nonsense"), with("entry_vectors", "nonsense"),
        with("1.5", "-1.5"), with("1.5", "\"x\""), with("\"schema_version\": 1", "\"schema_version\": 2"),
        std::string("{\"schema_version\": 1, \"profiles\": []}")}) {
    CAPTURE(text);
    CHECK(failure(text).find("file: is not a cost profile") != std::string::npos);
  }
}

TEST_CASE("a time is the sum of counts times costs") {
  const CostModel costs({make_profile("a", 2, 1)});
  CHECK(*costs.microseconds(LayerKind::kPointwise, fbs::Packing::SparseRows, entry_vectors(5000)) ==
        doctest::Approx(10));
  CHECK_FALSE(costs.microseconds(LayerKind::kRows, fbs::Packing::SparseRows, entry_vectors(5000)));
}

TEST_CASE("two profiles give their geometric mean") {
  const CostModel costs({make_profile("a", 2, 1), make_profile("b", 8, 1)});
  CHECK(*costs.microseconds(LayerKind::kPointwise, fbs::Packing::SparseRows, entry_vectors(5000)) ==
        doctest::Approx(20));
  CHECK(costs.description() == "a (machine) and b (machine)");
}

TEST_CASE("a target takes its own profile, or says whose it borrows") {
  const std::vector<Profile> x86 = {make_profile("x86-avx2", 1, 1), make_profile("x86-avx512", 2, 2)};
  CHECK(costs_of_target("x86-avx512", x86).description() == "x86-avx512 (machine)");
  CHECK(costs_of_target("generic", x86).description() == "x86-avx512 (machine) and x86-avx2 (machine)");
  CHECK(borrowing_note("x86-avx2", x86).empty());
  CHECK(borrowing_note("x86-avx512-zen4", x86).find("x86-avx512") != std::string::npos);
  CHECK(borrowing_note("x86-avx512-zen4").empty());
  CHECK(borrowing_note("generic", x86).empty());
  CHECK(borrowing_note("arm64-big", x86).find("x86-avx2") != std::string::npos);
  const std::vector<Profile> arm = {make_profile("arm64-big", 1, 1)};
  CHECK(costs_of_target("arm64-big", arm).description() == "arm64-big (machine)");
  CHECK(borrowing_note("arm64-big", arm).empty());
  CHECK_THROWS_AS(costs_of_target("x86-avx2", arm), Error);
}

TEST_CASE("the built-in profiles know every packing of every layer that is measured, on every target") {
  for (const std::string& target : known_targets()) {
    const CostModel costs = costs_of_target(target);
    for (const Layer& layer : sweep_layers(false)) {
      for (const fbs::Packing packing : packings_of(layer)) {
        CAPTURE(target);
        CAPTURE(name_of(layer));
        const auto us = costs.microseconds(kind_of(layer, packing), packing, estimate_terms(layer, 0.5, packing));
        REQUIRE(us);
        CHECK(*us > 0.01);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
