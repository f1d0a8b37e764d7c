// Reads TensorFlow Lite models.
#pragma once

#include <string>

#include "converter/ir/graph.h"
#include "converter/ir/import_options.h"

namespace lacuna {

/// Whether a file that begins with `bytes` (or is these bytes) says that it is a TFLite model.
bool looks_like_tflite(const std::string& bytes);

/// Imports the model at `path`. Sparse and fp16 weights become dense fp32, zeros included; whatever can be computed
/// from constants alone is a constant in the result. Inputs and outputs keep names, order and layout (channel-last);
/// what is channel-first in a Graph stands between transposes. A free first dimension of an input becomes 1. Throws
/// Error: kMalformed for a file that cannot be read or breaks the format; kUnsupported for quantised models, and with
/// every operator that Lacuna lacks; kUsage when an input shape is needed or does not fit; kResourceLimit for computed
/// constants beyond 2 GiB.
Graph import_tflite(const std::string& path, const ImportOptions& options = {});

}  // namespace lacuna
