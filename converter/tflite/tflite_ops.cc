#include "converter/tflite/tflite_ops.h"

namespace lacuna::tflite {

using tflite_fbs::BuiltinOperator;

namespace {

Handler find_builtin(BuiltinOperator op) {
  switch (op) {
    case BuiltinOperator::CONV_2D:
    case BuiltinOperator::DEPTHWISE_CONV_2D:
    case BuiltinOperator::CONV_3D:
      return import_conv;
    case BuiltinOperator::TRANSPOSE_CONV:
      return import_transpose_conv;
    case BuiltinOperator::FULLY_CONNECTED:
      return import_fully_connected;
    case BuiltinOperator::BATCH_MATMUL:
      return import_batch_matmul;
    case BuiltinOperator::AVERAGE_POOL_2D:
    case BuiltinOperator::MAX_POOL_2D:
    case BuiltinOperator::L2_POOL_2D:
      return import_pool;
    case BuiltinOperator::LOCAL_RESPONSE_NORMALIZATION:
      return import_local_response_normalization;
    case BuiltinOperator::ABS:
    case BuiltinOperator::CEIL:
    case BuiltinOperator::COS:
    case BuiltinOperator::ELU:
    case BuiltinOperator::EXP:
    case BuiltinOperator::FLOOR:
    case BuiltinOperator::HARD_SWISH:
    case BuiltinOperator::LOG:
    case BuiltinOperator::LOGISTIC:
    case BuiltinOperator::NEG:
    case BuiltinOperator::RELU:
    case BuiltinOperator::RELU6:
    case BuiltinOperator::RELU_0_TO_1:
    case BuiltinOperator::RELU_N1_TO_1:
    case BuiltinOperator::ROUND:
    case BuiltinOperator::RSQRT:
    case BuiltinOperator::SIGN:
    case BuiltinOperator::SIN:
    case BuiltinOperator::SQRT:
    case BuiltinOperator::SQUARE:
    case BuiltinOperator::TANH:
      return import_unary;
    case BuiltinOperator::LEAKY_RELU:
      return import_leaky_relu;
    case BuiltinOperator::GELU:
      return import_gelu;
    case BuiltinOperator::ADD:
    case BuiltinOperator::SUB:
    case BuiltinOperator::MUL:
    case BuiltinOperator::DIV:
    case BuiltinOperator::MINIMUM:
    case BuiltinOperator::MAXIMUM:
    case BuiltinOperator::POW:
    case BuiltinOperator::PRELU:
    case BuiltinOperator::SQUARED_DIFFERENCE:
      return import_binary;
    case BuiltinOperator::FLOOR_DIV:
      return import_floor_div;
    case BuiltinOperator::FLOOR_MOD:
      return import_floor_mod;
    case BuiltinOperator::ADD_N:
      return import_add_n;
    case BuiltinOperator::IF:
      return import_if;
    case BuiltinOperator::WHILE:
      return import_while;
    case BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM:
      return import_lstm;
    case BuiltinOperator::CAST:
      return import_cast;
    case BuiltinOperator::DEQUANTIZE:
    case BuiltinOperator::DENSIFY:
      return import_identity;
    case BuiltinOperator::LESS:
    case BuiltinOperator::LESS_EQUAL:
    case BuiltinOperator::GREATER:
    case BuiltinOperator::GREATER_EQUAL:
    case BuiltinOperator::EQUAL:
    case BuiltinOperator::NOT_EQUAL:
    case BuiltinOperator::LOGICAL_AND:
    case BuiltinOperator::LOGICAL_OR:
      return import_comparison;
    case BuiltinOperator::LOGICAL_NOT:
      return import_logical_not;
    case BuiltinOperator::SELECT:
    case BuiltinOperator::SELECT_V2:
      return import_select;
    case BuiltinOperator::SHAPE:
      return import_shape;
    case BuiltinOperator::RANK:
      return import_rank;
    case BuiltinOperator::FILL:
      return import_fill;
    case BuiltinOperator::ZEROS_LIKE:
      return import_zeros_like;
    case BuiltinOperator::RANGE:
      return import_range;
    case BuiltinOperator::MEAN:
    case BuiltinOperator::SUM:
    case BuiltinOperator::REDUCE_MAX:
    case BuiltinOperator::REDUCE_MIN:
    case BuiltinOperator::REDUCE_PROD:
    case BuiltinOperator::REDUCE_ANY:
    case BuiltinOperator::REDUCE_ALL:
      return import_reduce;
    case BuiltinOperator::SOFTMAX:
      return import_softmax;
    case BuiltinOperator::LOG_SOFTMAX:
      return import_log_softmax;
    case BuiltinOperator::L2_NORMALIZATION:
      return import_l2_normalization;
    case BuiltinOperator::RESHAPE:
      return import_reshape;
    case BuiltinOperator::SQUEEZE:
      return import_squeeze;
    case BuiltinOperator::EXPAND_DIMS:
      return import_expand_dims;
    case BuiltinOperator::TRANSPOSE:
      return import_transpose;
    case BuiltinOperator::BROADCAST_TO:
      return import_broadcast_to;
    case BuiltinOperator::TILE:
      return import_tile;
    case BuiltinOperator::CONCATENATION:
      return import_concatenation;
    case BuiltinOperator::PACK:
      return import_pack;
    case BuiltinOperator::SLICE:
      return import_slice;
    case BuiltinOperator::STRIDED_SLICE:
      return import_strided_slice;
    case BuiltinOperator::SPLIT:
      return import_split;
    case BuiltinOperator::SPLIT_V:
      return import_split_v;
    case BuiltinOperator::UNPACK:
      return import_unpack;
    case BuiltinOperator::REVERSE_V2:
      return import_reverse;
    case BuiltinOperator::EMBEDDING_LOOKUP:
      return import_embedding_lookup;
    case BuiltinOperator::GATHER:
      return import_gather;
    case BuiltinOperator::PAD:
    case BuiltinOperator::PADV2:
      return import_pad;
    case BuiltinOperator::MIRROR_PAD:
      return import_mirror_pad;
    case BuiltinOperator::RESIZE_BILINEAR:
      return import_resize_bilinear;
    case BuiltinOperator::RESIZE_NEAREST_NEIGHBOR:
      return import_resize_nearest;
    case BuiltinOperator::DEPTH_TO_SPACE:
      return import_depth_to_space;
    case BuiltinOperator::SPACE_TO_DEPTH:
      return import_space_to_depth;
    case BuiltinOperator::SPACE_TO_BATCH_ND:
      return import_space_to_batch;
    case BuiltinOperator::BATCH_TO_SPACE_ND:
      return import_batch_to_space;
    default:
      return nullptr;
  }
}

}  // namespace

Handler find_handler(const OpCode& code) {
  if (code.builtin != BuiltinOperator::CUSTOM) return find_builtin(code.builtin);
  return code.custom == "Convolution2DTransposeBias" ? import_transpose_conv_bias : nullptr;
}

std::string hint_for(const OpCode& code) {
  switch (code.builtin) {
    case BuiltinOperator::CUSTOM:
      if (code.custom == "TFLite_Detection_PostProcess") {
        return "cut the model in front of it and decode boxes and scores in the application";
      }
      if (code.custom == "MaxPoolingWithArgmax2D" || code.custom == "MaxUnpooling2D") {
        return "pooling that remembers positions is not supported; use MAX_POOL_2D and RESIZE_NEAREST_NEIGHBOR";
      }
      if (code.custom.rfind("Flex", 0) == 0) {
        return "TensorFlow's own operators are not supported; convert the model without SELECT_TF_OPS";
      }
      return "Lacuna does not know this custom operator; cut the model in front of it, or build it from standard ones";
    case BuiltinOperator::ARG_MAX:
    case BuiltinOperator::ARG_MIN:
    case BuiltinOperator::TOPK_V2:
    case BuiltinOperator::NON_MAX_SUPPRESSION_V4:
    case BuiltinOperator::NON_MAX_SUPPRESSION_V5:
      return "cut the model in front of it and do this in the application";
    case BuiltinOperator::CALL:
    case BuiltinOperator::CALL_ONCE:
      return "control flow is not supported; export the model without branches and loops";
    case BuiltinOperator::LSTM:
    case BuiltinOperator::RNN:
    case BuiltinOperator::SVDF:
    case BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_RNN:
    case BuiltinOperator::BIDIRECTIONAL_SEQUENCE_LSTM:
    case BuiltinOperator::BIDIRECTIONAL_SEQUENCE_RNN:
    case BuiltinOperator::VAR_HANDLE:
    case BuiltinOperator::READ_VARIABLE:
    case BuiltinOperator::ASSIGN_VARIABLE:
      return "state between runs is not supported; give and take the state as inputs and outputs";
    case BuiltinOperator::GATHER_ND:
      return "use GATHER with constant indices";
    default:
      return "Lacuna does not have this operator; express it with operators of docs/operators.md";
  }
}

}  // namespace lacuna::tflite
