#include "tests/faults/faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace lacuna::faults {
namespace {

std::atomic<unsigned> armed{0};
std::atomic<size_t> left{0};
std::atomic<bool> fired{false};
std::atomic<long> files{0};
std::atomic<long> mappings{0};

/// Whether the call that asks must fail.
bool fails(Kind kind) {
  if ((armed & kind) == 0 || fired) return false;
  if (left-- > 0) return false;
  fired = true;
  return true;
}

bool fails_with(Kind kind, int error) {
  if (!fails(kind)) return false;
  errno = error;
  return true;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// `args` has the mode of a file that is created.
int open_file(const char* path, int flags, va_list args) {
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
  if (fails_with(kFiles, EMFILE)) return -1;
  const long descriptor = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  files += descriptor >= 0;
  return static_cast<int>(descriptor);
}

}  // namespace

void arm(unsigned kinds, size_t number) {
  left = number;
  fired = false;
  armed = kinds;
}

bool disarm() {
  armed = 0;
  return fired;
}

long open_files() { return files; }
long open_mappings() { return mappings; }

}  // namespace lacuna::faults

using namespace lacuna::faults;  // NOLINT(google-build-using-namespace): these are C functions

extern "C" {

void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* memory, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);

void* malloc(size_t bytes) { return fails_with(kMemory, ENOMEM) ? nullptr : __libc_malloc(bytes); }
void* calloc(size_t count, size_t bytes) { return fails_with(kMemory, ENOMEM) ? nullptr : __libc_calloc(count, bytes); }
void* realloc(void* memory, size_t bytes) {
  return fails_with(kMemory, ENOMEM) ? nullptr : __libc_realloc(memory, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  return fails_with(kMemory, ENOMEM) ? nullptr : __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  if (fails(kMemory)) return ENOMEM;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}

int open(const char* path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const int descriptor = open_file(path, flags, args);
  va_end(args);
  return descriptor;
}
int open64(const char* path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const int descriptor = open_file(path, flags, args);
  va_end(args);
  return descriptor;
}

int close(int descriptor) {
  const long result = syscall(SYS_close, descriptor);
  files -= result == 0;
  return fails_with(kFiles, EIO) ? -1 : static_cast<int>(result);
}

ssize_t read(int descriptor, void* data, size_t bytes) {
  return fails_with(kFiles, EIO) ? -1 : syscall(SYS_read, descriptor, data, bytes);
}
ssize_t write(int descriptor, const void* data, size_t bytes) {
  return fails_with(kFiles, ENOSPC) ? -1 : syscall(SYS_write, descriptor, data, bytes);
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  return fails_with(kFiles, ENOSPC) ? -1 : syscall(SYS_writev, descriptor, parts, count);
}
int fsync(int descriptor) { return fails_with(kFiles, EIO) ? -1 : static_cast<int>(syscall(SYS_fsync, descriptor)); }

int fstat(int descriptor, struct stat* status) {
  return fails_with(kFiles, EIO) ? -1 : fstatat(descriptor, "", status, AT_EMPTY_PATH);
}
int fstat64(int descriptor, struct stat64* status) {
  return fails_with(kFiles, EIO) ? -1 : fstatat64(descriptor, "", status, AT_EMPTY_PATH);
}

void* mmap(void* address, size_t bytes, int protection, int flags, int descriptor, off_t offset) {
  if (fails_with(kFiles, ENOMEM)) return MAP_FAILED;
  void* mapped = reinterpret_cast<void*>(syscall(SYS_mmap, address, bytes, protection, flags, descriptor, offset));
  mappings += mapped != MAP_FAILED;
  return mapped;
}
void* mmap64(void* address, size_t bytes, int protection, int flags, int descriptor, off64_t offset)
    __attribute__((alias("mmap")));
int munmap(void* address, size_t bytes) {
  --mappings;
  return static_cast<int>(syscall(SYS_munmap, address, bytes));
}
int mprotect(void* address, size_t bytes, int protection) {
  return fails_with(kFiles, ENOMEM) ? -1 : static_cast<int>(syscall(SYS_mprotect, address, bytes, protection));
}
int madvise(void* address, size_t bytes, int advice) {
  return fails_with(kFiles, EIO) ? -1 : static_cast<int>(syscall(SYS_madvise, address, bytes, advice));
}

int rename(const char* from, const char* to) {
  return fails_with(kFiles, EIO) ? -1 : static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int link(const char* from, const char* to) {
  return fails_with(kFiles, EPERM) ? -1 : static_cast<int>(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

FILE* fopen(const char* path, const char* mode) {
  if (fails_with(kFiles, EMFILE)) return nullptr;
  return next<FILE* (*)(const char*, const char*)>("fopen")(path, mode);
}
FILE* fopen64(const char* path, const char* mode) __attribute__((alias("fopen")));

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*entry)(void*), void* argument) {
  if (fails(kThreads)) return EAGAIN;
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  return next<Create>("pthread_create")(thread, attributes, entry, argument);
}
}
