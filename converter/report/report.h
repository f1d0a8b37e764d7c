// A model's summary in the forms that other programs and people read.
#pragma once

#include <string>

#include "converter/report/summary.h"

namespace lacuna {

/// Version of every JSON object that the program writes.
constexpr int kJsonSchemaVersion = 1;

/// One JSON object, ended by a line feed. `model` is the name of the file.
std::string to_json(const Summary& summary, const std::string& model);

/// A page that needs no other file: totals, a chart of density and multiply-adds, the table of layers.
std::string to_html(const Summary& summary, const std::string& model);

}  // namespace lacuna
