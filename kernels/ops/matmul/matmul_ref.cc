#include "kernels/copy/reference.h"

namespace lacuna {
namespace {

/// Where the element at (row, column) of an operand lies, in the batch of an output index.
size_t operand_offset(const Shape& shape, bool transposed, const Shape& output_index, int64_t row, int64_t column) {
  Shape index = shape;
  for (int i = 0; i < shape.rank - 2; ++i) {
    index[i] = shape[i] == 1 ? 0 : output_index[output_index.rank - shape.rank + i];
  }
  index[shape.rank - 2] = transposed ? column : row;
  index[shape.rank - 1] = transposed ? row : column;
  return static_cast<size_t>(offset_of(shape, index));
}

}  // namespace

void matmul_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::MatMulAttrs>();
  const Tensor& a = args.input(0);
  const Tensor& b = args.input(1);
  const int64_t depth = a.shape[a.shape.rank - (attrs.transpose_a() ? 2 : 1)];
  for_each_index(args.output->shape, [&](const Shape& index, int64_t i) {
    const int64_t row = index[index.rank - 2], column = index[index.rank - 1];
    double sum = 0;
    for (int64_t k = 0; k < depth; ++k) {
      sum += static_cast<double>(a.f32[operand_offset(a.shape, attrs.transpose_a(), index, row, k)]) *
             static_cast<double>(b.f32[operand_offset(b.shape, attrs.transpose_b(), index, k, column)]);
    }
    args.output->f32[static_cast<size_t>(i)] = static_cast<float>(static_cast<double>(attrs.alpha()) * sum);
  });
}

}  // namespace lacuna
