#include "converter/prune/problem.h"

#include <algorithm>
#include <numeric>

namespace lacuna::prune {
namespace {

constexpr double kDamping = 0.01;            ///< of each input's own variance
constexpr int64_t kEnoughWeights = 1 << 20;  ///< that tell what magnitudes lose
constexpr double kLeastVariance = 0.1;       ///< of an output, as part of the mean over outputs, which is added

/// w h w^T, row by row.
std::vector<double> squares_of_rows(const Matrix& w, const Matrix& h, size_t threads = 1) {
  const Matrix image = product(w, h, threads);
  std::vector<double> squares;
  for (int64_t i = 0; i < w.rows; ++i) {
    squares.push_back(static_cast<double>(dot(image.row(i), w.row(i), w.columns)));
  }
  return squares;
}

double sum_of(const std::vector<double>& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0.0); }

double squares_of(const std::vector<float>& numbers) {
  double sum = 0;
  for (const float x : numbers) sum += static_cast<double>(x) * x;
  return sum;
}

/// Adds the squared loss of the outputs and their squares.
void measure(const Problem& problem, const Matrix& solved, size_t threads, double* lost, double* all) {
  Matrix change = problem.weights;
  for (size_t i = 0; i < change.data.size(); ++i) change.data[i] -= solved.data[i];
  *lost += sum_of(squares_of_rows(change, problem.h, threads));
  *all += sum_of(squares_of_rows(problem.weights, problem.h, threads));
}

Problem make_problem(Collector& collector, const PrunedLayer& layer, int64_t group, int64_t first, int64_t last,
                     const std::vector<float>& weights) {
  Problem problem{group, first, collector.moments(layer, group, first, last), Matrix(layer.rows, last - first), {},
                  {},    {}};
  Matrix& w = problem.weights;
  for (int64_t i = 0; i < w.rows; ++i) {
    std::copy_n(weights.data() + (group * layer.rows + i) * layer.columns + first, w.columns, w.row(i));
  }
  return problem;
}

}  // namespace

std::vector<Problem> make_problems(Collector& collector, const PrunedLayer& layer, const std::vector<float>& weights) {
  std::vector<Problem> problems;
  const int64_t parts = (layer.columns + kMaxColumns - 1) / kMaxColumns;
  const auto boundary = [&](int64_t part) {  // between blocks of every pattern
    return part == parts ? layer.columns : layer.columns * part / parts / 4 * 4;
  };
  for (int64_t g = 0; g < layer.groups; ++g) {
    for (int64_t part = 0; part < parts; ++part) {
      problems.push_back(make_problem(collector, layer, g, boundary(part), boundary(part + 1), weights));
    }
  }
  return problems;
}

void even_out(double evenness, Effort effort, std::vector<Problem>& problems, size_t threads) {
  for (Problem& problem : problems) {
    problem.h = problem.moments.h;
    const std::vector<float> added = damp(problem.h, kDamping, evenness);
    // Damping pulls towards the dense weights, not towards zero.
    Matrix goal = problem.moments.g;
    for (int64_t i = 0; i < goal.rows; ++i) goal.row(i)[i] += added[static_cast<size_t>(i)];
    problem.targets = product(problem.weights, goal, threads);
    // What is added to the layer's output has lost something as well; it is made good for here.
    const std::vector<float>& lost = problem.moments.lost.data;
    for (size_t i = 0; i < lost.size(); ++i) problem.targets.data[i] += lost[i];
    problem.surgeon = effort == Effort::kLittle ? surgeon_rows(problem.h) : Matrix();
  }
}

void set_importance(const std::vector<float>& importance, const PrunedLayer& layer, std::vector<Problem>& problems) {
  for (Problem& problem : problems) {
    problem.importance.clear();
    if (importance.empty()) continue;
    const auto begin = importance.begin() + problem.group * layer.rows;
    problem.importance.assign(begin, begin + layer.rows);
  }
}

void treat(const Treatment& treatment, Effort effort, const PrunedLayer& layer, std::vector<Problem>& problems,
           size_t threads) {
  even_out(treatment.evenness, effort, problems, threads);
  set_importance(treatment.importance, layer, problems);
}

