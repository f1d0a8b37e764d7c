// Decodes TFLite's sparse tensors.
#pragma once

#include <vector>

#include "converter/tflite/schema.h"
#include "sdk/base/shape.h"

namespace lacuna::tflite {

/// The elements of the dense tensor `shape` (no dimension zero), row-major, from its stored `values`.
///
/// A tensor of rank n with k blocked dimensions is seen as one of rank n + k: dimension d of b blocks becomes
/// shape[d] / b rows of blocks, and b is one of the k block dimensions. All are traversed in `traversal_order`; each is
/// DENSE (all positions) or SPARSE_CSR (for each parent the positions that are stored). `values` are in that order.
/// Throws Error(kMalformed) for metadata that do not fit the shape, one another or the number of values.
std::vector<float> densify(const tflite_fbs::SparsityParameters& sparsity, const Shape& shape,
                           const std::vector<float>& values);

}  // namespace lacuna::tflite
