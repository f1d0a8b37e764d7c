// Each step of the solver against the plain dense computation.
#include "converter/prune/solver.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

namespace lacuna::prune {
namespace {

Matrix random_matrix(int64_t rows, int64_t columns, std::mt19937& rng) {
  Matrix m(rows, columns);
  std::normal_distribution<float> normal;
  for (float& x : m.data) x = normal(rng);
  return m;
}

/// Second moments of correlated samples, damped.
Matrix random_moments(int64_t columns, std::mt19937& rng) {
  const Matrix mix = random_matrix(columns, columns, rng);
  Matrix h(columns, columns);
  for (int64_t i = 0; i < columns; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < columns; ++k) sum += static_cast<double>(mix.row(i)[k]) * mix.row(j)[k];
      h.row(i)[j] = static_cast<float>(sum);
    }
  }
  damp(h, 0.05, 0.05);
  return h;
}

/// Solves h[chosen, chosen] x = b by elimination with pivots.
std::vector<double> eliminate(const Matrix& h, const std::vector<int64_t>& chosen, std::vector<double> b) {
  const size_t n = chosen.size();
  std::vector<std::vector<double>> a(n, std::vector<double>(n));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) a[i][j] = h.row(chosen[i])[chosen[j]];
  }
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k; i < n; ++i) pivot = std::abs(a[i][k]) > std::abs(a[pivot][k]) ? i : pivot;
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = a[i][k] / a[k][k];
      for (size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      b[i] -= factor * b[k];
    }
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; ++j) b[i] -= a[i][j] * b[j];
    b[i] /= a[i][i];
  }
  return b;
}

int64_t kept_in(const Mask& mask) {
  int64_t kept = 0;
  for (const uint8_t m : mask) kept += m;
  return kept;
}

TEST_CASE("damp adds parts of the diagonal and of its mean; zeros become the unit matrix") {
  Matrix h(2, 2);
  h.data = {1, 0.5f, 0.5f, 3};
  const std::vector<float> added = damp(h, 0.1, 0.2);
  CHECK(added[1] == doctest::Approx(0.7));
  CHECK(h.data[0] == doctest::Approx(1.5));
  CHECK(h.data[1] == doctest::Approx(0.5));
  CHECK(h.data[3] == doctest::Approx(3.7));
  Matrix zero(2, 2);
  damp(zero, 0.1, 0.2);
  CHECK(zero.data == std::vector<float>{1, 0, 0, 1});
}

TEST_CASE("surgeon_rows: U^T U is the inverse, U is upper") {
  std::mt19937 rng(1);
  const Matrix h = random_moments(13, rng);
  const Matrix u = surgeon_rows(h);
  for (int64_t i = 0; i < 13; ++i) {
    for (int64_t j = 0; j < 13; ++j) {
      if (j < i) CHECK(u.row(i)[j] == 0);
      double product = 0;  // of h, U^T and U
      for (int64_t k = 0; k < 13; ++k) {
        double inverse = 0;
        for (int64_t r = 0; r < 13; ++r) inverse += static_cast<double>(u.row(r)[k]) * u.row(r)[j];
        product += h.row(i)[k] * inverse;
      }
      CHECK(product == doctest::Approx(i == j ? 1 : 0).epsilon(2e-3));
    }
  }
}

TEST_CASE("keep_largest: the named share, whole blocks, smaller blocks at the end") {
  std::mt19937 rng(2);
  for (const Pattern pattern : {Pattern::kFree, Pattern::k4x1, Pattern::k1x4}) {
    for (const auto& shape : {std::pair<int64_t, int64_t>{8, 8}, {7, 9}, {1, 1}, {3, 5}}) {
      const int64_t rows = shape.first, columns = shape.second;
      CAPTURE(name_of(pattern));
      CAPTURE(rows);
      Matrix scores = random_matrix(rows, columns, rng);
      for (float& score : scores.data) score *= score;
      const Mask mask = keep_largest(scores, pattern, 0.5);
      CHECK(kept_in(mask) <= rows * columns / 2);
      CHECK(kept_in(mask) >= rows * columns / 2 - 3);
      const int64_t high = pattern == Pattern::k4x1 ? 4 : 1, wide = pattern == Pattern::k1x4 ? 4 : 1;
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          const int64_t first = i / high * high * columns + j / wide * wide;
          CHECK(mask[static_cast<size_t>(i * columns + j)] == mask[static_cast<size_t>(first)]);
        }
      }
    }
  }
}

