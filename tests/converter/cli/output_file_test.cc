#include "converter/cli/output_file.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/exit_code.h"

namespace lacuna {
namespace {

/// A folder that ends with the test.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "lacuna-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return path / name; }
  size_t entries() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path), {})); }
};

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

TEST_CASE("output file: appears at commit, alone") {
  const Folder folder;
  {
    OutputFile file(folder.file("a"), false);
    file.write("whole");
    CHECK_FALSE(std::filesystem::exists(folder.file("a")));
    file.commit();
  }
  CHECK(contents(folder.file("a")) == "whole");
  CHECK(folder.entries() == 1);
}

TEST_CASE("output file: nothing is left without commit") {
  const Folder folder;
  { OutputFile(folder.file("a"), false).write("half"); }
  CHECK(folder.entries() == 0);
}

TEST_CASE("output file: an existing file stays, unless forced") {
  const Folder folder;
  write_file(folder.file("a"), "old", false);
  CHECK(exit_code_of([&] { OutputFile(folder.file("a"), false); }) == ExitCode::kUsage);
  CHECK(contents(folder.file("a")) == "old");
  write_file(folder.file("a"), "new", true);
  CHECK(contents(folder.file("a")) == "new");
  CHECK(folder.entries() == 1);
}

TEST_CASE("output file: a file that appears meanwhile stays") {
  const Folder folder;
  CHECK(exit_code_of([&] {
          OutputFile file(folder.file("a"), false);
          write_file(folder.file("a"), "other", false);
          file.write("mine");
          file.commit();
        }) == ExitCode::kUsage);
  CHECK(contents(folder.file("a")) == "other");
  CHECK(folder.entries() == 1);
}

TEST_CASE("output file: devices, folders and missing folders are refused") {
  const Folder folder;
  CHECK(exit_code_of([] { OutputFile("/dev/null", true); }) == ExitCode::kUsage);
  CHECK(exit_code_of([&] { OutputFile(folder.path, true); }) == ExitCode::kUsage);
  CHECK(exit_code_of([&] { OutputFile(folder.file("missing/a"), true); }) == ExitCode::kMalformed);
}

}  // namespace
}  // namespace lacuna
