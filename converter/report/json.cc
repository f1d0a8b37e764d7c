#include <cmath>
#include <nlohmann/json.hpp>

#include "converter/report/report.h"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const std::vector<TensorSummary>& tensors) {
  Json list = Json::array();
  for (const TensorSummary& tensor : tensors) {
    list.push_back({{"name", tensor.name}, {"shape", dims_of<int64_t>(tensor.shape)}});
  }
  return list;
}

/// Six digits: what lies behind them is no more than the single precision that the file has.
double rounded(double x) { return std::round(x * 1e6) / 1e6; }

Json to_json(const LayerSummary& layer) {
  Json predicted = Json::object();
  for (const PackingTime& time : layer.predicted) predicted[fbs::EnumNamePacking(time.packing)] = rounded(time.us);
  return {{"name", layer.name},
          {"op", layer.op},
          {"shape", dims_of<int64_t>(layer.shape)},
          {"dtype", layer.halves ? "f16" : "f32"},
          {"density", Summary::density_of(layer.nonzeros, layer.weights)},
          {"pattern", layer.pattern},
          {"packing", layer.packing},
          {"weights", layer.weights},
          {"nonzeros", layer.nonzeros},
          {"macs", layer.macs},
          {"nonzero_macs", layer.nonzero_macs},
          {"weight_bytes", layer.weight_bytes},
          {"shares_weights", layer.shares_weights},
          {"predicted_us", rounded(layer.predicted_us())},
          {"predicted_us_by_packing", predicted},
          {"break_even_density", rounded(layer.break_even)},
          {"reason", layer.reason}};
}

}  // namespace

std::string to_json(const Summary& summary, const std::string& model) {
  Json layers = Json::array();
  for (const LayerSummary& layer : summary.layers) layers.push_back(to_json(layer));
  const Json object = {{"schema_version", kJsonSchemaVersion},
                       {"model", model},
                       {"producer", summary.producer},
                       {"source", summary.source},
                       {"target", summary.target},
                       {"costs", summary.costs},
                       {"inputs", to_json(summary.inputs)},
                       {"outputs", to_json(summary.outputs)},
                       {"density", summary.density()},
                       {"weights", summary.weights},
                       {"nonzeros", summary.nonzeros},
                       {"macs", summary.macs},
                       {"nonzero_macs", summary.nonzero_macs},
                       {"file_bytes", summary.file_bytes},
                       {"weight_bytes", summary.weight_bytes},
                       {"bytes_per_nonzero", summary.bytes_per_nonzero()},
                       {"arena_bytes", summary.arena_bytes},
                       {"naive_arena_bytes", summary.naive_arena_bytes},
                       {"layers", layers}};
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";  // names need not be UTF-8
}

}  // namespace lacuna
