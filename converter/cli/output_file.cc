#include "converter/cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "converter/ir/error.h"

namespace lacuna {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Writes everything; 0 or the error number.
int write_all(int descriptor, const std::string& bytes) {
  constexpr size_t kChunkBytes = size_t{64} << 20;
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(descriptor, bytes.data() + done, std::min(kChunkBytes, bytes.size() - done));
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) done += static_cast<size_t>(n);
  }
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

/// Makes a rename last. Filesystems that cannot sync folders are none of our business.
void sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

OutputFile::OutputFile(std::string path, bool force) : path_(std::move(path)), force_(force) {
  struct stat target;
  if (::stat(path_.c_str(), &target) == 0) {
    if (!S_ISREG(target.st_mode)) throw Error(ExitCode::kUsage, path_ + ": is not a regular file; give a file's name");
    if (!force_) fail_exists();
    if (::access(path_.c_str(), W_OK) != 0) fail(errno);
  }
  if (::access(folder_of(path_).c_str(), W_OK | X_OK) != 0) fail(errno);
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(const std::string& bytes) {
  const std::string name = folder_of(path_) + "/.lacuna-" + std::to_string(::getpid()) + "-";
  int descriptor = -1;
  for (int attempt = 0; descriptor < 0; ++attempt) {
    std::string candidate = name + std::to_string(attempt);
    descriptor = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) temporary_.swap(candidate);  // needs no memory: no file is forgotten
    if (descriptor < 0 && errno != EEXIST) fail(errno);
  }
  const int write_error = write_all(descriptor, bytes);
  const int close_error = ::close(descriptor) == 0 ? 0 : errno;
  if (write_error != 0) fail(write_error);
  if (close_error != 0) fail(close_error);
}

void OutputFile::commit() {
  const std::string folder = folder_of(path_);  // nothing may fail once the file has its name
  if (force_) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
    temporary_.clear();
  } else {
    link_without_overwriting();
  }
  sync_folder(folder);
}

/// A hard link never replaces a file that appeared meanwhile. Where there are none, looking first must do.
void OutputFile::link_without_overwriting() {
  if (::link(temporary_.c_str(), path_.c_str()) == 0) return;  // the destructor removes the temporary name
  if (errno == EEXIST || ::access(path_.c_str(), F_OK) == 0) fail_exists();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

void OutputFile::fail(int error_number) const {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  throw Error(full ? ExitCode::kResourceLimit : ExitCode::kMalformed,
              path_ + ": cannot be written: " + std::strerror(error_number) +
                  (full ? "; make room or choose another disk" : "; choose a folder that exists and is writable"));
}

void OutputFile::fail_exists() const { throw Error(ExitCode::kUsage, path_ + ": exists already; --force replaces it"); }

void write_file(const std::string& path, const std::string& bytes, bool force) {
  OutputFile file(path, force);
  file.write(bytes);
  file.commit();
}

}  // namespace lacuna
