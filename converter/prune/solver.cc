#include "converter/prune/solver.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "converter/ir/error.h"
#include "converter/prune/eigen.h"
#include "converter/prune/parallel.h"

namespace lacuna::prune {
namespace {

constexpr int64_t kBlockColumns = 128;
constexpr int64_t kLargeProduct = 1 << 22;  ///< multiply-adds that are worth several threads
constexpr int kMaxIterations = 200;
constexpr double kResidual = 1e-4;
/// Of settle_mask: rounds at most, steps of conjugate gradients in each, the first penalty, and after how many rounds
/// it grows, the more the more of the mask has changed (parts of what is kept).
constexpr int kRounds = 60, kSteps = 4, kRoundsOfPenalty = 3;
constexpr float kFirstPenalty = 0.2f, kLastPenalty = 1, kMuchGrowth = 1.3f, kGrowth = 1.2f, kLittleGrowth = 1.1f;
constexpr double kMuchChange = 0.1, kChange = 0.005, kSettled = 1e-4;

Eigen::LLT<RowMajor> factor(const RowMajor& m) {
  Eigen::LLT<RowMajor> llt(m);
  if (llt.info() != Eigen::Success) {
    throw Error(ExitCode::kInternal, "the samples' second moments are not positive definite");
  }
  return llt;
}

/// A block with the mean of its scores, so that smaller ones at the end do not lose by their size.
struct Block {
  int64_t row, column, rows, columns;
  double score;
};

std::vector<Block> blocks_of(const Matrix& scores, BlockShape shape) {
  std::vector<Block> blocks;
  for (int64_t i = 0; i < scores.rows; i += shape.rows) {
    for (int64_t j = 0; j < scores.columns; j += shape.columns) {
      Block block = {i, j, std::min(shape.rows, scores.rows - i), std::min(shape.columns, scores.columns - j), 0};
      for (int64_t r = i; r < i + block.rows; ++r) {
        for (int64_t c = j; c < j + block.columns; ++c) block.score += scores.row(r)[c];
      }
      block.score /= static_cast<double>(block.rows * block.columns);
      blocks.push_back(block);
    }
  }
  return blocks;
}

/// Of equal ones the first, as where blocks are sorted.
Mask keep_largest_weights(const std::vector<float>& scores, int64_t count) {
  Mask mask(scores.size(), 0);
  if (count <= 0) return mask;
  std::vector<float> sorted = scores;
  std::replace_if(
      sorted.begin(), sorted.end(), [](float x) { return std::isnan(x); }, -INFINITY);
  const auto last = sorted.begin() + (count - 1);
  std::nth_element(sorted.begin(), last, sorted.end(), std::greater<float>());
  const float limit = *last;
  for (size_t i = 0; i < mask.size(); ++i) {
    mask[i] = scores[i] > limit ? 1 : 0;
    count -= mask[i];
  }
  for (size_t i = 0; i < mask.size() && count > 0; ++i) {
    const bool at_limit = scores[i] == limit || (std::isnan(scores[i]) && limit == -INFINITY);
    if (!at_limit) continue;
    mask[i] = 1;
    --count;
  }
  return mask;
}

Mask keep_two_of_four(const Matrix& scores) {
  Mask mask(scores.data.size(), 0);
  for (int64_t i = 0; i < scores.rows; ++i) {
    for (int64_t j = 0; j < scores.columns; j += 4) {
      const int64_t n = std::min<int64_t>(4, scores.columns - j);
      std::vector<int64_t> order(static_cast<size_t>(n));
      std::iota(order.begin(), order.end(), j);
      std::stable_sort(order.begin(), order.end(),
                       [&](int64_t a, int64_t b) { return scores.row(i)[a] > scores.row(i)[b]; });
      for (int64_t k = 0; k < std::min<int64_t>(2, n); ++k) {
        mask[static_cast<size_t>(i * scores.columns + order[static_cast<size_t>(k)])] = 1;
      }
    }
  }
  return mask;
}

void keep_only(const Mask& mask, Matrix& m) {
  for (size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) m.data[i] = 0;
  }
}

float importance_of(const std::vector<float>& importance, int64_t row) {
  return importance.empty() ? 1.0f : importance[static_cast<size_t>(row)];
}

/// The density of each block of columns, so that `density` of all is kept: by the surgeon's scores of every weight as
/// if it alone were to go. Inputs that say little are left with few weights.
std::vector<double> densities_of_blocks(const Matrix& weights, const Matrix& u, Pattern pattern, double density,
                                        const std::vector<float>& importance) {
  const int64_t rows = weights.rows, columns = weights.columns;
  std::vector<double> diagonal(static_cast<size_t>(columns));  // of the inverse
  for (int64_t i = 0; i < columns; ++i) {
    for (int64_t j = i; j < columns; ++j)
      diagonal[static_cast<size_t>(j)] += static_cast<double>(u.row(i)[j]) * u.row(i)[j];
  }
  Matrix scores(rows, columns);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const float w = weights.row(i)[j];
      scores.row(i)[j] = importance_of(importance, i) * w * w / static_cast<float>(diagonal[static_cast<size_t>(j)]);
    }
  }
  const Mask mask = keep_largest(scores, pattern, density);
  std::vector<double> densities;
  for (int64_t begin = 0; begin < columns; begin += kBlockColumns) {
    const int64_t end = std::min(columns, begin + kBlockColumns);
    double kept = 0;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = begin; j < end; ++j) kept += mask[static_cast<size_t>(i * columns + j)];
    }
    densities.push_back(kept / static_cast<double>(rows * (end - begin)));
  }
  return densities;
}

