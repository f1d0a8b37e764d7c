// The commands of the program, and what all of them have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "converter/cli/target.h"

namespace lacuna {

/// Options of every command.
struct CommonOptions {
  std::string isa;  ///< empty: the best one
  bool quiet = false;
};

/// What `lacuna COMMAND --help` says and takes beyond the command's own options.
struct CommandInfo {
  const char* name;
  const char* description;
  std::vector<const char*> examples;  ///< worked ones, two at least
};

/// A command with the common options, which are written into `common`.
CLI::App* add_command(CLI::App& app, const CommandInfo& info, CommonOptions& common);

/// Each adds one command to the program. Running it throws Error for every exit code but 0.
void add_convert_command(CLI::App& app);
void add_inspect_command(CLI::App& app);
void add_run_command(CLI::App& app);
void add_bench_command(CLI::App& app);
void add_compare_command(CLI::App& app);
void add_doctor_command(CLI::App& app);
void add_tune_command(CLI::App& app);
void add_prune_command(CLI::App& app);

/// The option --threads.
void add_threads_option(CLI::App& command, uint32_t& threads);

/// The option --provider.
void add_provider_option(CLI::App& command, std::string& provider);

/// The options --target and --profile.
void add_target_options(CLI::App& command, TargetOptions& options);

/// The option --input [NAME=]FILE.npy, any number of times.
void add_input_option(CLI::App& command, std::vector<std::string>& inputs);

}  // namespace lacuna