Solution solve(const std::vector<Problem>& problems, const PrunedLayer& layer, Pattern pattern, double density,
               const std::vector<float>& bias, size_t threads) {
  Solution solution;
  solution.weights.resize(static_cast<size_t>(layer.weights()));
  solution.mask.resize(solution.weights.size());
  solution.bias = bias;
  double lost = 0, all = 0;
  for (const Problem& problem : problems) {
    const Matrix& w = problem.weights;
    const Mask kept = problem.surgeon.data.empty()
                          ? settle_mask(w, problem.h, problem.targets, pattern, density, problem.importance, threads)
                          : choose_mask(w, problem.surgeon, pattern, density, nullptr, problem.importance);
    const Matrix solved = solve_on_mask(w, problem.h, problem.targets, kept, threads);
    measure(problem, solved, threads, &lost, &all);
    for (int64_t i = 0; i < w.rows; ++i) {
      const int64_t row = problem.group * layer.rows + i, at = row * layer.columns + problem.first;
      double shift = problem.moments.mean_lost.empty() ? 0 : problem.moments.mean_lost[static_cast<size_t>(i)];
      for (int64_t j = 0; j < w.columns; ++j) {
        shift += static_cast<double>(w.row(i)[j]) * problem.moments.mean_d[static_cast<size_t>(j)] -
                 static_cast<double>(solved.row(i)[j]) * problem.moments.mean_x[static_cast<size_t>(j)];
        solution.weights[static_cast<size_t>(at + j)] = solved.row(i)[j];
        solution.mask[static_cast<size_t>(at + j)] = kept[static_cast<size_t>(i * w.columns + j)];
      }
      solution.bias[static_cast<size_t>(row)] += static_cast<float>(shift);
    }
  }
  solution.error = all > 0 ? lost / all : 0;
  return solution;
}

Solution keep_by_magnitude(const std::vector<float>& weights, const PrunedLayer& layer, Pattern pattern, double density,
                           const std::vector<float>& bias) {
  Solution solution = {weights, bias, {}, 0};
  const auto size = static_cast<size_t>(layer.rows * layer.columns);
  for (size_t begin = 0; begin < weights.size(); begin += size) {
    Matrix squares(layer.rows, layer.columns);
    for (size_t i = 0; i < size; ++i) squares.data[i] = weights[begin + i] * weights[begin + i];
    const Mask kept = keep_largest(squares, pattern, density);
    for (size_t i = 0; i < size; ++i) {
      if (kept[i] == 0) solution.weights[begin + i] = 0;
    }
    solution.mask.insert(solution.mask.end(), kept.begin(), kept.end());
  }
  const double all = squares_of(weights);
  solution.error = all > 0 ? 1 - squares_of(solution.weights) / all : 0;
  return solution;
}

double lost_by_magnitude(const std::vector<float>& weights, const PrunedLayer& layer, Pattern pattern, double density) {
  PrunedLayer part = layer;
  part.groups = 1;
  part.rows = 0;
  std::vector<float> rows;
  const int64_t all = layer.groups * layer.rows, block = block_of(Pattern::k4x1).rows;
  const int64_t step = block * std::max<int64_t>(1, layer.weights() / kEnoughWeights);
  for (int64_t row = 0; row < all; row += step) {
    const int64_t n = std::min(block, all - row);
    const auto begin = weights.begin() + row * layer.columns;
    rows.insert(rows.end(), begin, begin + n * layer.columns);
    part.rows += n;
  }
  return keep_by_magnitude(rows, part, pattern, density, {}).error;
}

double loss_of_mask(const std::vector<Problem>& problems, Pattern pattern, double density) {
  double lost = 0;
  for (const Problem& problem : problems) {
    double loss = 0;
    choose_mask(problem.weights, problem.surgeon, pattern, density, &loss, problem.importance);
    lost += loss;
  }
  return lost;
}

std::vector<float> inverse_variances(const std::vector<Problem>& problems, const PrunedLayer& layer) {
  std::vector<double> variances(static_cast<size_t>(layer.groups * layer.rows));
  for (const Problem& problem : problems) {
    const std::vector<double> more = squares_of_rows(problem.weights, problem.moments.h);
    for (size_t i = 0; i < more.size(); ++i) variances[static_cast<size_t>(problem.group * layer.rows) + i] += more[i];
  }
  const auto n = static_cast<double>(variances.size());
  const double mean = sum_of(variances) / n;
  if (!(mean > 0)) return {};
  std::vector<double> inverses;
  for (const double variance : variances) inverses.push_back(1 / (variance / mean + kLeastVariance));
  const double unit = sum_of(inverses) / n;
  std::vector<float> result;
  for (const double inverse : inverses) result.push_back(static_cast<float>(inverse / unit));
  return result;
}

}  // namespace lacuna::prune
