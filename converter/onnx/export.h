// Writes graphs as ONNX models.
#pragma once

#include <string>

#include "converter/ir/graph.h"

namespace lacuna {

struct ExportOptions {
  bool half_weights = false;  ///< weights are stored as fp16 and cast to fp32 by a node; half the size
};

/// The bytes of an ONNX model, opset 17, that computes what `graph` does: inputs and outputs keep names and shapes, all
/// operators are ONNX's own. The same graph gives the same bytes. Throws Error(kUnsupported) for the few forms of
/// operators that this opset does not have, with the node's name.
std::string export_onnx(Graph graph, const ExportOptions& options = {});

}  // namespace lacuna
