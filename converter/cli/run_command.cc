#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/inputs.h"
#include "converter/cli/model_file.h"
#include "converter/cli/npy.h"
#include "converter/cli/output_file.h"
#include "converter/ir/graph.h"
#include "lacuna/lacuna_image.h"

namespace lacuna {
namespace {

struct Options {
  CommonOptions common;
  std::string model;
  std::vector<std::string> inputs;
  std::string output_dir;
  uint32_t threads = 1;
  uint32_t top = 0;
  std::string provider;
  bool force = false;
};

void make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return;
  const int reason = errno;
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return;
  const ExitCode code = reason == ENOSPC || reason == EDQUOT ? ExitCode::kResourceLimit : ExitCode::kMalformed;
  throw Error(code, path + ": the folder cannot be made: " + std::strerror(reason == EEXIST ? ENOTDIR : reason));
}

/// The classes that the first output gives the largest numbers, best first, with their names.
std::string top_classes(const ModelFile& model, const Tensor& scores, uint32_t top) {
  std::vector<size_t> order(scores.f32.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores.f32[a] > scores.f32[b]; });
  order.resize(std::min<size_t>(order.size(), top));
  std::string text;
  for (const size_t index : order) {
    const char* label = lacuna_model_label(model.model().get(), index);
    char number[32];
    std::snprintf(number, sizeof(number), "%9.5f  ", static_cast<double>(scores.f32[index]));
    text += number + std::to_string(index) + "  " + (label == nullptr ? "" : printable(label)) + "\n";
  }
  return text;
}

void run(const Options& options) {
  if (options.output_dir.empty() && options.top == 0) {
    throw Error(ExitCode::kUsage, "say what to do with the results: --output-dir DIR, --top N or both");
  }
  const Progress progress(options.common.quiet);
  const ModelFile model(options.model);
  const std::vector<Tensor> inputs = read_inputs(model, options.inputs);
  std::deque<OutputFile> files;
  if (!options.output_dir.empty()) make_folder(options.output_dir);
  for (size_t i = 0; i < model.model().output_count() && !options.output_dir.empty(); ++i) {
    files.emplace_back(options.output_dir + "/" + std::to_string(i) + ".npy", options.force);
  }

  Session session = start_session(model, {options.common.isa, options.threads, false, options.provider});
  progress.say("running " + options.model + " on " + session.isa());
  set_inputs(session, inputs);
  session.run();

  const std::vector<Tensor> outputs = get_outputs(model, session);
  for (size_t i = 0; i < files.size(); ++i) files[i].write(format_npy(outputs[i].shape, outputs[i].f32.data()));
  std::string result;
  if (options.top != 0) result = top_classes(model, outputs[0], options.top);
  for (size_t i = 0; i < files.size(); ++i) {
    files[i].commit();
    result +=
        files[i].path() + "  " + printable(model.model().output(i)->name) + "  " + to_string(outputs[i].shape) + "\n";
  }
  print(result);
}

}  // namespace

void add_run_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app,
                  {"run",
                   "Run a model on arrays or a picture; writes 0.npy, 1.npy ... in the source model's order and layout",
                   {"lacuna run net.lcn --input photo.npy --output-dir out",
                    "lacuna run pair.lcn --input left=a.npy --input right=b.npy --output-dir out --threads 2",
                    "lacuna run pictures.lcn --input photo.png --top 5"}},
                  options->common);
  command->add_option("MODEL", options->model, "The converted model, .lcn")->required();
  add_input_option(*command, options->inputs);
  command->add_option("--output-dir", options->output_dir, "Folder of the results; made when missing")
      ->type_name("DIR");
  command->add_option("--top", options->top, "Print the N largest numbers of the first output with their labels")
      ->type_name("N");
  add_threads_option(*command, options->threads);
  add_provider_option(*command, options->provider);
  command->add_flag("--force", options->force, "Replace files that exist");
  command->callback([options] { run(*options); });
}

}  // namespace lacuna
