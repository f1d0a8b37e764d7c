// Packer of DenseRows8 and DenseRows16 (bytes: kernels/gemm/dense_rows.h). Desktop only.
#pragma once

#include "kernels/op_host.h"
#include "kernels/weight_matrix.h"

namespace lacuna {

/// `bias` may be null.
WeightBytes pack_dense_rows(const WeightMatrix& weights, const Tensor* bias, fbs::Packing packing);

/// The dense matrix [rows][columns] again.
std::vector<float> unpack_dense_rows(const PackedWeights& weights);

}  // namespace lacuna
