// TensorFlow's way to write a dilated convolution: SPACE_TO_BATCH_ND, a plain convolution, BATCH_TO_SPACE_ND.
#pragma once

#include <map>
#include <set>

#include "converter/tflite/node_context.h"

namespace lacuna::tflite {

/// One such pattern.
struct DilatedConvolution {
  FoldedDilation folded;
  int input;   ///< tensor in front of the pattern
  int output;  ///< tensor behind it
};

struct DilatedConvolutions {
  std::map<uint32_t, DilatedConvolution> by_convolution;  ///< by the index of the convolution's node
  std::set<uint32_t> absorbed;                            ///< nodes around them, which have nothing left to do
};

/// Finds the patterns whose inner tensors nobody else reads.
DilatedConvolutions find_dilated_convolutions(const Model& model, const Subgraph& graph);

}  // namespace lacuna::tflite
