// Every call by which loader and converter can run out of something fails once, in turn: a documented error comes of
// it, nothing leaks from the loader, and the converter leaves a whole file or none.
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

constexpr int kReached = 64;  ///< added to the exit code of a conversion that met its fault

/// `lacuna convert` in a process of its own; the exit code, or minus the signal that ended it.
int convert(const std::string& source, const std::string& output, unsigned kinds, size_t number) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::string arguments[] = {"lacuna", "convert", source, "-o", output, "--quiet"};
    char* argv[7] = {};
    for (int i = 0; i < 6; ++i) argv[i] = arguments[i].data();
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(100);
    faults::arm(kinds, number);
    const int code = lacuna_main(6, argv);
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

void test_converter(const std::string& source, const fs::path& folder, unsigned kinds, const char* name) {
  const std::string good = folder / "good.lcn";
  expect(convert(source, good, 0, 0) == 0, "the model converts");
  const std::string expected = contents(good);
  fs::remove(good);
  const std::string output = folder / "out.lcn";
  size_t number = 0;
  size_t reported = 0;
  for (bool reached = true; reached; ++number) {
    const int ended = convert(source, output, kinds, number);
    const std::string where = std::string(name) + ", call " + std::to_string(number);
    // A library that cannot recover ends the program with this code at once.
    reached = ended < 0 || ended >= kReached || ended == static_cast<int>(lacuna::ExitCode::kResourceLimit);
    const int code = ended >= kReached ? ended - kReached : ended;
    expect(code == 0 || code == 2 || code == 3 || code == 6, where + ": ended with " + std::to_string(code));
    expect(reached || code == 0, where + ": an error without a cause");
    reported += code != 0;
    expect(code != 0 || contents(output) == expected, where + ": success without the whole file");
    expect(code == 0 || !fs::exists(output), where + ": failure with a file");
    fs::remove(output);
    expect(count_files(folder) == 0, where + ": a temporary file is left");
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry);
    if (failures > 20) return;
  }
  std::printf("converter, %s: %zu calls failed in turn, %zu of them reported\n", name, number - 1, reported);
  expect(reported > 0, "the converter is never made to fail");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL.lcn SOURCE...\n", argv[0]);
    return 2;
  }
  test_loaders(argv[1]);
  const fs::path folder = fs::temp_directory_path() / ("lacuna-faults-" + std::to_string(getpid()));
  fs::create_directories(folder);
  for (int i = 2; i < argc; ++i) {
    test_converter(argv[i], folder, faults::kFiles, "files");
    test_converter(argv[i], folder, faults::kMemory, "memory");
  }
  fs::remove_all(folder);
  std::printf("%d promises broken\n", failures);
  return failures == 0 ? 0 : 1;
}
