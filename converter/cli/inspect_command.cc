#include <memory>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/input_shapes.h"
#include "converter/cli/memory_model.h"
#include "converter/cli/model_file.h"
#include "converter/cli/status.h"
#include "converter/cli/table.h"
#include "converter/convert.h"
#include "converter/report/report.h"

namespace lacuna {
namespace {

struct Options {
  CommonOptions common;
  std::string file;
  std::vector<std::string> input_shapes;
  TargetOptions target;
  bool json = false;
};

Summary summarize_lcn(const std::string& path) {
  const ModelFile file(path);
  lacuna_error error = {};
  check(file.model().check_weights(&error), error, path);
  return summarize(file.view(), file.bytes());
}

/// A source model is inspected as what it would be converted into.
Summary summarize_source(const Options& options, const Progress& progress) {
  ImportOptions import_options;
  import_options.input_shapes = parse_input_shapes(options.input_shapes);
  const Target target = options.target.find();
  progress.say("converting " + options.file + " in memory for " + target.name);
  if (!target.note.empty()) progress.say(target.name + ": " + target.note);
  FileNotes notes;
  notes.target = target.name;
  const Converted converted = convert(import_model(options.file, import_options), target.costs, notes);
  const MemoryModel model(converted.file);
  return summarize(model.view(), converted.file.size());
}

std::string list_tensors(const char* title, const std::vector<TensorSummary>& tensors) {
  std::string text = title;
  for (const TensorSummary& tensor : tensors) {
    text += "  " + printable(tensor.name) + " " + to_string(tensor.shape) + "\n";
    if (&tensor != &tensors.back()) text += std::string(std::string(title).size(), ' ');
  }
  return text;
}

std::string layer_table(const Summary& summary) {
  using Align = Table::Align;
  Table table({{"name"},
               {"op"},
               {"output"},
               {"density", Align::kRight},
               {"pattern"},
               {"packing"},
               {"predicted us", Align::kRight},
               {"break-even", Align::kRight},
               {"MACs", Align::kRight},
               {"non-zero", Align::kRight},
               {"bytes", Align::kRight},
               {"why"}});
  for (const LayerSummary& layer : summary.layers) {
    const std::string density = layer.weights == 0 ? "-" : percent(Summary::density_of(layer.nonzeros, layer.weights));
    table.add_row({shortened(layer.name), layer.op, to_string(layer.shape) + (layer.halves ? " f16" : ""), density,
                   layer.weights == 0 ? "-" : layer.pattern, layer.packing,
                   layer.predicted.empty() ? "-" : fixed(layer.predicted_us(), 1),
                   layer.predicted.size() < 2 ? "-" : percent(layer.break_even), with_commas(layer.macs),
                   with_commas(layer.nonzero_macs), with_commas(layer.weight_bytes), layer.reason});
  }
  return table.to_string();
}

std::string totals(const Summary& summary) {
  std::string text = "density  " + percent(summary.density()) + ": " + with_commas(summary.nonzeros) + " of " +
                     with_commas(summary.weights) + " weights are not zero\n";
  text +=
      "MACs     " + with_commas(summary.macs) + ", " + with_commas(summary.nonzero_macs) + " with a non-zero weight\n";
  text += "file     " + with_commas(summary.file_bytes) + " bytes, of them weights " +
          with_commas(summary.weight_bytes) + "\n";
  if (summary.sparse_nonzeros > 0) {
    text += "sparse   " + fixed(summary.bytes_per_nonzero(), 2) + " bytes a non-zero weight, in sparse layers\n";
  }
  text += "arena    " + with_commas(summary.arena_bytes) + " bytes of values; " +
          with_commas(summary.naive_arena_bytes) + " if none shared memory\n";
  return text;
}

std::string describe(const Summary& summary, const std::string& model) {
  std::string text =
      printable(model + ": from " + summary.source + " by " + summary.producer + ", for " + summary.target) + "\n";
  text += printable("costs: " + summary.costs) + "\n\n";
  text += list_tensors("inputs ", summary.inputs) + list_tensors("outputs", summary.outputs) + "\n";
  text += layer_table(summary) + "\n" + totals(summary);
  const std::string picture = draw_arena(summary);
  if (!picture.empty()) text += "\narena over the steps, low addresses below, a letter a buffer:\n" + picture;
  return text;
}

void inspect(const Options& options) {
  const Progress progress(options.common.quiet);
  const Summary summary = is_lcn(options.file) ? summarize_lcn(options.file) : summarize_source(options, progress);
  const std::string model = file_name_of(options.file);
  print(options.json ? to_json(summary, model) : describe(summary, model));
}

}  // namespace

void add_inspect_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app,
                                  {"inspect",
                                   "Show a model's layers: density, packing and why, sizes; checks an .lcn file whole",
                                   {"lacuna inspect net.lcn", "lacuna inspect net.onnx --json"}},
                                  options->common);
  command->add_option("FILE", options->file, "An .lcn, .onnx or .tflite file")->required();
  command->add_option("--input-shape", options->input_shapes, "For .onnx and .tflite: shape of an input")
      ->type_name("NAME=1,3,224,224")
      ->allow_extra_args(false);
  add_target_options(*command, options->target);
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options] { inspect(*options); });
}

}  // namespace lacuna
