#include <doctest/doctest.h>

#include <random>

#include "converter/plan/plan.h"

namespace lacuna {
namespace {

Buffer buffer(uint64_t bytes, int first, int last) { return Buffer{bytes, 0, Life{first, last}}; }

bool clash(const Buffer& a, const Buffer& b) {
  const bool alive_together = a.life.first <= b.life.last && b.life.first <= a.life.last;
  return alive_together && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// What must be kept at the busiest step: no plan can do with less.
uint64_t lower_bound(const std::vector<Buffer>& buffers, int steps) {
  uint64_t most = 0;
  for (int step = -1; step <= steps; ++step) {
    uint64_t bytes = 0;
    for (const Buffer& b : buffers) bytes += b.life.first <= step && step <= b.life.last ? b.bytes : 0;
    most = std::max(most, bytes);
  }
  return most;
}

TEST_CASE("a chain of equal buffers takes the room of two") {
  std::vector<Buffer> buffers = {buffer(64, 0, 1), buffer(64, 1, 2), buffer(64, 2, 3), buffer(64, 3, 4)};
  CHECK(place_greedy(buffers) == 128);
  CHECK(place_naive(buffers) == 256);
}

TEST_CASE("a hole between long-lived neighbours is filled") {
  std::vector<Buffer> buffers = {buffer(256, 0, 9), buffer(192, 0, 2), buffer(128, 0, 9), buffer(64, 4, 5),
                                 buffer(64, 4, 5)};
  CHECK(place_greedy(buffers) == 576);
}

TEST_CASE("no buffers take no room") {
  std::vector<Buffer> buffers;
  CHECK(place_greedy(buffers) == 0);
}

TEST_CASE("random lives never clash and stay between the bounds") {
  const unsigned seed = 7;
  MESSAGE("seed " << seed);
  std::mt19937 rng(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<Buffer> buffers;
    const int steps = 1 + static_cast<int>(rng() % 30);
    for (unsigned i = 0; i < 1 + rng() % 40; ++i) {
      const int first = static_cast<int>(rng() % static_cast<unsigned>(steps + 1)) - 1;
      buffers.push_back(buffer(64 * (1 + rng() % 50), first, first + static_cast<int>(rng() % 6)));
    }
    const uint64_t arena = place_greedy(buffers);
    std::vector<Buffer> naive = buffers;
    CHECK(arena <= place_naive(naive));
    CHECK(arena >= lower_bound(buffers, steps + 6));
    for (size_t i = 0; i < buffers.size(); ++i) {
      CHECK(buffers[i].offset % kAlignment == 0);
      CHECK(buffers[i].offset + buffers[i].bytes <= arena);
      for (size_t j = 0; j < i; ++j) CHECK_FALSE(clash(buffers[i], buffers[j]));
    }
  }
}

TEST_CASE("the picture shows low addresses at the bottom and time from left to right") {
  const std::vector<Buffer> buffers = {Buffer{64, 0, Life{0, 1}}, Buffer{64, 64, Life{1, 2}}};
  CHECK(draw_plan(buffers, 128, 3, 2, 3) == ".BB\nAA.\n");
}

}  // namespace
}  // namespace lacuna
