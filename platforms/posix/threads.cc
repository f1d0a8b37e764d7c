#include <pthread.h>

#include <new>

#include "platforms/platform.h"

namespace lacuna {
namespace {

/// What a Monitor's storage holds.
struct PosixMonitor {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

PosixMonitor& monitor_in(unsigned char* storage) { return *reinterpret_cast<PosixMonitor*>(storage); }

}  // namespace

static_assert(sizeof(pthread_t) <= sizeof(Thread::handle), "a thread's handle holds a pthread_t");

bool start_thread(Thread* thread, void* (*entry)(void*), void* argument) {
  pthread_t started;
  if (pthread_create(&started, nullptr, entry, argument) != 0) return false;
  // NOLINTNEXTLINE(google-readability-casting): pthread_t is a number or a pointer
  thread->handle = (uint64_t)started;
  return true;
}

// NOLINTNEXTLINE(google-readability-casting)
void join_thread(const Thread& thread) { pthread_join((pthread_t)thread.handle, nullptr); }

Monitor::Monitor() {
  static_assert(sizeof(PosixMonitor) <= sizeof(storage_) && alignof(PosixMonitor) <= 8, "a monitor's storage fits");
  auto* monitor = new (storage_) PosixMonitor;
  pthread_mutex_init(&monitor->mutex, nullptr);
  pthread_cond_init(&monitor->changed, nullptr);
}

Monitor::~Monitor() {
  pthread_cond_destroy(&monitor_in(storage_).changed);
  pthread_mutex_destroy(&monitor_in(storage_).mutex);
}

void Monitor::lock() { pthread_mutex_lock(&monitor_in(storage_).mutex); }
void Monitor::unlock() { pthread_mutex_unlock(&monitor_in(storage_).mutex); }
void Monitor::wait() { pthread_cond_wait(&monitor_in(storage_).changed, &monitor_in(storage_).mutex); }
void Monitor::notify_all() { pthread_cond_broadcast(&monitor_in(storage_).changed); }

}  // namespace lacuna
