// Files that the user names to be read.
#pragma once

#include <string>

#include "platforms/platform.h"

namespace lacuna {

/// Throws Error(kMalformed) unless `path` is a regular file that may be read: reading a folder, a pipe or a device
/// could fail late, hang or never end.
void require_regular_file(const std::string& path);

/// A whole regular file, mapped read-only.
class InputFile {
 public:
  /// Throws Error(kMalformed); kResourceLimit for a file larger than the address space. An empty file is malformed.
  explicit InputFile(const std::string& path);
  ~InputFile() { unmap_file(file_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const unsigned char* data() const { return static_cast<const unsigned char*>(file_.data); }
  size_t bytes() const { return file_.bytes; }

 private:
  MappedFile file_;
};

}  // namespace lacuna
