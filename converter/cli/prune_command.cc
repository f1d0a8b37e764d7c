#include <algorithm>
#include <memory>
#include <thread>

#include "converter/cli/calibration.h"
#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/image_spec.h"
#include "converter/cli/input_file.h"
#include "converter/cli/input_shapes.h"
#include "converter/cli/memory_model.h"
#include "converter/cli/model_file.h"
#include "converter/cli/output_file.h"
#include "converter/cli/table.h"
#include "converter/convert.h"
#include "converter/onnx/export.h"
#include "converter/prune/prune.h"
#include "converter/prune/report.h"
#include "platforms/platform.h"

namespace lacuna {
namespace {

struct Options {
  CommonOptions common;
  std::string source;
  std::string output;
  std::string samples;
  std::vector<std::string> input_shapes;
  std::string image;
  std::string pattern = "free";
  double speedup = 0;     ///< 0: not asked for
  double latency_ms = 0;  ///< 0: not asked for
  TargetOptions target;
  std::string report;
  std::string store = "f32";
  prune::PruneOptions prune;
  uint32_t threads = 0;  ///< 0: all
  bool json = false;
  bool force = false;
};

constexpr int kTimedRuns = 15;

prune::Pattern parse_pattern(const std::string& name) {
  for (const prune::Pattern pattern :
       {prune::Pattern::kFree, prune::Pattern::k4x1, prune::Pattern::k1x4, prune::Pattern::kTwoOfFour}) {
    if (name == prune::name_of(pattern)) return pattern;
  }
  throw Error(ExitCode::kUsage, "--pattern " + name + ": known are free, 4x1, 1x4 and 2:4");
}

/// Median milliseconds of a run on this machine at one thread, on zeros; nothing when it cannot be had.
std::optional<double> time_network(const Graph& graph, const CostModel& costs) {
  const Converted converted = convert(graph, costs, FileNotes());
  const MemoryModel memory(converted.file);
  lacuna_error error = {};
  const std::optional<Model> model = Model::open(memory.data(), converted.file.size(), &error);
  std::optional<Session> session = model ? Session::make(*model, {}, &error) : std::nullopt;
  if (!session) return std::nullopt;
  const std::vector<float> zeros(static_cast<size_t>(count(graph.shape(graph.inputs[0]))));
  std::vector<double> ms;
  for (int i = 0; i < kTimedRuns; ++i) {
    if (session->set_input(0, zeros.data(), zeros.size() * sizeof(float)) != LACUNA_OK) return std::nullopt;
    const uint64_t start = clock_ns();
    session->run();
    ms.push_back(static_cast<double>(clock_ns() - start) * 1e-6);
  }
  std::sort(ms.begin(), ms.end());
  return ms[ms.size() / 2];
}

std::string milliseconds(double ms) { return fixed(ms, 2) + " ms"; }

std::string to_text(const prune::PruneResult& result, const prune::ReportNotes& notes) {
  std::string text = printable(notes.output) + "\n  zeros " + percent(result.sparsity) +
                     " of the weights that count, pattern " + notes.pattern + "\n  error at the outputs " +
                     percent(result.error) + " (" + percent(result.error_before) + " before training, " +
                     std::to_string(result.batches) + " batches)\n  layers, predicted for " + notes.target + ": " +
                     milliseconds(result.dense_us * 1e-3) + " dense, " + milliseconds(result.us * 1e-3) + " pruned";
  if (result.us > 0) text += ", " + fixed(result.dense_us / result.us, 2) + " times faster";
  if (notes.measured_dense_ms && notes.measured_ms) {
    text += "\n  network, measured here: " + milliseconds(*notes.measured_dense_ms) + " dense, " +
            milliseconds(*notes.measured_ms) + " pruned, " + fixed(*notes.measured_dense_ms / *notes.measured_ms, 2) +
            " times faster";
  }
  text += "\n  " + fixed(result.seconds, 0) + " s";
  if (result.out_of_time) text += ", training cut short by --minutes";
  return text + "\n";
}

void prune_file(Options options) {
  const Progress progress(options.common.quiet);
  options.prune.pattern = parse_pattern(options.pattern);
  options.prune.threads = options.threads != 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  if (options.speedup != 0) options.prune.speedup = options.speedup;
  if (options.latency_ms != 0) options.prune.latency_us = options.latency_ms * 1e3;
  ImportOptions import_options;
  import_options.input_shapes = parse_input_shapes(options.input_shapes);
  fbs::PreprocessingT image;
  if (!options.image.empty()) image = parse_image_spec(options.image);
  const Target target = options.target.find();
  const ExportOptions export_options = {options.store == "f16"};
  require_regular_file(options.source);
  { const OutputFile check(options.output, options.force); }
  std::unique_ptr<OutputFile> report;
  if (!options.report.empty()) report = std::make_unique<OutputFile>(options.report, options.force);

  progress.say("reading " + options.source);
  Graph graph = import_model(options.source, import_options);
  if (!options.image.empty()) check_image_spec(image, graph);
  if (graph.inputs.size() != 1) unsupported(graph.name + ": has several inputs; lacuna prune takes networks of one");
  const std::unique_ptr<prune::Samples> samples =
      read_samples(options.samples, graph, options.image.empty() ? nullptr : &image, progress);
  progress.say(std::to_string(samples->size()) + " samples");

  prune::PruneEvents events;
  bool replace = options.force;
  const auto keep = [&](const Graph& good) {
    write_file(options.output, export_onnx(good, export_options), replace);
    replace = true;  // the file is ours from now on
  };
  events.say = [&](const std::string& line) { progress.say(line); };
  events.checkpoint = keep;
  const prune::PruneResult result = prune::prune(graph, *samples, target.costs, options.prune, events);
  keep(result.graph);

  prune::ReportNotes notes;
  notes.source = file_name_of(options.source);
  notes.output = file_name_of(options.output);
  notes.target = target.name;
  notes.pattern = options.pattern;
  notes.samples = samples->size();
  notes.measured_dense_ms = time_network(graph, target.costs);
  notes.measured_ms = time_network(result.graph, target.costs);
  if (report != nullptr) {
    report->write(prune::to_html(result, notes));
    report->commit();
  }
  print(options.json ? prune::to_json(result, notes) : to_text(result, notes));
}

}  // namespace

void add_prune_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app,
      {"prune",
       "Make weights of a trained model zero, from unlabelled samples; writes an ONNX file",
       {"lacuna prune net.onnx -o sparse.onnx --calibrate photos --image 'mean=127,127,127;std=128,128,128;resize=256'",
        "lacuna prune net.onnx -o sparse.onnx --calibrate samples.npy --sparsity 0.7 --pattern 4x1 --report "
        "prune.html"}},
      options->common);
  command->add_option("IN", options->source, "The model, .onnx or .tflite")->required();
  command->add_option("-o,--output", options->output, "The file to make")->type_name("OUT.onnx")->required();
  command->add_option("--calibrate", options->samples, "Samples of what the network sees, without labels")
      ->type_name("DIR|FILE.npy")
      ->required();
  command->add_option("--image", options->image, "How a picture becomes the input")
      ->type_name("'mean=..;std=..;resize=256;order=rgb'");
  command->add_option("--input-shape", options->input_shapes, "Shape of an input, in place of the model's own")
      ->type_name("NAME=1,3,224,224")
      ->allow_extra_args(false);
  CLI::Option* sparsity =
      command->add_option("--sparsity", options->prune.sparsity, "Zeros, as part of the weights that can be pruned")
          ->check(CLI::Range(0.01, 0.99))
          ->capture_default_str();
  CLI::Option* speedup = command->add_option("--speedup", options->speedup, "Instead: how many times faster, predicted")
                             ->check(CLI::Range(1.0, 100.0))
                             ->excludes(sparsity);
  command->add_option("--latency-ms", options->latency_ms, "Instead: milliseconds that the layers may take, predicted")
      ->check(CLI::Range(1e-4, 1e6))
      ->excludes(sparsity)
      ->excludes(speedup);
  add_target_options(*command, options->target);
  command->add_option("--pattern", options->pattern, "How zeros lie: free, 4x1, 1x4 (outputs x inputs) or 2:4")
      ->capture_default_str();
  command->add_option("--keep", options->prune.keep, "A layer to leave alone; * at the end stands for anything")
      ->type_name("LAYER");
  command->add_option("--minutes", options->prune.minutes, "Time to take at most")
      ->check(CLI::Range(0.1, 1440.0))
      ->capture_default_str();
  command->add_option("--batches", options->prune.max_batches, "Batches to train at most, 0: only solve")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_option("--seed", options->prune.seed, "Of what is drawn at random")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads that compute (default: all)")->check(CLI::Range(1, 64));
  command->add_option("--report", options->report, "Also write what was done to each layer")->type_name("FILE.html");
  command->add_option("--store", options->store, "How weights are stored: f16 halves the file, a node makes them f32")
      ->check(CLI::IsMember({"f32", "f16"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object");
  command->add_flag("--force", options->force, "Replace files that exist");
  command->callback([options] { prune_file(*options); });
}

}  // namespace lacuna
