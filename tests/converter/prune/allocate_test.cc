#include "converter/prune/allocate.h"

#include <doctest/doctest.h>

#include <random>

namespace lacuna::prune {
namespace {

double total(const std::vector<std::vector<Option>>& layers, const std::vector<size_t>& chosen, double Option::*what) {
  double sum = 0;
  for (size_t i = 0; i < chosen.size(); ++i) sum += layers[i][chosen[i]].*what;
  return sum;
}

TEST_CASE("allocate: as good as trying everything") {
  std::mt19937 rng(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::vector<Option>> layers(4);
    for (std::vector<Option>& options : layers) {
      for (int i = 0; i < 4; ++i) {
        options.push_back({1, static_cast<double>(rng() % 100), 1 + static_cast<double>(rng() % 64)});
      }
    }
    constexpr double kBudget = 128;  // costs are whole steps of it
    double least = 1e9;
    for (size_t code = 0; code < 256; ++code) {
      const std::vector<size_t> all = {code % 4, code / 4 % 4, code / 16 % 4, code / 64};
      if (total(layers, all, &Option::cost) <= kBudget) least = std::min(least, total(layers, all, &Option::loss));
    }
    const std::vector<size_t> chosen = allocate(layers, kBudget);
    if (least == 1e9) {
      CHECK(chosen.empty());
      continue;
    }
    REQUIRE(chosen.size() == 4);
    CHECK(total(layers, chosen, &Option::cost) <= kBudget);
    CHECK(total(layers, chosen, &Option::loss) == least);
  }
}

TEST_CASE("allocate: never over the budget, nothing when nothing fits") {
  CHECK(allocate({{{1, 0, 2}}, {{1, 0, 2}}}, 3).empty());
  CHECK(allocate({{{1, 0, 1.00001}, {0.5, 5, 0.1}}}, 1) == std::vector<size_t>{1});
  CHECK(allocate({}, 1).empty());
}

}  // namespace
}  // namespace lacuna::prune
