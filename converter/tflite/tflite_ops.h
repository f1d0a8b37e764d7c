// The table of importable operators.
#pragma once

#include "converter/tflite/node_context.h"

namespace lacuna::tflite {

using Handler = void (*)(NodeContext& node);

/// Null for an operator that has no handler.
Handler find_handler(const OpCode& code);

/// What to do about an operator without a handler.
std::string hint_for(const OpCode& code);

// Convolutions: import_conv.cc
void import_conv(NodeContext& node);  ///< CONV_2D, DEPTHWISE_CONV_2D, CONV_3D
void import_transpose_conv(NodeContext& node);
void import_transpose_conv_bias(NodeContext& node);  ///< MediaPipe's Convolution2DTransposeBias

// Products: import_matmul.cc
void import_fully_connected(NodeContext& node);
void import_batch_matmul(NodeContext& node);

// Windows over pixels: import_pool.cc
void import_pool(NodeContext& node);  ///< AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D
void import_local_response_normalization(NodeContext& node);

// Functions of elements: import_elementwise.cc
void import_unary(NodeContext& node);
void import_leaky_relu(NodeContext& node);
void import_gelu(NodeContext& node);
void import_binary(NodeContext& node);
void import_floor_div(NodeContext& node);
void import_floor_mod(NodeContext& node);
void import_add_n(NodeContext& node);
void import_cast(NodeContext& node);
void import_identity(NodeContext& node);  ///< DEQUANTIZE of fp16, DENSIFY

// Branches and loops: import_control_flow.cc
void import_if(NodeContext& node);
void import_while(NodeContext& node);

// Recurrent layers: import_recurrent.cc
void import_lstm(NodeContext& node);  ///< UNIDIRECTIONAL_SEQUENCE_LSTM

// Comparisons and selection: import_compare.cc
void import_comparison(NodeContext& node);
void import_logical_not(NodeContext& node);
void import_select(NodeContext& node);

// On constants only: import_constant.cc
void import_shape(NodeContext& node);
void import_rank(NodeContext& node);
void import_fill(NodeContext& node);
void import_zeros_like(NodeContext& node);
void import_range(NodeContext& node);

// Functions of a dimension: import_reduce.cc
void import_reduce(NodeContext& node);
void import_softmax(NodeContext& node);
void import_log_softmax(NodeContext& node);
void import_l2_normalization(NodeContext& node);

// Movers: import_shape.cc, import_slice.cc
void import_reshape(NodeContext& node);
void import_squeeze(NodeContext& node);
void import_expand_dims(NodeContext& node);
void import_transpose(NodeContext& node);
void import_broadcast_to(NodeContext& node);
void import_tile(NodeContext& node);
void import_concatenation(NodeContext& node);
void import_pack(NodeContext& node);
void import_slice(NodeContext& node);
void import_strided_slice(NodeContext& node);
void import_split(NodeContext& node);
void import_split_v(NodeContext& node);
void import_unpack(NodeContext& node);
void import_reverse(NodeContext& node);
void import_gather(NodeContext& node);
void import_embedding_lookup(NodeContext& node);

// Space: import_space.cc
void import_pad(NodeContext& node);  ///< PAD, PADV2
void import_mirror_pad(NodeContext& node);
void import_resize_bilinear(NodeContext& node);
void import_resize_nearest(NodeContext& node);
void import_depth_to_space(NodeContext& node);
void import_space_to_depth(NodeContext& node);
void import_space_to_batch(NodeContext& node);
void import_batch_to_space(NodeContext& node);

}  // namespace lacuna::tflite