TEST_CASE("product: the same for any number of threads, more of them than rows") {
  std::mt19937 rng(1);
  for (const int64_t rows : {3, 61}) {
    Matrix a(rows, 300), b(300, 257 * 64 / rows);
    for (Matrix* m : {&a, &b}) {
      for (float& x : m->data) x = std::normal_distribution<float>()(rng);
    }
    const Matrix one = product(a, b);
    for (const size_t threads : {2, 3, 8}) CHECK(product(a, b, threads).data == one.data);
  }
}

TEST_CASE("keep_largest: of equal ones the first, what is no number last") {
  Matrix scores(1, 6);
  scores.data = {2, NAN, 3, 2, 2, NAN};
  CHECK(keep_largest(scores, Pattern::kFree, 0.5) == Mask{1, 0, 1, 1, 0, 0});
  CHECK(keep_largest(scores, Pattern::kFree, 0.9) == Mask{1, 1, 1, 1, 1, 0});
}

TEST_CASE("keep_largest: two of four by size, whatever the density") {
  Matrix scores(1, 8);
  scores.data = {1, 4, 3, 2, 9, 9, 0, 0};
  CHECK(keep_largest(scores, Pattern::kTwoOfFour, 0.1) == Mask{0, 1, 1, 0, 1, 1, 0, 0});
}

TEST_CASE("choose_mask: with inputs that are not correlated it is the magnitude") {
  std::mt19937 rng(3);
  const Matrix w = random_matrix(5, 20, rng);
  Matrix h(20, 20);
  damp(h, 1, 0);
  Matrix squares = w;
  for (float& x : squares.data) x *= x;
  CHECK(choose_mask(w, surgeon_rows(h), Pattern::kFree, 0.4) == keep_largest(squares, Pattern::kFree, 0.4));
}

TEST_CASE("choose_mask: a row keeps by its importance, and its loss counts by it") {
  std::mt19937 rng(8);
  const Matrix w = random_matrix(4, 150, rng);  // two blocks of columns
  Matrix h(150, 150);
  damp(h, 1, 0);
  const std::vector<float> importance = {4, 1, 0.25f, 2};
  Matrix scores = w;
  double all = 0;
  for (int64_t i = 0; i < w.rows; ++i) {
    for (int64_t j = 0; j < w.columns; ++j) {
      scores.row(i)[j] *= importance[static_cast<size_t>(i)] * w.row(i)[j];
      all += scores.row(i)[j];
    }
  }
  double loss = 0;
  const Mask mask = choose_mask(w, surgeon_rows(h), Pattern::kFree, 0.4, &loss, importance);
  CHECK(mask == keep_largest(scores, Pattern::kFree, 0.4));
  double kept = 0;
  for (size_t i = 0; i < mask.size(); ++i) kept += mask[i] * static_cast<double>(scores.data[i]);
  CHECK(loss == doctest::Approx(all - kept).epsilon(1e-3));
}

TEST_CASE("choose_mask: blocks behind the first know what was lost before them") {
  constexpr int64_t kColumns = 140, kBlock = 128;
  std::mt19937 rng(4);
  const Matrix h = random_moments(kColumns, rng);
  const Matrix u = surgeon_rows(h);
  const Matrix w = random_matrix(1, kColumns, rng);
  const Mask mask = choose_mask(w, u, Pattern::kFree, 0.5);
  // Column by column: fixed at zero or as it is, then all columns behind it minimise the loss.
  std::vector<double> now(w.data.begin(), w.data.end());
  for (int64_t j = 0; j < kBlock; ++j) {
    if (mask[static_cast<size_t>(j)] != 0) continue;
    now[static_cast<size_t>(j)] = 0;
    std::vector<int64_t> behind;
    std::vector<double> pull;
    for (int64_t k = j + 1; k < kColumns; ++k) {
      double sum = 0;
      for (int64_t i = 0; i <= j; ++i)
        sum -= h.row(k)[i] * (now[static_cast<size_t>(i)] - w.data[static_cast<size_t>(i)]);
      behind.push_back(k);
      pull.push_back(sum);
    }
    const std::vector<double> change = eliminate(h, behind, pull);
    for (size_t k = 0; k < behind.size(); ++k) {
      const auto at = static_cast<size_t>(behind[k]);
      now[at] = w.data[at] + change[k];
    }
  }
  Matrix scores(1, kColumns - kBlock);
  for (int64_t k = kBlock; k < kColumns; ++k) {
    const double part = now[static_cast<size_t>(k)] / u.row(k)[k];
    scores.data[static_cast<size_t>(k - kBlock)] = static_cast<float>(part * part);
  }
  const Mask last(mask.begin() + kBlock, mask.end());
  const double density = static_cast<double>(kept_in(last)) / static_cast<double>(last.size());
  CHECK(kept_in(last) > 0);
  CHECK(last == keep_largest(scores, Pattern::kFree, density));
}