double row_dot(const Matrix& a, const Matrix& b, int64_t row) {
  return static_cast<double>(dot(a.row(row), b.row(row), a.columns));
}

/// h in units in which its diagonal is 1, and back.
std::vector<float> normalize(Matrix& h) {
  std::vector<float> units;
  for (int64_t i = 0; i < h.rows; ++i) units.push_back(std::sqrt(h.row(i)[i]));
  for (int64_t i = 0; i < h.rows; ++i) {
    for (int64_t j = 0; j < h.columns; ++j)
      h.row(i)[j] /= units[static_cast<size_t>(i)] * units[static_cast<size_t>(j)];
  }
  return units;
}

/// A few steps of conjugate gradients, row by row, from x towards x (h + penalty) = goal.
void approach(const Matrix& h, float penalty, const Matrix& goal, Matrix& x, size_t threads) {
  const auto image_of = [&](const Matrix& m) {
    Matrix image = product(m, h, threads);
    for (size_t k = 0; k < image.data.size(); ++k) image.data[k] += penalty * m.data[k];
    return image;
  };
  Matrix residual = image_of(x);
  for (size_t k = 0; k < goal.data.size(); ++k) residual.data[k] = goal.data[k] - residual.data[k];
  Matrix direction = residual;
  for (int step = 0; step < kSteps; ++step) {
    const Matrix image = image_of(direction);
    for (int64_t i = 0; i < x.rows; ++i) {
      const double curvature = row_dot(direction, image, i), before = row_dot(residual, residual, i);
      if (!(curvature > 0)) continue;
      const auto length = static_cast<float>(before / curvature);
      for (int64_t j = 0; j < x.columns; ++j) {
        x.row(i)[j] += length * direction.row(i)[j];
        residual.row(i)[j] -= length * image.row(i)[j];
      }
      const auto beta = static_cast<float>(row_dot(residual, residual, i) / before);
      for (int64_t j = 0; j < x.columns; ++j) direction.row(i)[j] = residual.row(i)[j] + beta * direction.row(i)[j];
    }
  }
}

double part_that_differs(const Mask& a, const Mask& b) {
  size_t changed = 0, kept = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    changed += a[k] != b[k] ? 1u : 0u;
    kept += a[k];
  }
  return static_cast<double>(changed) / static_cast<double>(std::max<size_t>(1, kept));
}

}  // namespace

BlockShape block_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::k4x1:
      return {4, 1};
    case Pattern::k1x4:
    case Pattern::kTwoOfFour:
      return {1, 4};
    case Pattern::kFree:
      break;
  }
  return {1, 1};
}

const char* name_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::kFree:
      return "free";
    case Pattern::k4x1:
      return "4x1";
    case Pattern::k1x4:
      return "1x4";
    case Pattern::kTwoOfFour:
      return "2:4";
  }
  return "?";
}

