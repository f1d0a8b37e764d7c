// The table of importable operators.
#pragma once

#include <string>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

using Handler = void (*)(NodeContext& node);

/// Null for an operator of ONNX's own domain that has no handler.
Handler find_handler(const std::string& op_type);

/// Whether the operator belongs to quantised models.
bool is_quantized_op(const std::string& op_type);

/// What to do about an operator without a handler.
std::string hint_for(const std::string& op_type);

}  // namespace lacuna::onnx