TEST_CASE("choose_mask: its loss is that of the best weights behind each zero, and blocks of weak inputs keep less") {
  constexpr int64_t kColumns = 160, kBlock = 128;
  std::mt19937 rng(6);
  Matrix h(kColumns, kColumns);  // no correlation; the last block's inputs are weak
  for (int64_t j = 0; j < kColumns; ++j) h.row(j)[j] = j < kBlock ? 1.0f : 0.01f;
  const Matrix w = random_matrix(4, kColumns, rng);
  double loss = 0, expected = 0;
  const Mask mask = choose_mask(w, surgeon_rows(h), Pattern::kFree, 0.5, &loss);
  int64_t weak = 0;
  for (int64_t i = 0; i < w.rows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      const bool kept = mask[static_cast<size_t>(i * kColumns + j)] != 0;
      if (!kept) expected += static_cast<double>(h.row(j)[j]) * w.row(i)[j] * w.row(i)[j];
      weak += kept && j >= kBlock;
    }
  }
  CHECK(loss == doctest::Approx(expected).epsilon(1e-3));
  CHECK(kept_in(mask) >= 2 * kColumns - 4);
  CHECK(kept_in(mask) <= 2 * kColumns);
  CHECK(weak < 20);  // of 128; evenly spread zeros would leave 64
}

TEST_CASE("choose_mask: its loss, with inputs that are correlated") {
  constexpr int64_t kColumns = 12;
  std::mt19937 rng(7);
  const Matrix h = random_moments(kColumns, rng), w = random_matrix(1, kColumns, rng);
  double loss = 0;
  const Mask mask = choose_mask(w, surgeon_rows(h), Pattern::kFree, 0.5, &loss);
  std::vector<double> change(kColumns);
  double expected = 0;
  for (int64_t j = 0; j < kColumns; ++j) {  // from the left, each zero made good for by all columns behind it
    if (mask[static_cast<size_t>(j)] != 0) continue;
    std::vector<int64_t> behind;
    std::vector<double> pull;
    change[static_cast<size_t>(j)] = -w.data[static_cast<size_t>(j)];
    for (int64_t k = j + 1; k < kColumns; ++k) {
      double sum = 0;
      for (int64_t i = 0; i <= j; ++i) sum -= h.row(k)[i] * change[static_cast<size_t>(i)];
      behind.push_back(k);
      pull.push_back(sum);
    }
    const std::vector<double> best = eliminate(h, behind, pull);
    for (size_t k = 0; k < behind.size(); ++k) change[static_cast<size_t>(behind[k])] = best[k];
  }
  for (int64_t i = 0; i < kColumns; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      expected += h.row(i)[j] * change[static_cast<size_t>(i)] * change[static_cast<size_t>(j)];
    }
  }
  CHECK(loss == doctest::Approx(expected).epsilon(1e-2));
}

/// (w' - w) h (w' - w)^T where the weights that stay are the best ones.
double loss_on(const Matrix& w, const Matrix& h, const Mask& mask) {
  double loss = 0;
  for (int64_t i = 0; i < w.rows; ++i) {
    std::vector<int64_t> kept;
    std::vector<double> pull, change(static_cast<size_t>(w.columns));
    for (int64_t j = 0; j < w.columns; ++j) {
      const bool stays = mask[static_cast<size_t>(i * w.columns + j)] != 0;
      if (stays) kept.push_back(j);
      if (!stays) change[static_cast<size_t>(j)] = -w.row(i)[j];
    }
    for (const int64_t k : kept) {
      double sum = 0;
      for (int64_t j = 0; j < w.columns; ++j) sum -= h.row(k)[j] * change[static_cast<size_t>(j)];
      pull.push_back(sum);
    }
    const std::vector<double> best = eliminate(h, kept, pull);
    for (size_t k = 0; k < kept.size(); ++k) change[static_cast<size_t>(kept[k])] = best[k];
    for (int64_t j = 0; j < w.columns; ++j) {
      for (int64_t k = 0; k < w.columns; ++k) {
        loss += h.row(j)[k] * change[static_cast<size_t>(j)] * change[static_cast<size_t>(k)];
      }
    }
  }
  return loss;
}

