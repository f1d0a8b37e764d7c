// Which weights of one matrix to keep, and what they are then: least squares over samples of its inputs.
//
// y = W x + b with W [rows, columns]. H = sum of x x^T over samples, G = sum of d x^T, where x are the inputs as the
// pruned network has them and d the inputs of the dense one. The kept weights are to give W d from x, so they minimise
// |W' x - W d|^2: row by row H w' = G^T w, on the row's mask.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/prune/compute.h"

namespace lacuna::prune {

/// How zeros may lie in a matrix [rows, columns]. Blocks begin at multiples of their size; those at the end may be
/// smaller.
enum class Pattern : uint8_t {
  kFree,       ///< anywhere
  k4x1,        ///< 4 rows of one column are kept or zero together
  k1x4,        ///< 4 columns of one row are kept or zero together
  kTwoOfFour,  ///< 2 of 4 columns of one row are zero
};
const char* name_of(Pattern pattern);
/// Whether zeros come in blocks of four.
inline bool is_block(Pattern pattern) { return pattern == Pattern::k4x1 || pattern == Pattern::k1x4; }

/// What is kept or zero together, and for 2:4 what two are kept of.
struct BlockShape {
  int64_t rows, columns;
};
BlockShape block_of(Pattern pattern);

/// 1: kept.
using Mask = std::vector<uint8_t>;

/// A row-major matrix.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<float> data;

  Matrix() = default;
  Matrix(int64_t r, int64_t c) : rows(r), columns(c), data(static_cast<size_t>(r * c)) {}
  float* row(int64_t i) { return data.data() + i * columns; }
  const float* row(int64_t i) const { return data.data() + i * columns; }
};

/// Adds `own` of itself and `even` of its mean to the diagonal, as if inputs varied that much more, each for itself,
/// than the samples show; a matrix of zeros becomes the unit matrix. Returns what was added. Columns that no sample
/// uses stay solvable, and few samples do not pass for the whole truth.
std::vector<float> damp(Matrix& h, double own, double even);

/// What the optimal brain surgeon knows of the inputs (Hassibi and Stork, 1993): the upper triangle U with
/// inverse(h) = U^T U. Row j says how the columns behind j make good for the loss of column j. `h` is symmetric and
/// positive definite. Computed in double precision.
Matrix surgeon_rows(const Matrix& h);

/// Keeps `density` of the weights by the surgeon's scores, from the left to the right in blocks of 128 columns: what a
/// block loses is made good by the columns behind it, as SparseGPT does (Frantar and Alistarh, 2023). `kTwoOfFour` has
/// a density of its own. What a row loses counts by its `importance`; none given: all the same. `loss`, where given,
/// becomes what that costs: the squared error, by importance, before the weights that stay are solved for.
Mask choose_mask(const Matrix& weights, const Matrix& surgeon, Pattern pattern, double density, double* loss = nullptr,
                 const std::vector<float>& importance = {});

/// Keeps `density` of the weights so that what solve_on_mask() then finds for `targets` loses little: the alternating
/// direction method of multipliers between solving for all weights and keeping the largest (Boyd et al., 2011; for this
/// use Meng et al., "ALPS", 2024). At most 60 rounds, about 30, of 5 products with `h`, for a tenth less loss than
/// choose_mask().
Mask settle_mask(const Matrix& weights, const Matrix& h, const Matrix& targets, Pattern pattern, double density,
                 const std::vector<float>& importance = {}, size_t threads = 1);

/// The `density` of the weights, or blocks of them, with the largest sums of `scores`.
Mask keep_largest(const Matrix& scores, Pattern pattern, double density);

/// The weights on `mask` that solve H w' = t for each row of `targets` = W G, to a relative residual of about 1e-4:
/// conjugate gradients for all rows together, preconditioned by the diagonal. `start` is where they begin.
Matrix solve_on_mask(const Matrix& start, const Matrix& h, const Matrix& targets, const Mask& mask, size_t threads = 1);

/// a b, on the desktop's CPU. The result does not depend on the number of threads.
Matrix product(const Matrix& a, const Matrix& b, size_t threads = 1);

}  // namespace lacuna::prune
