// The host half of an operator: operands, cost, reference and test cases. Never shipped to a device.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "converter/ir/tensor.h"
#include "kernels/op.h"

namespace lacuna {

/// What a graph operand becomes on the device.
enum class Role : uint8_t {
  kValue,     ///< stays an operand of the step, computed or constant
  kConstant,  ///< stays an operand of the step, must be constant
  kWeight,    ///< constant; goes into the packed weights
  kBias,      ///< constant; goes into the packed weights
};

/// One operand of a graph node, in order.
struct Operand {
  const char* name;
  Role role;
  bool optional = false;
};

/// Arguments of a reference: contiguous tensors in graph operand order; omitted ones are null. `output` has its shape
/// and type (that of the first input) and is filled by the callee.
struct RefArgs {
  const void* attrs;
  std::vector<const Tensor*> inputs;
  Tensor* output;

  template <class Table>
  const Table& attrs_as() const {
    return *static_cast<const Table*>(attrs);
  }
  const Tensor& input(size_t i) const { return *inputs[i]; }
  bool has_input(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
};

/// A named example of an operator at one of its boundaries. Serves tests, benchmarks and fuzzing.
struct OpCase {
  std::string name;  ///< the boundary it hits, such as "stride_2_odd_width"
  fbs::OpAttrsUnion attrs;
  std::vector<Tensor> inputs;  ///< graph operand order; an omitted one has rank 0 and no elements
  std::vector<bool> constant;  ///< which inputs are constants; weights always are
  double tolerance = 1e-5;     ///< largest error over the output's largest absolute value
};

/// Packed weights that own their bytes. `view` gives them as a step sees them.
struct WeightBytes {
  PackedWeights meta;  ///< spans are empty
  std::vector<uint8_t> index;
  std::vector<float> values;
  std::vector<float> bias;

  PackedWeights view() const {
    PackedWeights weights = meta;
    weights.index = {index.data(), index.size()};
    weights.values = {values.data(), values.size()};
    weights.bias = {bias.data(), bias.size()};
    return weights;
  }
};

/// The host half of an operator.
struct OpHost {
  const OpRun* run;
  std::vector<Operand> operands;  ///< one entry, repeated, for an operator with any number of inputs
  /// Multiply-adds of one evaluation as if dense; 0 for movers and elementwise functions. May be null.
  uint64_t (*macs)(const void* attrs, const std::vector<Shape>& inputs, const Shape& output);
  /// Packings that can hold these weights, the dense one first. Null for an operator without weights.
  std::vector<fbs::Packing> (*packings)(const void* attrs, const Tensor& weight);
  /// Weights (graph operands weight and bias; bias may be null) in a packing that `packings` listed. Null as above.
  WeightBytes (*pack)(const void* attrs, const Tensor& weight, const Tensor* bias, fbs::Packing packing);
  /// Clear, slow, written from the definition; never optimised.
  void (*reference)(const RefArgs& args);
  /// Named boundary cases plus random ones drawn from `rng`.
  std::vector<OpCase> (*cases)(std::mt19937& rng);
};

/// The host half for a schema union member. Every member has one.
const OpHost& host_op(fbs::OpAttrs type);

/// All operators, in schema order.
const std::vector<fbs::OpAttrs>& all_ops();

}  // namespace lacuna
