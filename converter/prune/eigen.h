// Matrices in double precision, where Eigen factors or inverts them.
#pragma once

#include <Eigen/Core>
#include <algorithm>

#include "converter/prune/solver.h"

namespace lacuna::prune {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline RowMajor to_eigen(const Matrix& m) {
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Floats>(m.row(0), m.rows, m.columns).cast<double>();
}

inline Matrix from_eigen(const RowMajor& m) {
  Matrix result(m.rows(), m.cols());
  std::transform(m.data(), m.data() + m.size(), result.data.begin(), [](double x) { return static_cast<float>(x); });
  return result;
}

}  // namespace lacuna::prune
