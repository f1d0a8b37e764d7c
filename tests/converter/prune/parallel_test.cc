#include "converter/prune/parallel.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using lacuna::prune::parallel_for;

TEST_CASE("parallel_for: each index once, by a thread of its own at a time, and what they wrote is seen") {
  for (const size_t n : {size_t{0}, size_t{1}, size_t{3}, size_t{1000}}) {
    for (const size_t threads : {size_t{1}, size_t{2}, size_t{7}}) {
      CAPTURE(n);
      CAPTURE(threads);
      std::vector<int> calls(n);
      std::vector<size_t> done(threads);
      parallel_for(n, threads, [&](size_t i, size_t thread) {
        ++calls[i];
        ++done[thread];
      });
      size_t sum = 0;
      for (const size_t count : done) sum += count;
      CHECK(sum == n);
      CHECK(calls == std::vector<int>(n, 1));
    }
  }
}

TEST_CASE("parallel_for: the first exception comes out, and no thread is left") {
  for (const size_t threads : {size_t{1}, size_t{4}}) {
    CAPTURE(threads);
    std::vector<int> calls(100);
    CHECK_THROWS_AS(parallel_for(calls.size(), threads,
                                 [&](size_t i, size_t) {
                                   ++calls[i];
                                   if (i >= 10) throw std::runtime_error("ten");
                                 }),
                    std::runtime_error);
    for (size_t i = 0; i <= 10; ++i) CHECK(calls[i] == 1);
  }
}
