#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/inputs.h"
#include "converter/cli/model_file.h"
#include "converter/cli/npy.h"
#include "converter/cli/output_file.h"
#include "converter/ir/graph.h"

namespace lacuna {
namespace {

struct Options {
  CommonOptions common;
  std::string model;
  std::vector<std::string> inputs;
  std::string output_dir;
  uint32_t threads = 1;
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

void run(const Options& options) {
  const Progress progress(options.common.quiet);
  const ModelFile model(options.model);
  const std::vector<Tensor> inputs = read_inputs(model, options.inputs);
  make_folder(options.output_dir);
  std::deque<OutputFile> files;
  for (size_t i = 0; i < model.model().output_count(); ++i) {
    files.emplace_back(options.output_dir + "/" + std::to_string(i) + ".npy", options.force);
  }

  Session session = start_session(model, {options.common.isa, options.threads, false, options.provider});
  progress.say("running " + options.model + " on " + session.isa());
  set_inputs(session, inputs);
  session.run();

  const std::vector<Tensor> outputs = get_outputs(model, session);
  for (size_t i = 0; i < outputs.size(); ++i) files[i].write(format_npy(outputs[i].shape, outputs[i].f32.data()));
  std::string result;
  for (size_t i = 0; i < outputs.size(); ++i) {
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
                   "Run a model on arrays; writes 0.npy, 1.npy ... in the source model's order and layout",
                   {"lacuna run net.lcn --input photo.npy --output-dir out",
                    "lacuna run pair.lcn --input left=a.npy --input right=b.npy --output-dir out --threads 2"}},
                  options->common);
  command->add_option("MODEL", options->model, "The converted model, .lcn")->required();
  add_input_option(*command, options->inputs);
  command->add_option("--output-dir", options->output_dir, "Folder of the results; made when missing")
      ->type_name("DIR")
      ->required();
  add_threads_option(*command, options->threads);
  add_provider_option(*command, options->provider);
  command->add_flag("--force", options->force, "Replace files that exist");
  command->callback([options] { run(*options); });
}

}  // namespace lacuna
