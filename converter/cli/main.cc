// The lacuna program. Exit codes are those of ExitCode.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/ir/error.h"
#include "lacuna/lacuna.h"

#if defined(__SANITIZE_ADDRESS__)
/// A size that no memory can hold ends in bad_alloc, as without the sanitizer.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
#endif

namespace lacuna {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 ok, 1 internal error, 2 usage, 3 unreadable or malformed input, 4 unsupported,\n"
    "            5 outside the comparison's bound, 6 resource limit (memory, disk, sizes)";

/// A closed pipe and a file size limit are reported by write(), not by the end of the process.
void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

/// Out of memory where nothing may be thrown, as in destructors of a library: still ends with the exit code for it. No
/// command calls libraries while a file of its own is half done.
[[noreturn]] void end_without_memory() {
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::bad_alloc&) {
    constexpr char kMessage[] = "lacuna: out of memory\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
    std::_Exit(static_cast<int>(ExitCode::kResourceLimit));
  } catch (...) {
  }
  std::abort();
}

int exit_with(ExitCode code, const std::string& message) {
  print_error(message);
  return static_cast<int>(code);
}

/// Runs the command that the arguments name.
void run_command(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
  } catch (const CLI::CallForVersion& version) {
    print(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    const auto commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
    throw Error(ExitCode::kUsage, std::string(error.what()) + "; see lacuna" + command + " --help");
  }
}

int run_program(int argc, char** argv) {
  try {
    CLI::App app("Runs pruned neural networks fast on CPUs: converts, runs, measures and explains them.", "lacuna");
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("lacuna ") + lacuna_version());
    app.footer(kExitCodes);
    add_convert_command(app);
    add_inspect_command(app);
    add_run_command(app);
    add_bench_command(app);
    add_compare_command(app);
    add_doctor_command(app);
    add_tune_command(app);
    add_prune_command(app);
    run_command(app, argc, argv);
    return static_cast<int>(ExitCode::kOk);
  } catch (const Error& error) {
    return exit_with(error.code, error.what());
  } catch (const std::bad_alloc&) {
    return exit_with(ExitCode::kResourceLimit, "out of memory: the model or its data is too large for this machine");
  } catch (const std::length_error&) {
    return exit_with(ExitCode::kResourceLimit, "a size exceeds what memory can hold");
  } catch (const std::exception& error) {
    return exit_with(ExitCode::kInternal, std::string("internal error: ") + error.what() + "; please report it");
  }
}

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  lacuna::ignore_write_signals();
  std::set_terminate(lacuna::end_without_memory);
  return lacuna::run_program(argc, argv);
}
