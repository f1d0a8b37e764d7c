// The whole way from a source model to the bytes of an .lcn file.
#pragma once

#include <string>

#include "converter/choose/choose.h"
#include "converter/emit/emit.h"
#include "converter/ir/graph.h"
#include "converter/ir/import_options.h"
#include "converter/plan/plan.h"

namespace lacuna {

/// Reads an ONNX or TFLite file, told apart by content. Throws Error.
Graph import_model(const std::string& path, const ImportOptions& options);

/// A converted model with what was decided on the way.
struct Converted {
  Graph graph;  ///< after all passes
  std::vector<Choice> choices;
  Plan plan;
  std::string file;  ///< bytes of the .lcn file
};

/// Passes, choice, plan and emission. Packings are those that `costs` predict to be the fastest. F16: values and
/// weights are halves where that is possible and exact enough. Throws Error.
Converted convert(Graph graph, const CostModel& costs, FileNotes notes, fbs::Dtype dtype = fbs::Dtype::F32);

}  // namespace lacuna
