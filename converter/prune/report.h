// What pruning did, for people and programs.
#pragma once

#include <optional>
#include <string>

#include "converter/prune/prune.h"

namespace lacuna::prune {

/// What a report says beyond the result.
struct ReportNotes {
  std::string source, output;  ///< names of files
  std::string target;          ///< that times are predicted for
  std::string pattern;
  size_t samples = 0;
  std::optional<double> measured_dense_ms, measured_ms;  ///< whole network on this machine at one thread
};

/// One JSON object, ended by a line feed.
std::string to_json(const PruneResult& result, const ReportNotes& notes);

/// A page that needs no other file: totals, bars of density and loss by layer, the curve of error against time where it
/// was measured, the table of layers.
std::string to_html(const PruneResult& result, const ReportNotes& notes);

}  // namespace lacuna::prune
