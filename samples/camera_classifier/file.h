// Whole files in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace camera {

/// A file mapped read-only. Throws Failure when it cannot be.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// Reads a file into `bytes`, whose memory is kept. Returns 0 or the number of the system's error.
int read_file(const char* path, std::vector<uint8_t>& bytes);

/// Writes a file anew. Returns 0 or the number of the system's error.
int write_file(const char* path, const uint8_t* bytes, size_t count);

}  // namespace camera
