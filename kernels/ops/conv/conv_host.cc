#include "kernels/dwconv/pack.h"
#include "kernels/gemm/pack.h"
#include "kernels/op_host.h"
#include "kernels/spmm/pack.h"
#include "kernels/window.h"

namespace lacuna {

extern const OpRun kConvRun;
void conv_reference(const RefArgs& args);
std::vector<OpCase> conv_cases(std::mt19937& rng);

namespace {

/// The window of rows of pixels, but for their lengths.
Window width_window(const fbs::ConvAttrs& attrs) {
  const uint32_t last = attrs.kernel()->size() - 1;
  return {0,
          0,
          attrs.kernel()->Get(last),
          attrs.stride()->Get(last),
          attrs.dilation()->Get(last),
          attrs.pads_begin()->Get(last)};
}

/// Weights [M, C / groups, (kd,) kh, kw]. Kernel rows ky see the same copied planes.
WeightMatrix matrix_of(const fbs::ConvAttrs& attrs, const Tensor& weight) {
  const Shape& shape = weight.shape;
  WeightMatrix matrix;
  matrix.data = weight.f32.data();
  matrix.rows = static_cast<uint32_t>(shape[0]);
  matrix.columns = static_cast<uint32_t>(count(shape, 1, shape.rank));
  matrix.groups = attrs.groups();
  matrix.channel_columns = static_cast<uint32_t>(count(shape, 2, shape.rank));
  matrix.copied_columns = matrix.channel_columns / static_cast<uint32_t>(shape[shape.rank - 2]);
  return matrix;
}

/// The same in segments, whose kernel columns of one phase see the same copied planes as well.
WeightMatrix segmented_matrix_of(const fbs::ConvAttrs& attrs, const Tensor& weight) {
  WeightMatrix matrix = matrix_of(attrs, weight);
  const Window width = width_window(attrs);
  if (width.segments() == 1) return matrix;
  matrix.copied_columns =
      matrix.copied_columns / static_cast<uint32_t>(width.kernel) * static_cast<uint32_t>(width.phases());
  for (uint32_t tap = 0; tap < matrix.channel_columns; ++tap) {
    matrix.segments.push_back(static_cast<uint32_t>(width.segment_of(tap % width.kernel)));
  }
  return matrix;
}

uint64_t macs(const void*, const std::vector<Shape>& inputs, const Shape& output) {
  const Shape& weight = inputs[1];
  return static_cast<uint64_t>(count(output)) * static_cast<uint64_t>(count(weight, 1, weight.rank));
}

std::vector<fbs::Packing> packings(const void* table, const Tensor& weight) {
  const auto& attrs = *static_cast<const fbs::ConvAttrs*>(table);
  if (attrs.groups() > 1 && weight.shape[1] == 1 && weight.shape.rank == 4) return {fbs::Packing::Depthwise};
  return {fbs::Packing::DenseRows8, fbs::Packing::SparseRows, fbs::Packing::SparseRows4};
}

WeightBytes pack(const void* table, const Tensor& weight, const Tensor* bias, fbs::Packing packing) {
  const WeightMatrix matrix = matrix_of(*static_cast<const fbs::ConvAttrs*>(table), weight);
  switch (packing) {
    case fbs::Packing::SparseRows:
      return pack_sparse_rows(segmented_matrix_of(*static_cast<const fbs::ConvAttrs*>(table), weight), bias, packing);
    case fbs::Packing::SparseRows4:
      return pack_sparse_rows(matrix, bias, packing);
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
