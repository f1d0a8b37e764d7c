// A fixed pool of threads in the caller's memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "lacuna/lacuna.h"
#include "platforms/platform.h"

namespace lacuna {

constexpr uint32_t kMaxThreads = 64;

/// Splits loops among the calling thread and `threads` - 1 workers. Which thread runs a task is left to chance; tasks
/// must not depend on it. Workers wait a little in a loop, then sleep.
class ThreadPool {
 public:
  ThreadPool() = default;
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Starts the workers; `threads` is 2 to kMaxThreads. False: the system gave too few threads and none is left
  /// running.
  bool start(uint32_t threads);

  /// Runs task(context, i, thread) for i in [0, count) and returns when all are done. The caller is thread 0.
  /// For one caller at a time.
  void run(uint32_t count, lacuna_task task, void* context);

 private:
  struct Worker {
    ThreadPool* pool;
    uint32_t index;  ///< as tasks see it: 1 and up
    Thread thread;
  };

  static void* work(void* worker);
  bool wait_for_tasks();
  void run_tasks(uint32_t thread);
  void wait_until_done();
  void stop();

  // A loop in progress: written before unclaimed_, read only with a claimed task in hand.
  lacuna_task task_ = nullptr;
  void* context_ = nullptr;
  uint32_t count_ = 0;

  alignas(64) std::atomic<uint32_t> unclaimed_{0};   ///< tasks that no thread has taken yet
  alignas(64) std::atomic<uint32_t> unfinished_{0};  ///< tasks that are not done yet
  alignas(64) std::atomic<uint32_t> sleepers_{0};    ///< workers that wait on tasks_or_stop_
  std::atomic<uint32_t> caller_sleeps_{0};
  std::atomic<bool> stopping_{false};
  Monitor tasks_or_stop_;
  Monitor done_;

  uint32_t workers_ = 0;
  Worker worker_[kMaxThreads - 1];
};

}  // namespace lacuna
