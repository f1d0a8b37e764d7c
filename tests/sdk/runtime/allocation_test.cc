// No allocation between init and end: malloc itself is replaced and counts. Sanitizers bring a malloc of their own.
#include <doctest/doctest.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <atomic>

#include "lacuna/lacuna.h"
#include "tests/sdk/model_builder.h"

namespace {
std::atomic<size_t> allocations{0};
}

extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* memory, size_t bytes);

void* malloc(size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, size_t bytes) {
  ++allocations;
  return __libc_realloc(memory, bytes);
}
}

using namespace lacuna;

TEST_CASE("no allocation: open, size, init, set_input, run, get_output, end") {
  const AlignedBytes file = sample_model().file();
  const AlignedBytes arena(1 << 20);
  std::vector<float> data(kSampleElements);
  const size_t data_bytes = data.size() * sizeof(float);
  lacuna_session_options options = lacuna_session_options_default();
  for (const uint32_t threads : {1u, 2u}) {
    options.threads = threads;
    lacuna_model model;
    lacuna_session* session = nullptr;
    size_t bytes = 0;
    const size_t before_open = allocations;
    lacuna_status status = lacuna_model_open(file.data(), file.size(), &model, nullptr);
    if (status == LACUNA_OK) status = lacuna_session_size(&model, &options, &bytes, nullptr);
    const size_t before_init = allocations;
    if (status == LACUNA_OK) status = lacuna_session_init(&model, &options, arena.data(), bytes, &session, nullptr);
    const size_t after_init = allocations;
    REQUIRE(status == LACUNA_OK);
    CHECK(before_init == before_open);
    if (threads == 1) CHECK(after_init == before_init);  // starting a thread allocates in the C library

    const size_t before_run = allocations;
    for (int run = 0; run < 3; ++run) {
      lacuna_session_set_input(session, 0, data.data(), data_bytes, nullptr);
      lacuna_session_run(session);
      lacuna_session_get_output(session, 2, data.data(), data_bytes, nullptr);
    }
    lacuna_session_end(session);
    CHECK(allocations == before_run);
  }
}

TEST_CASE("no allocation: the trap itself counts") {
  const size_t before = allocations;
  std::free(std::malloc(1));
  delete new int;
  CHECK(allocations > before);
}

#endif
