#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platforms/platform.h"

namespace lacuna {
namespace {

Status fail_io(const char* path, const char* what, lacuna_error* error) {
  return fail(error, LACUNA_ERROR_IO, "%.160s: %s", path, what);
}

Status map_open_file(int descriptor, const char* path, MappedFile* file, lacuna_error* error) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return fail_io(path, strerror(errno), error);
  if (S_ISDIR(status.st_mode)) return fail_io(path, strerror(EISDIR), error);
  if (!S_ISREG(status.st_mode)) return fail_io(path, "not a regular file", error);
  if (status.st_size == 0) return fail_io(path, "the file is empty", error);
  if (static_cast<uint64_t>(status.st_size) > SIZE_MAX) {
    return fail(error, LACUNA_ERROR_TOO_LARGE, "%.160s: larger than the address space", path);
  }
  const auto bytes = static_cast<size_t>(status.st_size);
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return fail_io(path, strerror(errno), error);
  *file = {data, bytes};
  return LACUNA_OK;
}

}  // namespace

Status map_file(const char* path, MappedFile* file, lacuna_error* error) {
  // Non-blocking: opening a pipe must not wait for its writer.
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return fail_io(path, strerror(errno), error);
  const Status status = map_open_file(descriptor, path, file, error);
  close(descriptor);
  return status;
}

void unmap_file(const MappedFile& file) {
  if (file.data != nullptr) munmap(const_cast<void*>(file.data), file.bytes);
}

}  // namespace lacuna
