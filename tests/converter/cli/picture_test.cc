#include "converter/cli/picture.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/exit_code.h"

namespace lacuna {
namespace {

TEST_CASE("names of pictures, by their end in either case") {
  CHECK(is_picture_name("a/b.jpg"));
  CHECK(is_picture_name("B.JPEG"));
  CHECK(is_picture_name("c.d.PnG"));
  CHECK_FALSE(is_picture_name("png"));
  CHECK_FALSE(is_picture_name("a.npy"));
  CHECK_FALSE(is_picture_name(""));
}

Picture gradient(int width, int height) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int v : {x * 10, y * 10, 77}) picture.pixels.push_back(static_cast<uint8_t>(v));
    }
  }
  return picture;
}

TEST_CASE("resize: the same size is a copy, one colour stays, a ramp stays a ramp") {
  const Picture picture = gradient(20, 10);
  CHECK(resize(picture, 20, 10).pixels == picture.pixels);
  for (const auto& [width, height] : {std::pair{7, 3}, {41, 23}, {1, 1}}) {
    const Picture small = resize(picture, width, height);
    CHECK(small.pixels.size() == static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) CHECK(small.at(x, y)[2] == 77);
    }
    for (int x = 1; x < width; ++x) CHECK(small.at(x, 0)[0] >= small.at(x - 1, 0)[0]);
  }
  CHECK(resize(picture, 10, 5).at(5, 2)[0] == 105);  // between columns 10 and 11
}

TEST_CASE("crop takes the named part") {
  const Picture part = crop(gradient(20, 10), 3, 2, 4, 5);
  CHECK(part.pixels.size() == 4 * 5 * 3);
  CHECK(part.at(0, 0)[0] == 30);
  CHECK(part.at(3, 4)[1] == 60);
}

TEST_CASE("files that are no whole pictures are malformed") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("lacuna_picture_" + std::to_string(getpid()))).string();
  const auto read = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return exit_code_of([&] { read_picture(path); });
  };
  CHECK(read("text") == ExitCode::kMalformed);
  CHECK(read("\xff\xd8\xff\xe0 cut short") == ExitCode::kMalformed);
  CHECK(read("\x89PNG\r\n\x1a\n cut short") == ExitCode::kMalformed);
  std::filesystem::remove(path);
  CHECK(exit_code_of([&] { read_picture(path); }) == ExitCode::kMalformed);
}

}  // namespace
}  // namespace lacuna