TEST_CASE("settle_mask: with inputs that are not correlated it is the magnitude, rows by their importance") {
  std::mt19937 rng(12);
  const Matrix w = random_matrix(8, 20, rng);
  Matrix h(20, 20);
  damp(h, 1, 0);
  const std::vector<float> importance = {4, 1, 0.25f, 2, 1, 1, 3, 1};
  Matrix scores = w;
  for (int64_t i = 0; i < w.rows; ++i) {
    for (int64_t j = 0; j < w.columns; ++j) scores.row(i)[j] *= importance[static_cast<size_t>(i)] * w.row(i)[j];
  }
  for (const Pattern pattern : {Pattern::kFree, Pattern::k4x1, Pattern::kTwoOfFour}) {
    CAPTURE(name_of(pattern));
    CHECK(settle_mask(w, h, product(w, h), pattern, 0.5, importance) == keep_largest(scores, pattern, 0.5));
  }
}

TEST_CASE("settle_mask: hardly more loss than the best of all masks, less than choose_mask") {
  constexpr int64_t kColumns = 10;
  double settled = 0, chosen = 0, least = 0;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 rng(seed);
    const Matrix h = random_moments(kColumns, rng), w = random_matrix(1, kColumns, rng);
    settled += loss_on(w, h, settle_mask(w, h, product(w, h), Pattern::kFree, 0.5));
    chosen += loss_on(w, h, choose_mask(w, surgeon_rows(h), Pattern::kFree, 0.5));
    double best = 1e30;
    for (uint32_t bits = 0; bits < 1u << kColumns; ++bits) {
      Mask mask;
      for (int64_t j = 0; j < kColumns; ++j) mask.push_back((bits >> j) & 1u);
      if (kept_in(mask) == kColumns / 2) best = std::min(best, loss_on(w, h, mask));
    }
    least += best;
  }
  CAPTURE(least);
  CAPTURE(settled);
  CAPTURE(chosen);
  CHECK(settled < 0.8 * chosen);
  CHECK(settled < 1.5 * least);
}

TEST_CASE("settle_mask: for other targets than the dense outputs") {
  std::mt19937 rng(13);
  Matrix h(8, 8);
  damp(h, 1, 0);
  const Matrix w = random_matrix(2, 8, rng), wanted = random_matrix(2, 8, rng);
  Matrix squares = wanted;
  for (float& x : squares.data) x *= x;
  CHECK(settle_mask(w, h, product(wanted, h), Pattern::kFree, 0.5) == keep_largest(squares, Pattern::kFree, 0.5));
}

TEST_CASE("solve_on_mask: each row as elimination solves it, zeros where the mask has them") {
  std::mt19937 rng(5);
  const Matrix h = random_moments(24, rng), w = random_matrix(6, 24, rng), targets = random_matrix(6, 24, rng);
  Matrix scores = random_matrix(6, 24, rng);
  const Mask mask = keep_largest(scores, Pattern::kFree, 0.5);
  const Matrix solved = solve_on_mask(w, h, targets, mask);
  for (int64_t i = 0; i < 6; ++i) {
    std::vector<int64_t> chosen;
    std::vector<double> b;
    for (int64_t j = 0; j < 24; ++j) {
      if (mask[static_cast<size_t>(i * 24 + j)] == 0) {
        CHECK(solved.row(i)[j] == 0);
        continue;
      }
      chosen.push_back(j);
      b.push_back(targets.row(i)[j]);
    }
    const std::vector<double> expected = eliminate(h, chosen, b);
    for (size_t k = 0; k < chosen.size(); ++k) {
      CHECK(solved.row(i)[chosen[k]] == doctest::Approx(expected[k]).epsilon(0.01).scale(0.1));
    }
  }
}

TEST_CASE("solve_on_mask: an empty mask gives zeros") {
  std::mt19937 rng(6);
  const Matrix h = random_moments(4, rng), w = random_matrix(2, 4, rng);
  const Matrix solved = solve_on_mask(w, h, w, Mask(8, 0));
  CHECK(solved.data == std::vector<float>(8, 0));
}

}  // namespace
}  // namespace lacuna::prune
