#include <algorithm>

#include "kernels/gemm/pack.h"
#include "kernels/op_host.h"
#include "kernels/spmm/pack.h"

namespace lacuna {

extern const OpRun kFullyConnectedRun;
void fully_connected_reference(const RefArgs& args);
std::vector<OpCase> fully_connected_cases(std::mt19937& rng);

namespace {

/// One row of x stays in L1 with any block, so entries of a row lie together as far as scratch for many rows allows.
constexpr uint32_t kBlock = 4096;

uint64_t macs(const void*, const std::vector<Shape>& inputs, const Shape& output) {
  return static_cast<uint64_t>(count(output)) * static_cast<uint64_t>(inputs[1][1]);
}

std::vector<fbs::Packing> packings(const void*, const Tensor&) {
  return {fbs::Packing::DenseRows16, fbs::Packing::SparseRows, fbs::Packing::SparseRows4};
}

WeightBytes pack(const void*, const Tensor& weight, const Tensor* bias, fbs::Packing packing) {
  WeightMatrix matrix;
  matrix.data = weight.f32.data();
  matrix.rows = static_cast<uint32_t>(weight.shape[0]);
  matrix.columns = static_cast<uint32_t>(weight.shape[1]);
  if (!is_sparse(packing)) return pack_dense_rows(matrix, bias, packing);
  return pack_sparse_rows(matrix, bias, packing, std::min(matrix.columns, kBlock));
}

}  // namespace

const OpHost& fully_connected_host() {
  static const OpHost host = {
      &kFullyConnectedRun,
      {{"x", Role::kValue}, {"weight", Role::kWeight}, {"bias", Role::kBias, true}, {"residual", Role::kValue, true}},
      macs,
      packings,
      pack,
      fully_connected_reference,
      fully_connected_cases,
  };
  return host;
}

}  // namespace lacuna
