// Weights through each packing and back.
#include <vector>

#include "kernels/gemm/dense_rows.h"
#include "kernels/gemm/pack.h"
#include "kernels/spmm/pack.h"
#include "kernels/spmm/sparse_rows.h"
#include "tests/fuzz/targets.h"
#include "tests/support/random_graph.h"

namespace lacuna::fuzz {
namespace {

/// A row of few or many entries, at any distance from each other.
void fill_row(Decisions& decisions, float* row, uint32_t columns) {
  const uint32_t step = 1 + (decisions.one_in(2) ? decisions.below(700) : decisions.below(4));
  for (uint32_t column = decisions.below(300); column < columns; column += 1 + decisions.below(step)) {
    row[column] = static_cast<float>(decisions.between(-3, 3));
  }
}

void round_trip_sparse(const WeightMatrix& matrix, const std::vector<float>& weights, fbs::Packing packing,
                       uint32_t block) {
  WeightBytes packed = pack_sparse_rows(matrix, nullptr, packing, block);
  const auto check = [&] {
    lacuna_error error = {};
    require(check_sparse_rows(packed.view(), &error) == LACUNA_OK, "what is packed passes its check:", error.message);
    require(unpack_sparse_rows(packed.view()) == weights, "sparse rows come back as they were");
  };
  check();
  if (packing != fbs::Packing::SparseRows) return;
  order_rows(packed);
  check();
}

void round_trip_dense(const WeightMatrix& matrix, const std::vector<float>& weights, fbs::Packing packing) {
  const WeightBytes packed = pack_dense_rows(matrix, nullptr, packing);
  lacuna_error error = {};
  require(check_dense_rows(packed.view(), &error) == LACUNA_OK, "what is packed passes its check:", error.message);
  require(unpack_dense_rows(packed.view()) == weights, "dense rows come back as they were");
}

}  // namespace

void packings(const uint8_t* data, size_t bytes) {
  Decisions decisions(data, bytes);
  WeightMatrix matrix;
  matrix.groups = 1 + (decisions.one_in(2) ? decisions.below(4) : 0);
  matrix.rows = matrix.groups * (1 + decisions.below(20));
  matrix.channel_columns = 1 + decisions.below(10);
  matrix.copied_columns = 1 + decisions.below(matrix.channel_columns);
  matrix.columns = matrix.channel_columns * (1 + decisions.below(200));
  const bool segmented = decisions.one_in(2);
  const uint32_t taps_of_segment = 2 + decisions.below(10);
  for (uint32_t tap = 0; segmented && tap < matrix.channel_columns; ++tap) {
    matrix.segments.push_back(tap / taps_of_segment);
  }
  std::vector<float> weights(size_t{matrix.rows} * matrix.columns);
  for (uint32_t row = 0; row < matrix.rows; ++row)
    fill_row(decisions, &weights[size_t{row} * matrix.columns], matrix.columns);
  matrix.data = weights.data();

  const uint32_t channels = matrix.columns / matrix.channel_columns;
  const uint32_t some = matrix.channel_columns * (1 + decisions.below(channels));
  const uint32_t blocks[] = {0, matrix.columns, some < kMinSparseBlock ? 0 : some};
  for (const uint32_t block : blocks) {
    round_trip_sparse(matrix, weights, fbs::Packing::SparseRows, block);
    round_trip_sparse(matrix, weights, fbs::Packing::SparseRows4, block);
  }
  round_trip_dense(matrix, weights, fbs::Packing::DenseRows8);
  round_trip_dense(matrix, weights, fbs::Packing::DenseRows16);
}

}  // namespace lacuna::fuzz
