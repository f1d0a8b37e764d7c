#include "converter/cli/photo.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/exit_code.h"

namespace lacuna {
namespace {

class PhotoFile {
 public:
  explicit PhotoFile(const std::string& bytes)
      : path_((std::filesystem::temp_directory_path() / ("lacuna_photo_" + std::to_string(getpid()))).string()) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~PhotoFile() { std::filesystem::remove(path_); }
  PhotoFile(const PhotoFile&) = delete;
  PhotoFile& operator=(const PhotoFile&) = delete;

  Photo read() const { return read_photo(InputFile(path_), path_); }
  bool known() const { return is_photo(InputFile(path_)); }

 private:
  std::string path_;
};

TEST_CASE("a binary PPM is its pixels, a PGM grey ones") {
  const Photo colour = PhotoFile(std::string("P6\n2 1\n255\n") + "abcdef").read();
  CHECK(colour.width == 2);
  CHECK(colour.height == 1);
  CHECK(std::string(colour.rgb.begin(), colour.rgb.end()) == "abcdef");
  const Photo grey = PhotoFile(std::string("P5 1 2 255\n") + "xy").read();
  CHECK(std::string(grey.rgb.begin(), grey.rgb.end()) == "xxxyyy");
}

TEST_CASE("files that are no whole pictures are refused") {
  CHECK_FALSE(PhotoFile("text").known());
  for (const char* bytes : {"\xff\xd8\xff\xe0 cut short", "\x89PNG\r\n\x1a\n cut short", "P6 100 100 255\nshort"}) {
    const PhotoFile file(bytes);
    CHECK(file.known());
    CHECK(exit_code_of([&] { file.read(); }) == ExitCode::kMalformed);
  }
}

TEST_CASE("a picture that says to be enormous is refused before memory is taken") {
  const PhotoFile file("P6 1000000 1000000 255\n");
  CHECK(exit_code_of([&] { file.read(); }) == ExitCode::kResourceLimit);
}

}  // namespace
}  // namespace lacuna
