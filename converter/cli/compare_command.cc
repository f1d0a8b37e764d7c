#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/difference.h"
#include "converter/cli/inputs.h"
#include "converter/cli/model_file.h"
#include "converter/cli/table.h"
#include "converter/convert.h"
#include "converter/ir/interpret.h"
#include "converter/report/report.h"
#include "sdk/format/step_view.h"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  CommonOptions common;
  std::string model;
  std::string source;
  std::vector<std::string> inputs;
  uint32_t seed = 1;
  std::optional<double> rtol;
  uint32_t threads = 1;
  std::string provider;
  bool json = false;
};

/// The source model with the input shapes of the converted one.
Graph import_source(const Options& options, const ModelFile& model) {
  require_regular_file(options.source);
  ImportOptions import_options;
  for (const lacuna_tensor& input : model.inputs()) import_options.input_shapes[input.name] = shape_of(input);
  return import_model(options.source, import_options);
}

/// Throws Error(kUsage) when the two cannot have come from one another.
void check_same_interface(const ModelFile& model, const Graph& graph) {
  const auto fail = [&](const std::string& what) {
    throw Error(ExitCode::kUsage, model.path() + " was not made from " + graph.name + ": " + what);
  };
  const auto check = [&](const char* what, const std::vector<lacuna_tensor>& tensors, const std::vector<ValueId>& ids) {
    if (tensors.size() != ids.size()) fail(std::string("they have different numbers of ") + what);
    for (size_t i = 0; i < ids.size(); ++i) {
      if (shape_of(tensors[i]) != graph.shape(ids[i])) {
        fail(std::string(what) + " '" + tensors[i].name + "' has shape " + to_string(shape_of(tensors[i])) + " there " +
             to_string(graph.shape(ids[i])));
      }
    }
  };
  check("inputs", model.inputs(), graph.inputs);
  check("outputs", model.outputs(), graph.outputs);
}

std::vector<Tensor> run_reference(const Graph& graph, const std::vector<Tensor>& inputs, const Progress& progress) {
  const size_t nodes = graph.nodes.size();
  size_t tenths = 0;
  return interpret(graph, inputs, [&](size_t node) {
    if (nodes == 0 || node * 10 / nodes <= tenths) return;
    tenths = node * 10 / nodes;
    progress.say("  " + std::to_string(tenths * 10) + "%");
  });
}

/// What rounding explains: some steps on floats, or on halves.
double default_bound(const ModelFile& model) { return has_halves(*model.view().program) ? 1e-2 : 1e-4; }

struct Output {
  std::string name;
  Difference difference;
  bool within;
};

/// JSON has no infinity.
Json number_or_null(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

std::string to_json(const Options& options, double bound, const std::string& isa, const std::vector<Output>& outputs,
                    bool within) {
  Json list = Json::array();
  for (const Output& output : outputs) {
    const Difference& difference = output.difference;
    list.push_back({{"name", output.name},
                    {"max_abs_error", number_or_null(difference.absolute)},
                    {"max_rel_error", number_or_null(difference.relative)},
                    {"worst_index", dims_of<int64_t>(difference.where)},
                    {"value", number_or_null(difference.actual)},
                    {"expected", number_or_null(difference.expected)},
                    {"within", output.within}});
  }
  const Json object = {{"schema_version", kJsonSchemaVersion},
                       {"model", file_name_of(options.model)},
                       {"source", file_name_of(options.source)},
                       {"isa", isa},
                       {"threads", options.threads},
                       {"rtol", bound},
                       {"within", within},
                       {"outputs", list}};
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string scientific(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", number);
  return text;
}

std::string to_text(double bound, const std::vector<Output>& outputs) {
  using Align = Table::Align;
  Table table({{"output"},
               {"largest error", Align::kRight},
               {"relative", Align::kRight},
               {"at"},
               {"value", Align::kRight},
               {"expected", Align::kRight},
               {"bound " + scientific(bound)}});
  for (const Output& output : outputs) {
    const Difference& difference = output.difference;
    table.add_row({shortened(output.name), scientific(difference.absolute), scientific(difference.relative),
                   to_string(difference.where), scientific(difference.actual), scientific(difference.expected),
                   output.within ? "within" : "OUTSIDE"});
  }
  return table.to_string();
}

void compare(const Options& options) {
  const Progress progress(options.common.quiet);
  const ModelFile model(options.model);
  progress.say("reading " + options.source);
  const Graph graph = import_source(options, model);
  check_same_interface(model, graph);
  if (options.inputs.empty()) progress.say("random inputs of seed " + std::to_string(options.seed));
  const std::vector<Tensor> inputs =
      options.inputs.empty() ? random_inputs(model, options.seed) : read_inputs(model, options.inputs);

  Session session = start_session(model, {options.common.isa, options.threads, false, options.provider});
  progress.say("running " + options.model + " on " + session.isa());
  set_inputs(session, inputs);
  session.run();
  const std::vector<Tensor> actual = get_outputs(model, session);
  progress.say("evaluating " + options.source + " by the reference operators");
  const std::vector<Tensor> expected = run_reference(graph, inputs, progress);

  const double bound = options.rtol.value_or(default_bound(model));
  std::vector<Output> outputs;
  bool within = true;
  for (size_t i = 0; i < actual.size(); ++i) {
    const Difference difference = largest_difference(actual[i], expected[i]);
    outputs.push_back({model.outputs()[i].name, difference, difference.relative <= bound});
    within = within && outputs.back().within;
  }
  print(options.json ? to_json(options, bound, session.isa(), outputs, within) : to_text(bound, outputs));
  if (!within) {
    throw Error(ExitCode::kOutsideBound, "outputs differ from the reference by more than the bound of " +
                                             scientific(bound) + " of their largest value");
  }
}

}  // namespace

void add_compare_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app,
      {"compare",
       "Compare a converted model with its source, evaluated by the reference operators",
       {"lacuna compare net.lcn net.onnx", "lacuna compare net.lcn net.tflite --input photo.npy --rtol 1e-5 --json"}},
      options->common);
  command->add_option("MODEL", options->model, "The converted model, .lcn")->required();
  command->add_option("SOURCE", options->source, "The .onnx or .tflite file that it was made from")->required();
  add_input_option(*command, options->inputs);
  command->add_option("--seed", options->seed, "Of the random inputs that take the place of --input")
      ->capture_default_str();
  command->add_option("--rtol", options->rtol, "Largest error allowed, as part of the output's largest absolute value")
      ->check(CLI::Range(0.0, std::numeric_limits<double>::max()))
      ->default_str("1e-4; 1e-2 for models of halves");
  add_threads_option(*command, options->threads);
  add_provider_option(*command, options->provider);
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options] { compare(*options); });
}

}  // namespace lacuna
