#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/inputs.h"
#include "converter/cli/model_file.h"
#include "converter/cli/output_file.h"
#include "converter/cli/table.h"
#include "converter/report/report.h"
#include "platforms/platform.h"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kSeed = 1;
constexpr uint32_t kMaxRuns = 1000000;
constexpr uint32_t kMaxProfiledRuns = 1000;

struct Options {
  CommonOptions common;
  std::string model;
  uint32_t threads = 1;
  std::string provider;
  double seconds = 3;
  uint32_t runs = 0;  ///< 0: as many as `seconds` allow
  uint32_t warmup = 3;
  bool layers = false;
  bool json = false;
  std::string trace;
  bool force = false;
};

/// The value below which `part` of all lie.
double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(std::lround(part * static_cast<double>(values.size() - 1)))];
}

double median(const std::vector<double>& values) { return quantile(values, 0.5); }

/// Calls `run` as often as the options say, at least once and at most `most` times.
template <class Run>
void repeat(const Options& options, uint32_t most, Run run) {
  const uint64_t start = clock_ns();
  uint32_t done = 0;
  if (options.runs != 0) most = std::min(most, options.runs);
  do {
    run();
  } while (++done < most && (options.runs != 0 || static_cast<double>(clock_ns() - start) < options.seconds * 1e9));
}

/// Milliseconds of one run. A run reuses the inputs' memory, so they are written each time.
double timed_run(Session& session, const std::vector<Tensor>& inputs) {
  set_inputs(session, inputs);
  const uint64_t start = clock_ns();
  session.run();
  return static_cast<double>(clock_ns() - start) * 1e-6;
}

struct LayerTime {
  lacuna_step step;
  std::vector<double> us;  ///< one a run
};

std::vector<double> time_runs(const Options& options, Session& session, const std::vector<Tensor>& inputs) {
  for (uint32_t i = 0; i < options.warmup; ++i) timed_run(session, inputs);
  std::vector<double> ms;
  repeat(options, kMaxRuns, [&] { ms.push_back(timed_run(session, inputs)); });
  return ms;
}

/// Steps with their times. `session` was made with profiling.
std::vector<LayerTime> time_layers(const Options& options, Session& session, const std::vector<Tensor>& inputs) {
  for (uint32_t i = 0; i < options.warmup; ++i) timed_run(session, inputs);
  std::vector<LayerTime> layers(session.step_count());
  repeat(options, kMaxProfiledRuns, [&] {
    timed_run(session, inputs);
    for (size_t i = 0; i < layers.size(); ++i) {
      layers[i].step = *session.step(i);
      layers[i].us.push_back(static_cast<double>(layers[i].step.last_ns) * 1e-3);
    }
  });
  return layers;
}

double density(const lacuna_step& step) { return Summary::density_of(step.nonzeros, step.weights); }

/// Whose kernel runs the step.
const char* provider_of(const lacuna_step& step, const lacuna_provided& provided) {
  return std::strcmp(step.kernel, provided.provider) == 0 ? provided.provider : "lacuna";
}

Json to_json(const std::vector<LayerTime>& layers, const lacuna_provided& provided) {
  Json list = Json::array();
  for (const LayerTime& layer : layers) {
    const lacuna_step& step = layer.step;
    list.push_back({{"name", step.name},
                    {"op", step.op},
                    {"kernel", step.kernel},
                    {"provider", provider_of(step, provided)},
                    {"packing", step.packing},
                    {"density", density(step)},
                    {"macs", step.macs},
                    {"nonzero_macs", step.nonzero_macs},
                    {"median_us", median(layer.us)}});
  }
  return list;
}

std::string layer_table(const std::vector<LayerTime>& layers) {
  using Align = Table::Align;
  double total_us = 0;
  for (const LayerTime& layer : layers) total_us += median(layer.us);
  Table table({{"name"},
               {"op"},
               {"kernel"},
               {"packing"},
               {"density", Align::kRight},
               {"MACs", Align::kRight},
               {"non-zero", Align::kRight},
               {"us", Align::kRight},
               {"part", Align::kRight},
               {"GMAC/s", Align::kRight}});
  for (const LayerTime& layer : layers) {
    const lacuna_step& step = layer.step;
    const double us = median(layer.us);
    const bool computes = step.nonzero_macs > 0 && us > 0;
    table.add_row({shortened(step.name), step.op, step.kernel, step.packing,
                   step.weights == 0 ? "-" : percent(density(step)), with_commas(step.macs),
                   with_commas(step.nonzero_macs), fixed(us, 1), percent(total_us > 0 ? us / total_us : 0),
                   computes ? fixed(static_cast<double>(step.nonzero_macs) / us * 1e-3, 1) : "-"});
  }
  return table.to_string();
}

