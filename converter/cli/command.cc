#include "converter/cli/command.h"

#include <algorithm>

#include "sdk/base/isa.h"

namespace lacuna {
namespace {

/// Empty for the name of an instruction set, otherwise what is wrong. Whether this CPU has it is the runtime's to say.
std::string check_isa(const std::string& name) {
  std::string known;
  for (const IsaName& isa : kIsaNames) {
    if (name == isa.name) return "";
    known += std::string(known.empty() ? "" : ", ") + isa.name;
  }
  return "there is no instruction set '" + name + "' on this architecture; known are " + known;
}

}  // namespace

CLI::App* add_command(CLI::App& app, const CommandInfo& info, CommonOptions& common) {
  CLI::App* command = app.add_subcommand(info.name, info.description);
  command->add_option("--isa", common.isa, "Highest instruction set that kernels may use (default: the CPU's best)")
      ->check(CLI::Validator(check_isa, "NAME"));
  command->add_flag("-q,--quiet", common.quiet, "No progress on stderr");
  std::string footer = "Examples:";
  for (const char* example : info.examples) footer += std::string("\n  ") + example;
  command->footer(footer);
  return command;
}

void add_threads_option(CLI::App& command, uint32_t& threads) {
  command.add_option("--threads", threads, "Threads that compute")->check(CLI::Range(1, 64))->capture_default_str();
}

void add_provider_option(CLI::App& command, std::string& provider) {
  command.add_option("--provider", provider, "Other kernels for dense regions, used where they are faster: xnnpack")
      ->check(CLI::IsMember({"xnnpack"}));
}

void add_target_options(CLI::App& command, TargetOptions& options) {
  command.add_option("--target", options.target, "The CPU that the file is made for; it runs on every one")
      ->check(CLI::Validator(check_target, "NAME|PROFILE.json"))
      ->capture_default_str();
  command.add_option("--profile", options.profile, "Costs measured by lacuna tune, in place of the built-in ones")
      ->type_name("FILE.json");
}

void add_input_option(CLI::App& command, std::vector<std::string>& inputs) {
  command.add_option("--input", inputs, "An array of numbers, one for each input; without NAME in order")
      ->type_name("[NAME=]FILE.npy")
      ->allow_extra_args(false);
}

}  // namespace lacuna
