// How much work fits into the time.
#include "converter/prune/plan.h"

#include <doctest/doctest.h>

namespace lacuna::prune {
namespace {

PrunedLayer layer_of(int64_t rows, int64_t columns, int64_t groups = 1) {
  PrunedLayer layer;
  layer.rows = rows;
  layer.columns = columns;
  layer.groups = groups;
  return layer;
}

TEST_CASE("choose_levels: all that can be done where it fits") {
  CHECK(choose_levels({{0, 1, 5}, {0}, {0, 3}}, 8) == std::vector<size_t>{2, 0, 1});
}

TEST_CASE("choose_levels: what takes most is lowered first, and only as far as needed") {
  CHECK(choose_levels({{0, 1, 5}, {0, 2, 6}, {0, 3}}, 11) == std::vector<size_t>{2, 1, 1});
  CHECK(choose_levels({{0, 1, 5}, {0, 2, 6}, {0, 3}}, 6) == std::vector<size_t>{1, 1, 1});
  CHECK(choose_levels({{0, 1, 5}, {0, 2, 6}, {0, 3}}, 3) == std::vector<size_t>{1, 1, 0});
}

TEST_CASE("choose_levels: a lower level that takes more is passed over") {
  CHECK(choose_levels({{0, 9, 5}, {0, 1, 2}}, 6) == std::vector<size_t>{0, 2});
  CHECK(choose_levels({{0, 9, 5}, {0, 1, 2}}, 7) == std::vector<size_t>{2, 2});
}

TEST_CASE("choose_levels: the lowest where nothing fits, nothing without layers") {
  CHECK(choose_levels({{0, 1}, {0, 2}}, 0) == std::vector<size_t>{0, 0});
  CHECK(choose_levels({{1, 2}, {1, 2}}, 0) == std::vector<size_t>{0, 0});
  CHECK(choose_levels({}, 0).empty());
}

TEST_CASE("costs: by magnitudes nothing, else what solutions, surgeons and runs take") {
  const std::vector<double> probing = probing_macs(layer_of(8, 16), 100), solving = solving_macs(layer_of(8, 16));
  const double moments = 2.0 * 16384 * 16 * 16, product = 8 * 16 * 16, surgeon = 2.0 * 16 * 16 * 16;
  CHECK(probing == std::vector<double>{0, moments + 2 * (45 * product + 100) + surgeon + 7 * product,
                                       moments + 6 * (45 * product + 100) + 4 * surgeon + 7 * product});
  CHECK(solving == std::vector<double>{0, moments + 45 * product + surgeon, moments + 245 * product});
}

TEST_CASE("costs: wide layers are cut, so what they take grows with their columns") {
  const double one = solving_macs(layer_of(8, kMaxColumns))[1], four = solving_macs(layer_of(8, 4 * kMaxColumns))[1];
  CHECK(four <= 4 * one);
  CHECK(four > one);
}

}  // namespace
}  // namespace lacuna::prune
