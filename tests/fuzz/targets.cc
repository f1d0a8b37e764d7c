#include "tests/fuzz/targets.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lacuna::fuzz {

const Target* find(const char* name) {
  for (const Target& target : kTargets) {
    if (std::strcmp(target.name, name) == 0) return &target;
  }
  return nullptr;
}

void require(bool good, const char* promise, const char* detail) {
  if (good) return;
  std::fprintf(stderr, "broken promise: %s %s\n", promise, detail);
  std::abort();
}

}  // namespace lacuna::fuzz
