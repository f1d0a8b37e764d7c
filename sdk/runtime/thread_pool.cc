#include "sdk/runtime/thread_pool.h"

namespace lacuna {
namespace {

/// Steps of a session follow each other within microseconds; waking a thread takes some tens of them.
constexpr int kSpins = 2000;

template <class Condition>
bool spin_until(Condition condition) {
  for (int i = 0; i < kSpins; ++i) {
    if (condition()) return true;
    pause_cpu();
  }
  return condition();
}

}  // namespace

// Waiting and waking are each a write followed by a read of what the other side writes. Both are sequentially
// consistent, so at least one side sees the other: no wake-up is lost.

bool ThreadPool::start(uint32_t threads) {
  threads_ = threads;
  for (uint32_t i = 1; i < threads; ++i) {
    Worker& worker = worker_[workers_];
    worker.pool = this;
    worker.index = i;
    if (!start_thread(&worker.thread, &work, &worker)) {
      stop();
      return false;
    }
    ++workers_;
  }
  return true;
}

void ThreadPool::stop() {
  stopping_.store(true);
  tasks_or_stop_.lock();
  tasks_or_stop_.notify_all();
  tasks_or_stop_.unlock();
  for (uint32_t i = 0; i < workers_; ++i) join_thread(worker_[i].thread);
  workers_ = 0;
}

void ThreadPool::run(uint32_t count, lacuna_task task, void* context) {
  if (count == 0) return;
  task_ = task;
  context_ = context;
  count_ = count;
  unfinished_.store(count);
  for (uint32_t i = 0; i < threads_; ++i) {
    shares_[i].unclaimed.store(static_cast<uint32_t>(share_begin(i + 1) - share_begin(i)));
  }
  if (sleepers_.load() > 0) {
    tasks_or_stop_.lock();
    tasks_or_stop_.notify_all();
    tasks_or_stop_.unlock();
  }
  run_tasks(0);
  wait_until_done();
}

void* ThreadPool::work(void* worker) {
  Worker& self = *static_cast<Worker*>(worker);
  while (self.pool->wait_for_tasks()) self.pool->run_tasks(self.index);
  return nullptr;
}

bool ThreadPool::has_tasks() const {
  for (uint32_t i = 0; i < threads_; ++i) {
    if (shares_[i].unclaimed.load() > 0) return true;
  }
  return false;
}

/// False: the pool ends.
bool ThreadPool::wait_for_tasks() {
  const auto something = [this] { return has_tasks() || stopping_.load(); };
  if (!spin_until(something)) {
    tasks_or_stop_.lock();
    sleepers_.fetch_add(1);
    while (!something()) tasks_or_stop_.wait();
    sleepers_.fetch_sub(1);
    tasks_or_stop_.unlock();
  }
  return !stopping_.load();
}

/// Returns how many tasks of the share this thread ran.
uint32_t ThreadPool::run_share(uint32_t owner, uint32_t thread) {
  std::atomic<uint32_t>& unclaimed = shares_[owner].unclaimed;
  uint32_t tasks = 0;
  uint32_t left = unclaimed.load();
  while (left > 0) {
    // A successful exchange claims a task of the loop in progress, whichever loop `left` was read in.
    if (!unclaimed.compare_exchange_weak(left, left - 1)) continue;
    task_(context_, static_cast<uint32_t>(share_begin(owner + 1)) - left, thread);
    ++tasks;
    left = unclaimed.load();
  }
  return tasks;
}

void ThreadPool::run_tasks(uint32_t thread) {
  uint32_t tasks = 0;
  for (uint32_t i = 0; i < threads_; ++i) tasks += run_share((thread + i) % threads_, thread);
  if (tasks == 0 || unfinished_.fetch_sub(tasks) != tasks || caller_sleeps_.load() == 0) return;
  done_.lock();
  done_.notify_all();
  done_.unlock();
}

void ThreadPool::wait_until_done() {
  const auto done = [this] { return unfinished_.load() == 0; };
  if (spin_until(done)) return;
  done_.lock();
  caller_sleeps_.store(1);
  while (!done()) done_.wait();
  caller_sleeps_.store(0);
  done_.unlock();
}

}  // namespace lacuna
