#include "converter/convert.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "converter/choose/dtypes.h"
#include "converter/onnx/onnx.h"
#include "converter/passes/passes.h"
#include "converter/plan/columns.h"
#include "converter/tflite/tflite.h"

namespace lacuna {
namespace {

/// Enough bytes to tell formats apart.
std::string first_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) malformed(path + ": cannot be opened: " + std::strerror(errno));
  std::string bytes(4096, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  if (bytes.empty()) malformed(path + ": is empty or cannot be read; give an .onnx or .tflite file");
  return bytes;
}

}  // namespace

Graph import_model(const std::string& path, const ImportOptions& options) {
  const std::string bytes = first_bytes(path);
  if (looks_like_tflite(bytes)) return import_tflite(path, options);
  if (looks_like_onnx(bytes)) return import_onnx(path, options);
  malformed(path + ": is neither an ONNX nor a TFLite model");
}

Converted convert(Graph graph, const CostModel& costs, FileNotes notes, fbs::Dtype dtype) {
  notes.costs = costs.description();
  Converted result;
  run_passes(graph);
  if (dtype == fbs::Dtype::F16) choose_halves(graph);
  run_in_columns(graph, band_bytes_for(costs.l2_bytes()));
  result.choices = choose(graph, costs);
  result.plan = make_plan(graph);
  result.file = emit(graph, result.choices, result.plan, notes);
  result.graph = std::move(graph);
  return result;
}

}  // namespace lacuna