std::vector<float> damp(Matrix& h, double own, double even) {
  double mean = 0;
  for (int64_t i = 0; i < h.rows; ++i) mean += h.row(i)[i];
  mean /= static_cast<double>(h.rows);
  std::vector<float> added;
  for (int64_t i = 0; i < h.rows; ++i) {
    added.push_back(mean > 0 ? static_cast<float>(even * mean + own * h.row(i)[i]) : 1.0f);
    h.row(i)[i] += added.back();
  }
  return added;
}

Matrix surgeon_rows(const Matrix& h) {
  const RowMajor dense = to_eigen(h);
  const RowMajor inverse = factor(dense).solve(RowMajor::Identity(dense.rows(), dense.cols()));
  const RowMajor symmetric = (inverse + inverse.transpose()) / 2;
  return from_eigen(factor(symmetric).matrixU());
}

Mask keep_largest(const Matrix& scores, Pattern pattern, double density) {
  if (pattern == Pattern::kTwoOfFour) return keep_two_of_four(scores);
  auto left = static_cast<int64_t>(std::floor(density * static_cast<double>(scores.data.size()) + 1e-6));
  if (pattern == Pattern::kFree) return keep_largest_weights(scores.data, left);
  std::vector<Block> blocks = blocks_of(scores, block_of(pattern));
  std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.score > b.score; });
  Mask mask(scores.data.size(), 0);
  for (const Block& block : blocks) {
    if (left < block.rows * block.columns) break;
    left -= block.rows * block.columns;
    for (int64_t r = block.row; r < block.row + block.rows; ++r) {
      for (int64_t c = block.column; c < block.column + block.columns; ++c) {
        mask[static_cast<size_t>(r * scores.columns + c)] = 1;
      }
    }
  }
  return mask;
}

Mask choose_mask(const Matrix& weights, const Matrix& u, Pattern pattern, double density, double* loss,
                 const std::vector<float>& importance) {
  const int64_t rows = weights.rows, columns = weights.columns;
  const std::vector<double> shares = densities_of_blocks(weights, u, pattern, density, importance);
  Matrix w = weights;
  Mask mask(w.data.size(), 1);
  Scratch scratch;
  double squares = 0;
  for (int64_t begin = 0; begin < columns; begin += kBlockColumns) {
    const int64_t end = std::min(columns, begin + kBlockColumns), n = end - begin;
    Matrix scores(rows, n);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const float part = w.row(i)[begin + j] / u.row(begin + j)[begin + j];
        scores.row(i)[j] = importance_of(importance, i) * part * part;
      }
    }
    const Mask kept = keep_largest(scores, pattern, shares[static_cast<size_t>(begin / kBlockColumns)]);
    Matrix lost(rows, n);  // what each column loses, in units of its own row of u
    for (int64_t i = 0; i < rows; ++i) {
      float* row = w.row(i);
      for (int64_t j = begin; j < end; ++j) {
        const auto at = static_cast<size_t>(i * n + j - begin);
        mask[static_cast<size_t>(i * columns + j)] = kept[at];
        if (kept[at] != 0) continue;
        const float* behind = u.row(j);
        const float part = row[j] / behind[j];
        lost.data[at] = part;
        squares += static_cast<double>(importance_of(importance, i)) * part * part;
        for (int64_t k = j; k < end; ++k) row[k] -= part * behind[k];
      }
    }
    if (end == columns) break;
    Matrix change(rows, columns - end);
    multiply(rows, columns - end, n, rows_of(lost.data.data(), n), rows_of(u.row(begin) + end, columns),
             change.data.data(), false, scratch);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t k = end; k < columns; ++k) w.row(i)[k] -= change.row(i)[k - end];
    }
  }
  if (loss != nullptr) *loss = squares;
  return mask;
}

