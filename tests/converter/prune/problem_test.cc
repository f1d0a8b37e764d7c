// Problems made by hand, whose answers are known.
#include "converter/prune/problem.h"

#include <doctest/doctest.h>

namespace lacuna::prune {
namespace {

Matrix matrix(int64_t rows, int64_t columns, std::vector<float> data) {
  Matrix m(rows, columns);
  m.data = std::move(data);
  return m;
}

/// Two groups of two rows and two columns; inputs vary alone, the second one four times as much.
std::vector<Problem> two_groups() {
  Moments moments;
  moments.h = moments.g = matrix(2, 2, {1, 0, 0, 4});
  moments.mean_x = moments.mean_d = {3, 5};
  std::vector<Problem> problems(2);
  for (size_t g = 0; g < 2; ++g) {
    problems[g].group = static_cast<int64_t>(g);
    problems[g].moments = moments;
  }
  problems[0].weights = matrix(2, 2, {1, 0, 0, 1});
  problems[1].weights = matrix(2, 2, {2, 1, 0, 0});
  return problems;
}

PrunedLayer layer_of_two_groups() {
  PrunedLayer layer;
  layer.groups = 2;
  layer.rows = 2;
  layer.columns = 2;
  return layer;
}

TEST_CASE("inverse_variances: a tenth of the mean is added, their mean is 1, rows of all groups") {
  const std::vector<float> inverse = inverse_variances(two_groups(), layer_of_two_groups());
  const double mean = (1 + 4 + 8 + 0) / 4.0;
  const std::vector<double> expected = {1 / (1 / mean + 0.1), 1 / (4 / mean + 0.1), 1 / (8 / mean + 0.1), 1 / 0.1};
  const double unit = (expected[0] + expected[1] + expected[2] + expected[3]) / 4;
  REQUIRE(inverse.size() == 4);
  for (size_t i = 0; i < 4; ++i) CHECK(inverse[i] == doctest::Approx(expected[i] / unit));
}

TEST_CASE("inverse_variances: columns in two parts count together") {
  std::vector<Problem> parts = two_groups();
  parts[1].group = 0;
  PrunedLayer layer = layer_of_two_groups();
  layer.groups = 1;
  const std::vector<float> inverse = inverse_variances(parts, layer);
  REQUIRE(inverse.size() == 2);
  CHECK(inverse[0] / inverse[1] == doctest::Approx((4 / 6.5 + 0.1) / (9 / 6.5 + 0.1)));
}

TEST_CASE("inverse_variances: none where nothing varies") {
  std::vector<Problem> problems = two_groups();
  for (Problem& problem : problems) problem.moments.h = Matrix(2, 2);
  CHECK(inverse_variances(problems, layer_of_two_groups()).empty());
}

TEST_CASE("treat: inputs even out, targets stay those of the dense weights, importance by group") {
  std::vector<Problem> problems = two_groups();
  treat({0.4, {1, 2, 3, 4}}, Effort::kLittle, layer_of_two_groups(), problems);
  CHECK(problems[0].h.data[0] == doctest::Approx(1 + 0.01 + 0.4 * 2.5));
  CHECK(problems[0].h.data[3] == doctest::Approx(4 + 0.04 + 0.4 * 2.5));
  CHECK(problems[1].targets.data[0] == doctest::Approx(2 * (1 + 0.01 + 0.4 * 2.5)));
  CHECK(problems[1].importance == std::vector<float>{3, 4});
  treat({0.4, {}}, Effort::kMuch, layer_of_two_groups(), problems);
  CHECK(problems[1].importance.empty());
}

TEST_CASE("solve: the row that counts keeps its weights, the bias makes good for the mean of what goes") {
  for (const Effort effort : {Effort::kLittle, Effort::kMuch}) {
    CAPTURE(effort == Effort::kMuch);
    std::vector<Problem> problems = two_groups();
    const PrunedLayer layer = layer_of_two_groups();
    treat({0, {1, 1, 1, 1}}, effort, layer, problems);
    const Solution alike = solve(problems, layer, Pattern::kFree, 0.25, {0, 0, 0, 0});
    CHECK(alike.mask == Mask{0, 0, 0, 1, 1, 0, 0, 0});
    CHECK(alike.bias[0] == doctest::Approx(3));
    CHECK(alike.bias[1] == doctest::Approx(0));
    CHECK(alike.bias[2] == doctest::Approx(5));
    treat({0, {8, 1, 1, 1}}, effort, layer, problems);
    CHECK(solve(problems, layer, Pattern::kFree, 0.25, {0, 0, 0, 0}).mask == Mask{1, 0, 0, 0, 1, 0, 0, 0});
  }
}

TEST_CASE("keep_by_magnitude: the largest of each group, as they are") {
  const std::vector<float> weights = {1, -3, 2, 0, 4, 0, 0, -3};
  const Solution half = keep_by_magnitude(weights, layer_of_two_groups(), Pattern::kFree, 0.5, {1, 2, 3, 4});
  CHECK(half.mask == Mask{0, 1, 1, 0, 1, 0, 0, 1});
  CHECK(half.weights == std::vector<float>{0, -3, 2, 0, 4, 0, 0, -3});
  CHECK(half.bias == std::vector<float>{1, 2, 3, 4});
  CHECK(half.error == doctest::Approx(1.0 / 39));
  CHECK(lost_by_magnitude(weights, layer_of_two_groups(), Pattern::kFree, 0.25) == doctest::Approx(14.0 / 39));
  CHECK(keep_by_magnitude({0, 0, 0, 0, 0, 0, 0, 0}, layer_of_two_groups(), Pattern::kFree, 0.5, {}).error == 0);
}

TEST_CASE("solve: nothing is lost where all is kept") {
  for (const Effort effort : {Effort::kLittle, Effort::kMuch}) {
    std::vector<Problem> problems = two_groups();
    const PrunedLayer layer = layer_of_two_groups();
    treat({0.3, {}}, effort, layer, problems);
    const Solution all = solve(problems, layer, Pattern::kFree, 1, {1, 2, 3, 4});
    CHECK(all.error == doctest::Approx(0));
    CHECK(all.bias == std::vector<float>{1, 2, 3, 4});
    CHECK(all.weights == std::vector<float>{1, 0, 0, 1, 2, 1, 0, 0});
  }
}

}  // namespace
}  // namespace lacuna::prune
