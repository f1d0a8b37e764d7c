// Files that appear whole or not at all.
#pragma once

#include <string>

namespace lacuna {

/// A file in the making. Written beside its target under another name; commit() gives it its name, and without that the
/// target stays as it was. Errors: kUsage for a target that exists while `force` is false or that is no regular file,
/// kMalformed for a folder that is missing or not writable, kResourceLimit for a full disk, quota or file size limit.
class OutputFile {
 public:
  /// Checks the target, writes nothing yet.
  OutputFile(std::string path, bool force);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& path() const { return path_; }

  /// Writes the whole contents and forces them to the disk. Called once.
  void write(const std::string& bytes);

  /// Gives the written file its name.
  void commit();

 private:
  [[noreturn]] void fail(int error_number) const;
  [[noreturn]] void fail_exists() const;
  void link_without_overwriting();

  std::string path_;
  bool force_;
  std::string temporary_;  ///< empty: nothing to remove
};

/// All in one.
void write_file(const std::string& path, const std::string& bytes, bool force);

}  // namespace lacuna
