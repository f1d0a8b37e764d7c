#include "file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.h"

namespace camera {

MappedFile::MappedFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status = {};
  if (file < 0 || ::fstat(file, &status) != 0) {
    const std::string reason = std::strerror(errno);
    if (file >= 0) ::close(file);
    throw Failure(path + ": cannot be opened: " + reason);
  }
  size_ = static_cast<size_t>(status.st_size);
  void* data =
      S_ISREG(status.st_mode) && size_ > 0 ? ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
  ::close(file);
  if (data == MAP_FAILED) throw Failure(path + ": is empty or no regular file");
  data_ = static_cast<const uint8_t*>(data);
}

MappedFile::~MappedFile() { ::munmap(const_cast<uint8_t*>(data_), size_); }

int read_file(const char* path, std::vector<uint8_t>& bytes) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  struct stat status = {};
  int error = ::fstat(file, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
  bytes.resize(error == 0 ? static_cast<size_t>(status.st_size) : 0);
  size_t done = 0;
  while (error == 0 && done < bytes.size()) {
    const ssize_t got = ::read(file, bytes.data() + done, bytes.size() - done);
    if (got < 0) error = errno;
    if (got == 0) bytes.resize(done);
    if (got > 0) done += static_cast<size_t>(got);
  }
  ::close(file);
  return error;
}

int write_file(const char* path, const uint8_t* bytes, size_t count) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int error = 0;
  while (error == 0 && count > 0) {
    const ssize_t put = ::write(file, bytes, count);
    if (put < 0) error = errno;
    if (put > 0) {
      bytes += put;
      count -= static_cast<size_t>(put);
    }
  }
  return ::close(file) != 0 && error == 0 ? errno : error;
}

}  // namespace camera
