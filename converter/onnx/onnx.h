// Reads ONNX models, opset 7 to 28.
#pragma once

#include <string>

#include "converter/ir/graph.h"
#include "converter/ir/import_options.h"

namespace lacuna {

/// Whether a file that begins with `bytes` (or is these bytes) can be an ONNX model. Cheap and lenient: for choosing an
/// importer, not for checking.
bool looks_like_onnx(const std::string& bytes);

/// Imports the model at `path` together with its external data files, which lie in the same folder. Whatever can be
/// computed from constants alone is a constant in the result. A symbolic or unknown first dimension of an input
/// becomes 1.
/// Throws Error: kMalformed for a file that cannot be read or breaks the format; kUnsupported with every operator and
/// feature that Lacuna lacks; kUsage when an input shape is needed or does not fit; kResourceLimit for constants beyond
/// 2 GiB.
Graph import_onnx(const std::string& path, const ImportOptions& options = {});

}  // namespace lacuna
