// stack_test FILE.lcn...: how much stack opening, preparing and running take, on every instruction set: no more than
// lacuna.h says.
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "lacuna/lacuna.hpp"

namespace {

constexpr size_t kOpenBytes = size_t{64} << 10;
constexpr size_t kOtherBytes = size_t{32} << 10;
constexpr size_t kStackBytes = size_t{1} << 20;
constexpr unsigned char kPaint = 0xa5;

/// Bytes of a painted stack that `body` changes; what a thread takes to start and end is among it.
template <class Body>
size_t stack_of(unsigned char* stack, Body body) {
  std::memset(stack, kPaint, kStackBytes);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, kStackBytes);
  pthread_t thread;
  const auto entry = [](void* called) -> void* {
    (*static_cast<Body*>(called))();
    return nullptr;
  };
  if (pthread_create(&thread, &attributes, entry, &body) == 0) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  const unsigned char* touched = std::find_if(stack, stack + kStackBytes, [](unsigned char c) { return c != kPaint; });
  return static_cast<size_t>(stack + kStackBytes - touched);
}

}  // namespace

int main(int argc, char** argv) {
  auto* stack = static_cast<unsigned char*>(
      mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
  const size_t thread = stack_of(stack, [] {});
  size_t most_open = 0;
  size_t most_init = 0;
  size_t most_run = 0;
  for (int i = 1; i < argc; ++i) {
    lacuna_error error = {};
    const auto opened = lacuna::Model::open_file(argv[i], &error);
    if (!opened) return std::fprintf(stderr, "%s: %s\n", argv[i], error.message), 1;
    most_open = std::max(most_open, stack_of(stack, [&] { lacuna::Model::open_file(argv[i]); }));
    for (const char* isa : lacuna::isas()) {
      lacuna::SessionOptions options;
      options.isa = isa;
      std::optional<lacuna::Session> session;
      most_init = std::max(most_init, stack_of(stack, [&] { session = lacuna::Session::make(*opened, options); }));
      if (!session) return std::fprintf(stderr, "%s: no session on %s\n", argv[i], isa), 1;
      most_run = std::max(most_run, stack_of(stack, [&] { session->run(); }));
    }
  }
  std::printf(
      "%d models: %zu bytes of stack to open, %zu for a session, %zu to run, %zu for a thread that does nothing\n",
      argc - 1, most_open - thread, most_init - thread, most_run - thread, thread);
  const bool good = most_open - thread <= kOpenBytes && std::max(most_init, most_run) - thread <= kOtherBytes;
  return good && argc > 1 ? 0 : 1;
}
