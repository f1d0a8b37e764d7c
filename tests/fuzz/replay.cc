// Runs a target over files and folders of them, without a fuzzer: what the corpus holds stays right.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/targets.h"

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<char> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  const lacuna::fuzz::Target* target = argc > 2 ? lacuna::fuzz::find(argv[1]) : nullptr;
  if (target == nullptr) {
    std::fprintf(stderr, "usage: %s TARGET FILE|FOLDER...\n", argv[0]);
    for (const auto& known : lacuna::fuzz::kTargets) std::fprintf(stderr, "  %-9s %s\n", known.name, known.what);
    return 2;
  }
  size_t done = 0;
  for (int i = 2; i < argc; ++i) {
    for (const auto& path : files_of(argv[i])) {
      const std::vector<char> bytes = read(path);
      std::fprintf(stderr, "%s\n", path.filename().c_str());  // names the culprit should the process end here
      target->run(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      ++done;
    }
  }
  std::printf("%s: %zu files\n", target->name, done);
  return done == 0 ? 1 : 0;
}
