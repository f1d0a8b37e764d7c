#include "converter/choose/pattern.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>

namespace lacuna {
namespace {

/// Weights [rows, channels, taps] that are not zero where `keep` says so.
std::string pattern(int64_t rows, int64_t channels, int64_t taps,
                    const std::function<bool(int64_t row, int64_t channel, int64_t tap)>& keep) {
  Tensor weight(ElementType::kF32, make_shape({rows, channels, 1, taps}));
  size_t i = 0;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = 0; t < taps; ++t) weight.f32[i++] = keep(r, c, t) ? 1.0f : 0.0f;
    }
  }
  return detect_pattern(weight);
}

/// Whether block (a, b) of a random tenth is kept: the same answer for the same block.
bool random_block(int64_t a, int64_t b, int64_t tap) {
  return std::mt19937(static_cast<uint32_t>(a * 7919 + b * 104729 + tap * 31))() % 10 == 0;
}

TEST_CASE("all kept, and none") {
  CHECK(pattern(8, 8, 3, [](int64_t, int64_t, int64_t) { return true; }) == "dense");
  CHECK(pattern(8, 8, 3, [](int64_t, int64_t, int64_t) { return false; }) == "empty");
}

TEST_CASE("random zeros") {
  CHECK(pattern(64, 64, 1, [](int64_t r, int64_t c, int64_t t) { return random_block(r, c, t); }) == "unstructured");
}

TEST_CASE("rows and input channels that are gone") {
  CHECK(pattern(16, 16, 3, [](int64_t r, int64_t c, int64_t) { return r % 3 != 0 && c % 5 != 1; }) == "channels");
}

TEST_CASE("blocks of rows and of channels, by tap, the largest that fits") {
  CHECK(pattern(64, 64, 3, [](int64_t r, int64_t c, int64_t t) { return random_block(r / 4, c, t); }) == "4x1");
  CHECK(pattern(64, 64, 3, [](int64_t r, int64_t c, int64_t t) { return random_block(r / 16, c, t); }) == "16x1");
  CHECK(pattern(64, 64, 3, [](int64_t r, int64_t c, int64_t t) { return random_block(r, c / 4, t); }) == "1x4");
  CHECK(pattern(64, 64, 1, [](int64_t r, int64_t c, int64_t t) { return random_block(r / 4, c / 4, t); }) == "4x4");
}

TEST_CASE("blocks at the edge may be cut") {
  CHECK(pattern(66, 31, 1, [](int64_t r, int64_t c, int64_t t) { return random_block(r / 4, c, t); }) == "4x1");
}

TEST_CASE("two of four") {
  const auto keep = [](int64_t r, int64_t c, int64_t) {
    const auto pair = static_cast<uint32_t>(std::mt19937(static_cast<uint32_t>(r * 1009 + c / 4))() % 3);
    return c % 4 == 3 || static_cast<uint32_t>(c % 4) == pair;
  };
  CHECK(pattern(32, 64, 1, keep) == "2:4");
}

TEST_CASE("a few weights leave two of four by accident: too few to be meant") {
  CHECK(pattern(4, 64, 1, [](int64_t r, int64_t c, int64_t) { return (r * 64 + c) % 37 == 5; }) == "unstructured");
}

TEST_CASE("a vector of weights") {
  Tensor weight(ElementType::kF32, make_shape({8}));
  CHECK(detect_pattern(weight) == "empty");
}

}  // namespace
}  // namespace lacuna
