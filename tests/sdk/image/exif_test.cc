// Orientations of JPEG files.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>

#include "lacuna/lacuna_image.h"

namespace lacuna {
namespace {

using Turn = std::pair<uint32_t, uint32_t>;

Turn turn_of(const std::string& file) {
  Turn turn = {1, 1};
  lacuna_image_orientation(file.data(), file.size(), &turn.first, &turn.second);
  return turn;
}

std::string number(uint32_t value, int bytes, bool big) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i));
  return text;
}

/// An entry of a directory with one short.
std::string entry(uint32_t tag, uint32_t value, bool big) {
  return number(tag, 2, big) + number(3, 2, big) + number(1, 4, big) + number(value, 2, big) + number(0, 2, big);
}

std::string segment(char marker, const std::string& bytes) {
  return std::string("\xff") + marker + number(static_cast<uint32_t>(bytes.size()) + 2, 2, true) + bytes;
}

/// A JPEG's head, up to where pixels would follow.
std::string jpeg(uint32_t orientation, bool big) {
  const std::string directory = number(2, 2, big) + entry(0x0100, 640, big) + entry(0x0112, orientation, big);
  const std::string tiff = (big ? "MM" : "II") + number(42, 2, big) + number(8, 4, big) + directory;
  return "\xff\xd8" + segment('\xe0', "JFIF") + segment('\xe1', std::string("Exif\0\0", 6) + tiff) +
         segment('\xda', "");
}

TEST_CASE("each orientation, in both byte orders") {
  const Turn turns[] = {{0, 0}, {0, 0}, {0, 1}, {180, 0}, {180, 1}, {90, 1}, {90, 0}, {270, 1}, {270, 0}, {0, 0}};
  for (uint32_t orientation = 0; orientation < 10; ++orientation) {
    CAPTURE(orientation);
    CHECK(turn_of(jpeg(orientation, false)) == turns[orientation]);
    CHECK(turn_of(jpeg(orientation, true)) == turns[orientation]);
  }
}

TEST_CASE("files that say nothing are upright") {
  CHECK(turn_of("") == Turn{0, 0});
  CHECK(turn_of("\xff\xd8") == Turn{0, 0});
  CHECK(turn_of("P6 1 1 255 abc") == Turn{0, 0});
  CHECK(turn_of("\xff\xd8" + segment('\xda', "") + jpeg(6, true).substr(2)) == Turn{0, 0});
}

TEST_CASE("heads cut short or damaged never read beyond their end") {
  const std::string whole = jpeg(6, true);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) turn_of(std::string(whole.data(), bytes));
  const uint32_t seed = 1;
  CAPTURE(seed);
  std::mt19937 rng(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    damaged[rng() % damaged.size()] = static_cast<char>(rng());
    const Turn turn = turn_of(damaged);
    CHECK(turn.first % 90 == 0);
    CHECK(turn.second <= 1);
  }
}

}  // namespace
}  // namespace lacuna
