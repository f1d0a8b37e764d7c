// silent_run FILE.lcn...: runs each model at one thread with the kernel told to end the process at any system call, and
// with an allocator that tells on its callers. Says which models did either. `silent_run --self-test` breaks both
// rules.
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "lacuna/lacuna.hpp"

namespace {

volatile bool armed = false;

enum Ending { kSilent = 0, kAllocated = 3, kFailed = 4, kSystemCall = 128 };

/// All that seccomp's strict mode lets through, beside reads and writes.
[[noreturn]] void leave(int code) {
  for (;;) syscall(SYS_exit, code);
}

void tell() {
  if (armed) leave(kAllocated);
}

}  // namespace

#if defined(__GLIBC__)
extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* memory, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);

void* malloc(size_t bytes) {
  tell();
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  tell();
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, size_t bytes) {
  tell();
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  tell();
  return __libc_memalign(alignment, bytes);
}
}
#endif

namespace {

void arm() {
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) {
    std::perror("seccomp");
    leave(kFailed);
  }
  armed = true;
}

/// Calls `body`, which ends the process, in one of its own.
template <class Body>
int ending_of(Body body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    body();
    leave(kSilent);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL ? kSystemCall : kFailed;
  return WEXITSTATUS(status);
}

const char* text_of(int ending) {
  switch (ending) {
    case kSilent:
      return "silent";
    case kAllocated:
      return "allocated memory";
    case kSystemCall:
      return "made a system call";
    default:
      return "could not be run";
  }
}

void run(const char* path, const char* isa) {
  lacuna_error error = {};
  const auto model = lacuna::Model::open_file(path, &error);
  lacuna::SessionOptions options;
  options.isa = isa;
  auto session = model ? lacuna::Session::make(*model, options, &error) : std::nullopt;
  if (!session) {
    std::fprintf(stderr, "%s: %s\n", path, error.message);
    leave(kFailed);
  }
  std::vector<std::vector<float>> inputs;
  std::vector<std::vector<float>> outputs;
  for (size_t i = 0; i < model->input_count(); ++i) inputs.emplace_back(model->input(i)->bytes / sizeof(float), 0.5f);
  for (size_t i = 0; i < model->output_count(); ++i) outputs.emplace_back(model->output(i)->bytes / sizeof(float));
  arm();
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (size_t i = 0; i < inputs.size(); ++i)
      session->set_input(i, inputs[i].data(), inputs[i].size() * sizeof(float));
    session->run();
    for (size_t i = 0; i < outputs.size(); ++i) {
      session->get_output(i, outputs[i].data(), outputs[i].size() * sizeof(float));
    }
  }
  leave(kSilent);
}

int self_test() {
  const bool seen = ending_of([] { arm(); }) == kSilent && ending_of([] {
                                                             arm();
                                                             void* volatile memory = std::malloc(100);
                                                             std::free(memory);
                                                           }) == kAllocated &&
                    ending_of([] {
                      arm();
                      getppid();
                    }) == kSystemCall;
  std::puts(seen ? "both rules are enforced" : "a broken rule is not seen");
  return seen ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--self-test") == 0) return self_test();
  int loud = 0;
  for (int i = 1; i < argc; ++i) {
    for (const char* isa : lacuna::isas()) {
      const int ending = ending_of([&] { run(argv[i], isa); });
      if (ending == kSilent) continue;
      std::printf("%s on %s: %s\n", argv[i], isa, text_of(ending));
      ++loud;
    }
  }
  std::printf("%d models, %d of their runs not silent\n", argc - 1, loud);
  return loud == 0 && argc > 1 ? 0 : 1;
}
