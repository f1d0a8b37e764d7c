// What the runtime takes from the operating system. One folder a system implements it (posix/).
#pragma once

#include <cstddef>
#include <cstdint>

#include "sdk/base/status.h"

namespace lacuna {

/// A file that is mapped read-only. Empty: data is null.
struct MappedFile {
  const void* data = nullptr;  ///< aligned to a page
  size_t bytes = 0;
};

/// Maps a whole file. Errors: IO with the system's reason, TOO_LARGE.
Status map_file(const char* path, MappedFile* file, lacuna_error* error);

/// Reads a whole file into memory of the system's, which is read-only from then on and ends with unmap_file().
/// Errors: IO with the system's reason, TOO_LARGE.
Status copy_file(const char* path, MappedFile* file, lacuna_error* error);

/// Ends a mapping; an empty one is fine.
void unmap_file(const MappedFile& file);

/// Hints about a mapped file; none changes what is read. It will be read from front to back:
void hint_sequential(const MappedFile& file);
/// These bytes will be read soon: the system may fetch them meanwhile.
void hint_needed(const void* data, size_t bytes);
/// These bytes, pages that they share with others left out, will not be read for long.
void hint_done(const void* data, size_t bytes);

/// A clock that never goes back, in nanoseconds.
uint64_t clock_ns();

/// A running thread. Private.
struct Thread {
  uint64_t handle = 0;
};

/// Starts entry(argument) in a new thread. False: the system gives none.
bool start_thread(Thread* thread, void* (*entry)(void*), void* argument);

/// Waits for the end of a thread.
void join_thread(const Thread& thread);

/// A mutex with one condition on which any number of threads wait. Lives where it was made.
class Monitor {
 public:
  Monitor();
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  void lock();
  void unlock();
  void wait();  ///< while locked; may return without a cause
  void notify_all();

 private:
  alignas(8) unsigned char storage_[128];
};

/// Tells the CPU that this is a waiting loop.
inline void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

}  // namespace lacuna