/// The last run in the Trace Event Format that browsers' tracing pages read: steps one after the other.
std::string trace_text(const std::vector<LayerTime>& layers) {
  Json events = Json::array();
  double start_us = 0;
  for (const LayerTime& layer : layers) {
    const lacuna_step& step = layer.step;
    const double us = static_cast<double>(step.last_ns) * 1e-3;
    events.push_back({{"name", step.name},
                      {"cat", step.op},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", 1},
                      {"ts", start_us},
                      {"dur", us},
                      {"args",
                       {{"op", step.op},
                        {"kernel", step.kernel},
                        {"packing", step.packing},
                        {"density", density(step)},
                        {"macs", step.macs},
                        {"nonzero_macs", step.nonzero_macs}}}});
    start_us += us;
  }
  return Json({{"traceEvents", events}, {"displayTimeUnit", "ms"}})
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

Json to_json(const Options& options, const Summary& summary, const std::string& isa, const std::vector<double>& ms) {
  return {{"schema_version", kJsonSchemaVersion},
          {"model", file_name_of(options.model)},
          {"isa", isa},
          {"threads", options.threads},
          {"runs", ms.size()},
          {"median_ms", median(ms)},
          {"min_ms", *std::min_element(ms.begin(), ms.end())},
          {"p95_ms", quantile(ms, 0.95)},
          {"weight_bytes", summary.weight_bytes},
          {"file_bytes", summary.file_bytes},
          {"macs", summary.macs},
          {"nonzero_macs", summary.nonzero_macs}};
}

Json to_json(const lacuna_provided& provided) {
  return {{"provider", provided.provider},
          {"regions", provided.regions},
          {"steps", provided.steps},
          {"layout_changes", provided.layout_changes},
          {"bytes", provided.bytes}};
}

std::string provided_text(const Json& result) {
  if (!result.contains("provided")) return "";
  const Json& provided = result.at("provided");
  const auto number = [&](const char* key) { return with_commas(provided.at(key).get<uint64_t>()); };
  return "  " + provided.at("provider").get<std::string>() + " runs " + number("steps") + " steps in " +
         number("regions") + " regions, " + number("layout_changes") + " layout changes, " + number("bytes") +
         " bytes outside the arena\n";
}

std::string to_text(const Json& result) {
  const auto number = [&](const char* key) { return with_commas(result.at(key).get<uint64_t>()); };
  const auto time = [&](const char* key) { return fixed(result.at(key).get<double>(), 3) + " ms"; };
  return printable(result.at("model").get<std::string>()) + ": " + result.at("isa").get<std::string>() + ", threads " +
         number("threads") + ", runs " + number("runs") + "\n  median " + time("median_ms") + "  min " +
         time("min_ms") + "  p95 " + time("p95_ms") + "\n  arena " + number("arena_bytes") + "  weights " +
         number("weight_bytes") + "  file " + number("file_bytes") + " bytes\n  MACs " + number("macs") + ", " +
         number("nonzero_macs") + " with a non-zero weight\n" + provided_text(result);
}

void bench(const Options& options) {
  const Progress progress(options.common.quiet);
  const ModelFile model(options.model);
  std::unique_ptr<OutputFile> trace;
  if (!options.trace.empty()) trace = std::make_unique<OutputFile>(options.trace, options.force);
  const RunOptions run_options = {options.common.isa, options.threads, false, options.provider};
  const RunOptions profile_options = {options.common.isa, options.threads, true, options.provider};
  const std::vector<Tensor> inputs = random_inputs(model, kSeed);

  Json result;
  {
    Session session = start_session(model, run_options);
    progress.say("timing " + options.model + " on " + session.isa());
    const std::vector<double> ms = time_runs(options, session, inputs);
    result = to_json(options, summarize(model.view(), model.bytes()), session.isa(), ms);
    result["arena_bytes"] = arena_bytes_of(model, run_options);
    if (!options.provider.empty()) result["provided"] = to_json(session.provided());
  }
  std::string text = to_text(result);
  if (options.layers || trace != nullptr) {
    Session session = start_session(model, profile_options);
    progress.say("timing its layers");
    const std::vector<LayerTime> layers = time_layers(options, session, inputs);
    if (options.layers) {
      result["layers"] = to_json(layers, session.provided());
      text += "\n" + layer_table(layers);
    }
    if (trace != nullptr) {
      trace->write(trace_text(layers));
      trace->commit();
    }
  }
  print(options.json ? result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : text);
}

}  // namespace

void add_bench_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app,
      {"bench",
       "Time a model on random inputs, and its layers",
       {"lacuna bench net.lcn --threads 2 --layers", "lacuna bench net.lcn --runs 100 --json --trace net.trace.json"}},
      options->common);
  command->add_option("MODEL", options->model, "The converted model, .lcn")->required();
  add_threads_option(*command, options->threads);
  add_provider_option(*command, options->provider);
  CLI::Option* seconds = command->add_option("--seconds", options->seconds, "How long to repeat runs")
                             ->check(CLI::Range(0.0, 86400.0))
                             ->capture_default_str();
  command->add_option("--runs", options->runs, "How many runs, in place of --seconds")
      ->check(CLI::Range(uint32_t{1}, kMaxRuns))
      ->excludes(seconds);
  command->add_option("--warmup", options->warmup, "Runs before, not counted")
      ->check(CLI::Range(uint32_t{0}, kMaxRuns))
      ->capture_default_str();
  command->add_flag("--layers", options->layers, "Also the time of each layer");
  command->add_flag("--json", options->json, "One JSON object");
  command->add_option("--trace", options->trace, "Write one profiled run for a browser's tracing page")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Replace a trace file that exists");
  command->callback([options] { bench(*options); });
}

}  // namespace lacuna
