// A fixed pool of threads in the caller's memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernels/copy/split.h"
#include "lacuna/lacuna.h"
#include "platforms/platform.h"

namespace lacuna {

constexpr uint32_t kMaxThreads = 64;

/// Splits loops among the calling thread and `threads` - 1 workers. A thread begins with its own share, the same part
/// of every loop: what it wrote in one is in its caches in the next. Then it helps others. Tasks must not depend on who
/// runs them. Workers wait a little in a loop, then sleep.
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

  /// Tasks of a thread's share that nobody has taken yet.
  struct alignas(64) Share {
    std::atomic<uint32_t> unclaimed{0};
  };

  static void* work(void* worker);
  int64_t share_begin(uint32_t thread) const { return task_begin(count_, threads_, thread); }
  bool has_tasks() const;
  bool wait_for_tasks();
  uint32_t run_share(uint32_t owner, uint32_t thread);
  void run_tasks(uint32_t thread);
  void wait_until_done();
  void stop();

  // A loop in progress: written before the shares, read only with a claimed task in hand.
  lacuna_task task_ = nullptr;
  void* context_ = nullptr;
  uint32_t count_ = 0;

  Share shares_[kMaxThreads];
  alignas(64) std::atomic<uint32_t> unfinished_{0};  ///< tasks that are not done yet
  alignas(64) std::atomic<uint32_t> sleepers_{0};    ///< workers that wait on tasks_or_stop_
  std::atomic<uint32_t> caller_sleeps_{0};
  std::atomic<bool> stopping_{false};
  Monitor tasks_or_stop_;
  Monitor done_;

  uint32_t threads_ = 1;  ///< the caller's among them
  uint32_t workers_ = 0;  ///< that have been started
  Worker worker_[kMaxThreads - 1];
};

}  // namespace lacuna
