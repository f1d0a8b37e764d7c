#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include <cerrno>
#include <cstring>

#include "platforms/platform.h"

namespace lacuna {
namespace {

Status fail_io(const char* path, const char* what, lacuna_error* error) {
  return fail(error, LACUNA_ERROR_IO, "%.160s: %s", path, what);
}

/// Bytes of a regular file that is not empty.
Status measure(int descriptor, const char* path, size_t* bytes, lacuna_error* error) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return fail_io(path, strerror(errno), error);
  if (S_ISDIR(status.st_mode)) return fail_io(path, strerror(EISDIR), error);
  if (!S_ISREG(status.st_mode)) return fail_io(path, "not a regular file", error);
  if (status.st_size == 0) return fail_io(path, "the file is empty", error);
  if (static_cast<uint64_t>(status.st_size) > SIZE_MAX) {
    return fail(error, LACUNA_ERROR_TOO_LARGE, "%.160s: larger than the address space", path);
  }
  *bytes = static_cast<size_t>(status.st_size);
  return LACUNA_OK;
}

Status map_open_file(int descriptor, const char* path, MappedFile* file, lacuna_error* error) {
  size_t bytes = 0;
  LACUNA_RETURN_IF_ERROR(measure(descriptor, path, &bytes, error));
  void* data = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return fail_io(path, strerror(errno), error);
  *file = {data, bytes};
  return LACUNA_OK;
}

Status read_all(int descriptor, const char* path, uint8_t* data, size_t bytes, lacuna_error* error) {
  constexpr size_t kMostAtOnce = size_t{1} << 30;  // systems bound what one call reads
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = read(descriptor, data + done, bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_io(path, strerror(errno), error);
    if (got == 0) return fail_io(path, "the file became shorter while it was read", error);
    done += static_cast<size_t>(got);
  }
  return LACUNA_OK;
}

Status copy_open_file(int descriptor, const char* path, MappedFile* file, lacuna_error* error) {
  size_t bytes = 0;
  LACUNA_RETURN_IF_ERROR(measure(descriptor, path, &bytes, error));
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return fail_io(path, strerror(errno), error);
  Status status = read_all(descriptor, path, static_cast<uint8_t*>(data), bytes, error);
  if (status == LACUNA_OK && mprotect(data, bytes, PROT_READ) != 0) status = fail_io(path, strerror(errno), error);
  if (status == LACUNA_OK) {
    *file = {data, bytes};
  } else {
    munmap(data, bytes);
  }
  return status;
}

using Take = Status (*)(int descriptor, const char* path, MappedFile* file, lacuna_error* error);

Status take_file(const char* path, Take take, MappedFile* file, lacuna_error* error) {
  // Non-blocking: opening a pipe must not wait for its writer.
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return fail_io(path, strerror(errno), error);
  const Status status = take(descriptor, path, file, error);
  close(descriptor);
  return status;
}

/// Advice about the whole pages between two addresses.
void advise(uintptr_t begin, uintptr_t end, int advice) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses of pages, cut to whole ones
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

// The numbers that sysconf takes differ between the C libraries of Linux.
#if defined(__linux__)
uintptr_t page_bytes() { return static_cast<uintptr_t>(getauxval(AT_PAGESZ)); }
#else
uintptr_t page_bytes() { return static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)); }
#endif

}  // namespace

Status map_file(const char* path, MappedFile* file, lacuna_error* error) {
  return take_file(path, map_open_file, file, error);
}

Status copy_file(const char* path, MappedFile* file, lacuna_error* error) {
  return take_file(path, copy_open_file, file, error);
}

void unmap_file(const MappedFile& file) {
  if (file.data != nullptr) munmap(const_cast<void*>(file.data), file.bytes);
}

void hint_sequential(const MappedFile& file) { madvise(const_cast<void*>(file.data), file.bytes, MADV_SEQUENTIAL); }

void hint_needed(const void* data, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  advise(begin / page_bytes() * page_bytes(), begin + bytes, MADV_WILLNEED);
}

void hint_done(const void* data, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  const uintptr_t page = page_bytes();
  advise((begin + page - 1) / page * page, (begin + bytes) / page * page, MADV_DONTNEED);
}

}  // namespace lacuna
