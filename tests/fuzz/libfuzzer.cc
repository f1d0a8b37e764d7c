// Where libFuzzer enters. The first argument is a target's name.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/targets.h"

namespace {
const lacuna::fuzz::Target* target = nullptr;
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  target = *argc > 1 ? lacuna::fuzz::find((*argv)[1]) : nullptr;
  if (target == nullptr) {
    std::fprintf(stderr, "usage: %s TARGET [option of libFuzzer]... [FOLDER]...\n", (*argv)[0]);
    std::exit(2);
  }
  for (int i = 1; i + 1 < *argc; ++i) (*argv)[i] = (*argv)[i + 1];
  --*argc;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  target->run(data, bytes);
  return 0;
}