Mask settle_mask(const Matrix& weights, const Matrix& h, const Matrix& targets, Pattern pattern, double density,
                 const std::vector<float>& importance, size_t threads) {
  Matrix unit_h = h;
  const std::vector<float> units = normalize(unit_h);
  Matrix x = weights, goal = targets;
  for (int64_t i = 0; i < x.rows; ++i) {
    const float row_unit = std::sqrt(importance_of(importance, i));
    for (int64_t j = 0; j < x.columns; ++j) {
      x.row(i)[j] *= row_unit * units[static_cast<size_t>(j)];
      goal.row(i)[j] *= row_unit / units[static_cast<size_t>(j)];
    }
  }
  Matrix sparse = x, multipliers(x.rows, x.columns), scores(x.rows, x.columns);
  Mask mask, before;
  float penalty = kFirstPenalty;
  for (int round = 1; round <= kRounds; ++round) {
    Matrix wanted = goal;
    for (size_t k = 0; k < wanted.data.size(); ++k) wanted.data[k] += penalty * sparse.data[k] - multipliers.data[k];
    approach(unit_h, penalty, wanted, x, threads);
    for (size_t k = 0; k < x.data.size(); ++k) {
      sparse.data[k] = x.data[k] + multipliers.data[k] / penalty;
      scores.data[k] = sparse.data[k] * sparse.data[k];
    }
    mask = keep_largest(scores, pattern, density);
    keep_only(mask, sparse);
    for (size_t k = 0; k < x.data.size(); ++k) multipliers.data[k] += penalty * (x.data[k] - sparse.data[k]);
    if (round % kRoundsOfPenalty != 0) continue;
    const double change = before.empty() ? 1 : part_that_differs(mask, before);
    const bool settled = change <= kSettled;
    if (settled && penalty >= kLastPenalty) break;  // below, what is zero still pulls more than what is kept
    penalty *= settled || change >= kMuchChange ? kMuchGrowth : change >= kChange ? kGrowth : kLittleGrowth;
    before = mask;
  }
  return mask;
}

Matrix product(const Matrix& a, const Matrix& b, size_t threads) {
  Matrix c(a.rows, b.columns);
  const bool large = a.rows * a.columns * b.columns >= kLargeProduct;
  const auto stripes = large ? static_cast<int64_t>(threads) : 1;
  parallel_for(static_cast<size_t>(stripes), threads, [&](size_t stripe, size_t) {
    const auto i = static_cast<int64_t>(stripe);
    const int64_t begin = a.rows * i / stripes, end = a.rows * (i + 1) / stripes;
    Scratch scratch;
    multiply(end - begin, b.columns, a.columns, rows_of(a.row(begin), a.columns), rows_of(b.data.data(), b.columns),
             c.row(begin), false, scratch);
  });
  return c;
}

Matrix solve_on_mask(const Matrix& start, const Matrix& h, const Matrix& targets, const Mask& mask, size_t threads) {
  Matrix w = start;
  keep_only(mask, w);
  Matrix residual = product(w, h, threads);
  for (size_t i = 0; i < residual.data.size(); ++i) residual.data[i] = targets.data[i] - residual.data[i];
  keep_only(mask, residual);
  Matrix goal = targets;
  keep_only(mask, goal);

  const auto scaled = [&](const Matrix& r) {  // the preconditioner
    Matrix z = r;
    for (int64_t i = 0; i < z.rows; ++i) {
      for (int64_t j = 0; j < z.columns; ++j) z.row(i)[j] /= h.row(j)[j];
    }
    return z;
  };
  Matrix z = scaled(residual);
  Matrix direction = z;
  std::vector<double> rz(static_cast<size_t>(w.rows));
  for (int64_t i = 0; i < w.rows; ++i) rz[static_cast<size_t>(i)] = row_dot(residual, z, i);

  for (int iteration = 0; iteration < kMaxIterations; ++iteration) {
    bool done = true;
    for (int64_t i = 0; i < w.rows; ++i) {
      done = done && row_dot(residual, residual, i) <= kResidual * kResidual * row_dot(goal, goal, i);
    }
    if (done) break;
    Matrix image = product(direction, h, threads);
    keep_only(mask, image);
    for (int64_t i = 0; i < w.rows; ++i) {
      const double curvature = row_dot(direction, image, i);
      if (!(curvature > 0)) continue;
      const auto step = static_cast<float>(rz[static_cast<size_t>(i)] / curvature);
      for (int64_t j = 0; j < w.columns; ++j) {
        w.row(i)[j] += step * direction.row(i)[j];
        residual.row(i)[j] -= step * image.row(i)[j];
      }
    }
    z = scaled(residual);
    for (int64_t i = 0; i < w.rows; ++i) {
      const double next = row_dot(residual, z, i);
      double& last = rz[static_cast<size_t>(i)];
      const auto beta = static_cast<float>(last > 0 ? next / last : 0);
      last = next;
      for (int64_t j = 0; j < w.columns; ++j) direction.row(i)[j] = z.row(i)[j] + beta * direction.row(i)[j];
    }
  }
  return w;
}

}  // namespace lacuna::prune
