#include "converter/cost/fit.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace lacuna {
namespace {

using Matrix = std::array<TermCounts, kTerms>;

constexpr int kReweightings = 6;
constexpr int kMaxSweeps = 20000;
/// A deviation from which on a sample counts less.
constexpr double kTrustedError = 0.05;
/// Keeps terms apart that rise and fall together: a part of each one's own weight.
constexpr double kRidge = 1e-7;

double dot(const TermCounts& a, const TermCounts& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// min |A x - 1|^2 for x >= 0, from A'A and A'1.
TermCounts solve_nonnegative(const Matrix& squares, const TermCounts& sums) {
  TermCounts x = {};
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    double moved = 0;
    for (size_t i = 0; i < kTerms; ++i) {
      if (squares[i][i] <= 0) continue;
      const double diagonal = squares[i][i] * (1 + kRidge);
      const double next =
          std::max(0.0, x[i] + (sums[i] - dot(squares[i], x) - squares[i][i] * kRidge * x[i]) / diagonal);
      moved = std::max(moved, std::abs(next - x[i]));
      x[i] = next;
    }
    if (moved < 1e-9) break;
  }
  return x;
}

/// Rows of A are counts over the measured time and over `scale`, so that columns are alike.
TermCounts fit_one(const std::vector<const Sample*>& samples) {
  std::vector<TermCounts> rows;
  TermCounts scale = {};
  for (const Sample* sample : samples) {
    TermCounts row;
    for (size_t i = 0; i < kTerms; ++i) row[i] = sample->counts[i] / sample->ns;
    for (size_t i = 0; i < kTerms; ++i) scale[i] = std::max(scale[i], row[i]);
    rows.push_back(row);
  }
  for (TermCounts& row : rows) {
    for (size_t i = 0; i < kTerms; ++i) row[i] = scale[i] > 0 ? row[i] / scale[i] : 0;
  }
  TermCounts x = {};
  std::vector<double> weights(rows.size(), 1.0);
  for (int round = 0; round < kReweightings; ++round) {
    Matrix squares = {};
    TermCounts sums = {};
    for (size_t r = 0; r < rows.size(); ++r) {
      for (size_t i = 0; i < kTerms; ++i) {
        sums[i] += weights[r] * rows[r][i];
        for (size_t j = 0; j < kTerms; ++j) squares[i][j] += weights[r] * rows[r][i] * rows[r][j];
      }
    }
    x = solve_nonnegative(squares, sums);
    for (size_t r = 0; r < rows.size(); ++r) {
      weights[r] = kTrustedError / std::max(kTrustedError, std::abs(dot(rows[r], x) - 1));
    }
  }
  for (size_t i = 0; i < kTerms; ++i) x[i] = scale[i] > 0 ? x[i] / scale[i] : 0;
  return x;
}

}  // namespace

std::vector<LayerCosts> fit_costs(const std::vector<Sample>& samples) {
  std::map<std::pair<fbs::Packing, LayerKind>, std::vector<const Sample*>> parts;
  for (const Sample& sample : samples) parts[{sample.packing, sample.kind}].push_back(&sample);
  std::vector<LayerCosts> costs;
  for (const auto& [key, part] : parts) costs.push_back({key.first, key.second, fit_one(part)});
  return costs;
}

FitError fit_error(const Profile& profile, const std::vector<Sample>& samples) {
  std::vector<double> errors;
  for (const Sample& sample : samples) {
    const LayerCosts* costs = profile.find(sample.packing, sample.kind);
    if (costs != nullptr) errors.push_back(std::abs(dot(sample.counts, costs->ns) / sample.ns - 1));
  }
  if (errors.empty()) return {};
  std::sort(errors.begin(), errors.end());
  const auto last = static_cast<double>(errors.size() - 1);
  return {errors[static_cast<size_t>(0.5 * last)], errors[static_cast<size_t>(0.9 * last)], errors.back()};
}

}  // namespace lacuna
