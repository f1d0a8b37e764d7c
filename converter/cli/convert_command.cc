#include <cstring>
#include <deque>
#include <filesystem>
#include <memory>
#include <set>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/image_spec.h"
#include "converter/cli/input_shapes.h"
#include "converter/cli/memory_model.h"
#include "converter/cli/model_file.h"
#include "converter/cli/output_file.h"
#include "converter/cli/table.h"
#include "converter/convert.h"
#include "converter/report/report.h"

namespace lacuna {
namespace {

struct Options {
  CommonOptions common;
  std::string source;
  std::string output;
  std::vector<std::string> input_shapes;
  std::string report;
  std::string ops_list;
  TargetOptions target;
  std::string dtype = "f32";
  std::string image;
  bool force = false;
};

/// The forms of a report, by the ending of its name.
enum class ReportForm { kHtml, kJson };

ReportForm report_form(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension();
  if (extension == ".html") return ReportForm::kHtml;
  if (extension == ".json") return ReportForm::kJson;
  throw Error(ExitCode::kUsage, "--report " + path + ": give a name that ends in .html or .json");
}

std::string report_text(const std::string& path, const Summary& summary, const std::string& model) {
  return report_form(path) == ReportForm::kHtml ? to_html(summary, model) : to_json(summary, model);
}

/// Operators of the model and variants of their kernels, one a line, sorted: what a build that runs only this model
/// needs.
std::string ops_text(const Summary& summary) {
  std::set<std::string> ops = summary.variants;
  for (const LayerSummary& layer : summary.layers) ops.insert(layer.op);
  std::string text;
  for (const std::string& op : ops) text += op + "\n";
  return text;
}

/// Every file that will be written, checked before the work begins.
class Outputs {
 public:
  explicit Outputs(const Options& options) : force_(options.force) {
    add(options.output, options.source);
    if (!options.report.empty()) add(options.report, options.source);
    if (!options.ops_list.empty()) add(options.ops_list, options.source);
  }

  /// Contents of the next file, in the order of the constructor.
  void write(const std::string& bytes) { files_[written_++].write(bytes); }
  /// All get their names once all are written.
  void commit() {
    for (OutputFile& file : files_) file.commit();
  }

 private:
  void add(const std::string& path, const std::string& source) {
    std::error_code ignored;
    if (std::filesystem::equivalent(path, source, ignored)) {
      throw Error(ExitCode::kUsage, path + ": is the model to convert; give another name");
    }
    if (!paths_.insert(std::filesystem::absolute(path).lexically_normal()).second) {
      throw Error(ExitCode::kUsage, path + ": is named for two outputs");
    }
    files_.emplace_back(path, force_);
  }

  bool force_;
  std::deque<OutputFile> files_;
  std::set<std::string> paths_;
  size_t written_ = 0;
};

std::string result_text(const Options& options, const Summary& summary) {
  return printable(options.output) + "\n  " + with_commas(summary.file_bytes) + " bytes, " +
         std::to_string(summary.layers.size()) + " layers, density " + percent(summary.density()) + ", arena " +
         with_commas(summary.arena_bytes) + " bytes\n";
}

void convert_file(const Options& options) {
  const Progress progress(options.common.quiet);
  if (!options.report.empty()) report_form(options.report);
  ImportOptions import_options;
  import_options.input_shapes = parse_input_shapes(options.input_shapes);
  FileNotes notes;
  const Target target = options.target.find();
  notes.target = target.name;
  if (!options.image.empty()) notes.preprocessing = parse_image_spec(options.image);
  require_regular_file(options.source);
  Outputs outputs(options);

  progress.say("reading " + options.source);
  Graph graph = import_model(options.source, import_options);
  if (notes.preprocessing) check_image_spec(*notes.preprocessing, graph);
  progress.say("converting " + std::to_string(graph.nodes.size()) + " nodes for " + notes.target);
  if (!target.note.empty()) progress.say(target.name + ": " + target.note);
  const Converted converted =
      convert(std::move(graph), target.costs, notes, options.dtype == "f16" ? fbs::Dtype::F16 : fbs::Dtype::F32);
  progress.say("checking the result");
  const MemoryModel model(converted.file);
  const Summary summary = summarize(model.view(), converted.file.size());
  // All that may fail for lack of memory comes before the first file.
  std::vector<std::string> texts;
  if (!options.report.empty()) texts.push_back(report_text(options.report, summary, file_name_of(options.output)));
  if (!options.ops_list.empty()) texts.push_back(ops_text(summary));
  const std::string result = result_text(options, summary);
  progress.say("writing " + options.output);
  outputs.write(converted.file);
  for (const std::string& text : texts) outputs.write(text);
  outputs.commit();
  print(result);
}

}  // namespace

void add_convert_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app,
                                  {"convert",
                                   "Convert an ONNX or TFLite model into an .lcn file",
                                   {"lacuna convert net.onnx -o net.lcn --input-shape data=1,3,224,224",
                                    "lacuna convert net.tflite -o net.lcn --report net.html --image "
                                    "'mean=127,127,127;std=128,128,128;labels=names.txt'"}},
                                  options->common);
  command->add_option("IN", options->source, "The model, .onnx or .tflite")->required();
  command->add_option("-o,--output", options->output, "The file to make")->type_name("OUT.lcn")->required();
  command->add_option("--input-shape", options->input_shapes, "Shape of an input, in place of the model's own")
      ->type_name("NAME=1,3,224,224")
      ->allow_extra_args(false);
  command->add_option("--report", options->report, "Also write what was decided for each layer")
      ->type_name("FILE.html|FILE.json");
  add_target_options(*command, options->target);
  command
      ->add_option("--dtype", options->dtype,
                   "Type of weights and of values between layers; inputs and outputs are fp32")
      ->check(CLI::IsMember({"f32", "f16"}))
      ->capture_default_str();
  command->add_option("--image", options->image, "How a picture becomes the first input; kept in the file")
      ->type_name("'mean=..;std=..;resize=256;fit=crop;filter=bilinear;order=rgb;labels=FILE'");
  command->add_option("--ops-list", options->ops_list, "Also write the names of the model's operators")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Replace files that exist");
  command->callback([options] { convert_file(*options); });
}

}  // namespace lacuna
