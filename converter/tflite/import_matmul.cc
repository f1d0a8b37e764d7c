// Products of matrices.
#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

namespace {

/// Rows of the product: x flattened to [rows, depth], unless it keeps its dimensions.
Shape rows_of(const Shape& x, int64_t depth, bool keep_dims) {
  if (keep_dims) {
    if (x.rank < 1 || x[x.rank - 1] != depth) {
      malformed("an input " + to_string(x) + " does not fit a weight of " + std::to_string(depth) + " columns");
    }
    return x;
  }
  if (count(x) % depth != 0) {
    malformed("an input " + to_string(x) + " cannot be flattened to rows of " + std::to_string(depth));
  }
  return make_shape({count(x) / depth, depth});
}

ValueId emit_fully_connected(NodeContext& node, ValueId x, ValueId weight, ValueId bias,
                             const fbs::Activation& activation) {
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = static_cast<uint32_t>(node.shape_of(weight)[0]);
  attrs.activation = activation;
  return node.emit(make_attrs(std::move(attrs)), {x, weight, bias});
}

/// With a weight or bias that the network computes.
ValueId emit_computed(NodeContext& node, ValueId x, ValueId weight, ValueId bias, const fbs::Activation& activation) {
  fbs::MatMulAttrsT attrs;
  attrs.transpose_b = true;
  const Shape rows = node.shape_of(x);
  const Shape flat = make_shape({count(rows) / rows[rows.rank - 1], rows[rows.rank - 1]});
  Shape output = rows;
  output[rows.rank - 1] = node.shape_of(weight)[0];
  ValueId y = node.emit(make_attrs(std::move(attrs)), {node.reshape(x, flat, "/rows"), weight}, "/product");
  y = node.reshape(y, output, "/shape");
  if (bias == kNoValue) return node.activate(activation, y);
  return node.binary(fbs::BinaryKind::Add, y, bias, activation);
}

}  // namespace

void import_fully_connected(NodeContext& node) {
  const auto options = node.options<tflite_fbs::FullyConnectedOptions>();
  if (options.weights_format != tflite_fbs::FullyConnectedOptionsWeightsFormat::DEFAULT) {
    unsupported("shuffled weights belong to quantised models; convert the float model");
  }
  check_rank(node, 1, 2);
  const ValueId weight = node.input(1);
  const Shape weight_shape = node.shape(1);
  if (count(weight_shape) == 0) malformed("the weight is empty");
  const Shape rows = rows_of(node.shape(0), weight_shape[1], options.keep_num_dims);
  const ValueId x = node.reshape(node.input(0), rows, "/rows");
  const ValueId bias =
      node.has_input(2) ? node.reshape(node.input(2), make_shape({weight_shape[0]}), "/bias") : kNoValue;
  const fbs::Activation activation = activation_of(options.fused_activation_function);
  const bool constant = node.is_constant(1) && (bias == kNoValue || node.graph().is_constant(bias));
  node.set_output(constant ? emit_fully_connected(node, x, weight, bias, activation)
                           : emit_computed(node, x, weight, bias, activation));
}

void import_batch_matmul(NodeContext& node) {
  const auto options = node.options<tflite_fbs::BatchMatMulOptions>();
  fbs::MatMulAttrsT attrs;
  attrs.transpose_a = options.adj_x;
  attrs.transpose_b = options.adj_y;
  node.set_output(node.emit(make_attrs(std::move(attrs)), {node.input(0), node.input(1)}));
}

}  // namespace lacuna::tflite
