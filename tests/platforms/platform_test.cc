#include "platforms/platform.h"

#include <doctest/doctest.h>

using namespace lacuna;

TEST_CASE("clock_ns: moves forward") {
  const uint64_t start = clock_ns();
  uint64_t now = start;
  for (int i = 0; i < 1000000 && now == start; ++i) now = clock_ns();
  CHECK(now > start);
}

TEST_CASE("map_file: a special file is no model, and is not waited for") {
  MappedFile file;
  lacuna_error error;
  CHECK(map_file("/dev/zero", &file, &error) == LACUNA_ERROR_IO);
  CHECK(file.data == nullptr);
  unmap_file(file);
}
