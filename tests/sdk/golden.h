// Frozen files in tests/golden.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lacuna {

inline std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(LACUNA_GOLDEN) / name;
}

inline std::string read_golden(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Writes a file that is not there yet. False: it is.
inline bool write_golden(const std::string& name, const std::string& bytes) {
  if (std::filesystem::exists(golden_path(name))) return false;
  std::ofstream(golden_path(name), std::ios::binary) << bytes;
  return true;
}

}  // namespace lacuna
