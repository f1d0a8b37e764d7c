#include "kernels/dwconv/pack.h"
#include "kernels/gemm/pack.h"
#include "kernels/op_host.h"
#include "kernels/spmm/pack.h"

namespace lacuna {

extern const OpRun kConvRun;
void conv_reference(const RefArgs& args);
std::vector<OpCase> conv_cases(std::mt19937& rng);

namespace {

/// Weights [M, C / groups, (kd,) kh, kw]: segments are kernel rows ky, columns (channel, kz, kx).
WeightMatrix matrix_of(const fbs::ConvAttrs& attrs, const Tensor& weight) {
  const Shape& shape = weight.shape;
  const int64_t kh = shape[shape.rank - 2], kw = shape[shape.rank - 1];
  WeightMatrix matrix;
  matrix.data = weight.f32.data();
  matrix.rows = static_cast<uint32_t>(shape[0]);
  matrix.columns = static_cast<uint32_t>(count(shape, 1, shape.rank - 2) * kw);
  matrix.segments = static_cast<uint32_t>(kh);
  matrix.groups = attrs.groups();
  matrix.column_unit = static_cast<uint32_t>(kw);
  matrix.row_stride = count(shape, 1, shape.rank);
  matrix.segment_stride = kw;
  matrix.unit_stride = kh * kw;
  return matrix;
}

uint64_t macs(const void*, const std::vector<Shape>& inputs, const Shape& output) {
  const Shape& weight = inputs[1];
  return static_cast<uint64_t>(count(output)) * static_cast<uint64_t>(count(weight, 1, weight.rank));
}

std::vector<fbs::Packing> packings(const void* table, const Tensor& weight) {
  const auto& attrs = *static_cast<const fbs::ConvAttrs*>(table);
  if (attrs.groups() > 1 && weight.shape[1] == 1 && weight.shape.rank == 4) return {fbs::Packing::Depthwise};
  return {fbs::Packing::DenseRows8, fbs::Packing::SparseRows};
}

WeightBytes pack(const void* table, const Tensor& weight, const Tensor* bias, fbs::Packing packing) {
  const WeightMatrix matrix = matrix_of(*static_cast<const fbs::ConvAttrs*>(table), weight);
  switch (packing) {
    case fbs::Packing::SparseRows:
      return pack_sparse_rows(matrix, bias);
    case fbs::Packing::Depthwise:
      return pack_depthwise(matrix, bias);
    default:
      return pack_dense_rows(matrix, bias, packing);
  }
}

}  // namespace

const OpHost& conv_host() {
  static const OpHost host = {
      &kConvRun,
      {{"x", Role::kValue}, {"weight", Role::kWeight}, {"bias", Role::kBias, true}, {"residual", Role::kValue, true}},
      macs,
      packings,
      pack,
      conv_reference,
      conv_cases,
  };
  return host;
}

}  // namespace lacuna
