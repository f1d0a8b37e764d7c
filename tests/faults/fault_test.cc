// Every call by which loader and converter can run out of something fails once, in turn: a documented error comes of
// it, nothing leaks from the loader, and the converter leaves a whole file or none. Pruning, too long for that, meets
// every fault of files and some of the others.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "converter/ir/error.h"
#include "lacuna/lacuna.h"
#include "tests/faults/faults.h"

/// main() of the lacuna program, renamed.
int lacuna_main(int argc, char** argv);

namespace {

namespace faults = lacuna::faults;
namespace fs = std::filesystem;

int failures = 0;

void expect(bool good, const std::string& what) {
  if (good) return;
  std::printf("FAILED: %s\n", what.c_str());
  ++failures;
}

// ------------------------------------------------------------------------------------------------------------- loader

alignas(LACUNA_ALIGNMENT) char arena[1 << 20];

/// Opens, builds a session of three threads, runs it, and gives everything back. Allocates nothing itself.
lacuna_status use_model(const char* path, const lacuna_open_options& how, lacuna_error* error) {
  lacuna_model model;
  lacuna_status status = lacuna_model_open_file_with(path, &how, &model, error);
  if (status != LACUNA_OK) return status;
  lacuna_session_options options = lacuna_session_options_default();
  options.threads = 3;
  lacuna_session* session = nullptr;
  status = lacuna_session_init(&model, &options, arena, sizeof(arena), &session, error);
  if (status == LACUNA_OK) lacuna_session_run(session);
  lacuna_session_end(session);
  lacuna_model_close(&model);
  return status;
}

void test_loader(const char* path, const lacuna_open_options& how, unsigned kinds, lacuna_status expected) {
  const long files = faults::open_files();
  const long mappings = faults::open_mappings();
  size_t number = 0;
  size_t reported = 0;
  for (bool reached = true; reached; ++number) {
    lacuna_error error = {};
    faults::arm(kinds, number);
    const lacuna_status status = use_model(path, how, &error);
    reached = faults::disarm();
    const std::string where = "loader, call " + std::to_string(number);
    // Closing a file that was read and hints may fail without harm.
    expect(status == LACUNA_OK || (status == expected && error.message[0] != '\0'), where + ": wrong status");
    expect(reached || status == LACUNA_OK, where + ": an error without a cause");
    reported += status != LACUNA_OK;
    expect(faults::open_files() == files, where + ": a file is left open");
    if (expected == LACUNA_ERROR_IO) expect(faults::open_mappings() == mappings, where + ": a mapping is left");
  }
  std::printf("loader: %zu calls failed in turn, %zu of them reported\n", number - 1, reported);
  expect(reported > 0, "the loader is never made to fail");
}

void test_loaders(const char* path) {
  lacuna_open_options how = lacuna_open_options_default();
  test_loader(path, how, faults::kFiles, LACUNA_ERROR_IO);
  how.copy = 1;
  test_loader(path, how, faults::kFiles, LACUNA_ERROR_IO);
  how.copy = 0;
  how.stream = 1;
  test_loader(path, how, faults::kFiles, LACUNA_ERROR_IO);
  test_loader(path, lacuna_open_options_default(), faults::kThreads, LACUNA_ERROR_THREADS);
}

// ---------------------------------------------------------------------------------------------------------- converter

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

constexpr int kReached = 64;  ///< added to the exit code of a program that met its fault

/// The lacuna program in a process of its own; its exit code, or minus the signal that ended it.
int lacuna_program(std::vector<std::string> arguments, unsigned kinds, size_t number) {
  arguments.insert(arguments.begin(), "lacuna");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(100);
    faults::arm(kinds, number);
    const int code = lacuna_main(static_cast<int>(argv.size()), argv.data());
    _exit(code + (faults::disarm() ? kReached : 0));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

size_t count_files(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

void empty(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry);
}

/// How a run that was to meet a fault ended.
struct Ending {
  Ending(int ended, const std::string& where) {
    // A library that cannot recover ends the program with this code at once.
    reached = ended < 0 || ended >= kReached || ended == static_cast<int>(lacuna::ExitCode::kResourceLimit);
    code = ended >= kReached ? ended - kReached : ended;
    expect(code == 0 || code == 2 || code == 3 || code == 6, where + ": ended with " + std::to_string(code));
    expect(reached || code == 0, where + ": an error without a cause");
  }

  bool reached;  ///< whether the fault was met
  int code;
};

void test_converter(const std::string& source, const fs::path& folder, unsigned kinds, const char* name) {
  const std::string good = folder / "good.lcn";
  expect(lacuna_program({"convert", source, "-o", good, "--quiet"}, 0, 0) == 0, "the model converts");
  const std::string expected = contents(good);
  fs::remove(good);
  const std::string output = folder / "out.lcn";
  size_t number = 0;
  size_t reported = 0;
  for (bool reached = true; reached; ++number) {
    const std::string where = std::string("convert, ") + name + ", call " + std::to_string(number);
    const Ending ending(lacuna_program({"convert", source, "-o", output, "--quiet"}, kinds, number), where);
    reached = ending.reached;
    reported += ending.code != 0;
    expect(ending.code != 0 || contents(output) == expected, where + ": success without the whole file");
    expect(ending.code == 0 || !fs::exists(output), where + ": failure with a file");
    fs::remove(output);
    expect(count_files(folder) == 0, where + ": a temporary file is left");
    empty(folder);
    if (failures > 20) return;
  }
  std::printf("convert, %s: %zu calls failed in turn, %zu of them reported\n", name, number - 1, reported);
  expect(reported > 0, "the converter is never made to fail");
}

/// A .npy file of float32 numbers between -1 and 1.
void write_samples(const fs::path& path, const std::string& shape, int elements) {
  constexpr size_t kHeaderBytes = 128;
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}";
  header.resize(kHeaderBytes - 11, ' ');
  std::ofstream file(path, std::ios::binary);
  file << "\x93NUMPY" << '\1' << '\0' << static_cast<char>(kHeaderBytes - 10) << '\0' << header << '\n';
  for (int i = 0; i < elements; ++i) {
    const float x = static_cast<float>(i * 37 % 64) / 32.0f - 1.0f;
    file.write(reinterpret_cast<const char*>(&x), sizeof(x));
  }
}

/// Pruning keeps what it has on the way: after a failure there may be a file, a whole one. Calls of a kind that are
/// many fail at distances that grow.
void test_pruning(const std::string& source, const fs::path& folder, unsigned kinds, const char* name, bool all) {
  const fs::path inputs = folder / "inputs";
  fs::create_directories(inputs);
  write_samples(inputs / "samples.npy", "(20, 16, 3, 3)", 20 * 16 * 3 * 3);
  const fs::path outputs = folder / "outputs";
  fs::create_directories(outputs);
  const std::string output = outputs / "out.onnx";
  size_t tried = 0;
  size_t kept = 0;
  for (size_t number = 0;; number += all ? 1 : 1 + number / 2) {
    const std::string where = std::string("prune, ") + name + ", call " + std::to_string(number);
    const Ending ending(lacuna_program({"prune", source, "-o", output, "--calibrate", inputs / "samples.npy",
                                        "--minutes", "0.1", "--threads", "2", "--sparsity", "0.1", "--quiet"},
                                       kinds, number),
                        where);
    if (ending.code == 0) expect(fs::exists(output), where + ": success without a file");
    if (kinds == faults::kThreads) expect(ending.code == 0, where + ": the threads that there are do not do the work");
    if (fs::exists(output)) {
      expect(lacuna_program({"convert", output, "-o", inputs / "out.lcn", "--force", "--quiet"}, 0, 0) == 0,
             where + ": its file is not whole");
      kept += ending.code != 0;
      fs::remove(output);
    }
    expect(count_files(outputs) == 0, where + ": a temporary file is left");
    empty(outputs);
    if (!ending.reached || failures > 20) break;
    ++tried;
  }
  std::printf("prune, %s: %zu calls failed, %zu left the file of the stage before\n", name, tried, kept);
  expect(tried > 0, "pruning is never made to fail");
  fs::remove_all(inputs);
  fs::remove_all(outputs);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s MODEL.lcn PRUNABLE SOURCE...\n", argv[0]);
    return 2;
  }
  test_loaders(argv[1]);
  const fs::path folder = fs::temp_directory_path() / ("lacuna-faults-" + std::to_string(getpid()));
  fs::create_directories(folder);
  for (int i = 3; i < argc; ++i) {
    test_converter(argv[i], folder, faults::kFiles, "files");
    test_converter(argv[i], folder, faults::kMemory, "memory");
  }
  test_pruning(argv[2], folder, faults::kFiles, "files", true);
  test_pruning(argv[2], folder, faults::kMemory, "memory", false);
  test_pruning(argv[2], folder, faults::kThreads, "threads", false);
  fs::remove_all(folder);
  std::printf("%d promises broken\n", failures);
  return failures == 0 ? 0 : 1;
}
