// Writes a chosen and planned graph as the bytes of an .lcn file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "converter/choose/choose.h"
#include "converter/ir/graph.h"
#include "converter/plan/plan.h"
#include "lacuna_generated.h"

namespace lacuna {

/// What a file carries besides the network.
struct FileNotes {
  std::string target = "generic";
  std::string costs;  ///< cost profiles that packings were chosen by; may be empty
  std::optional<fbs::PreprocessingT> preprocessing;
};

/// The same arguments give the same bytes. Packs weights as `choices` says. Throws Error(kResourceLimit) when a limit
/// of the format is exceeded.
std::string emit(const Graph& graph, const std::vector<Choice>& choices, const Plan& plan, const FileNotes& notes);

}  // namespace lacuna
