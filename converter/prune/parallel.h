// Loops over several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lacuna::prune {

/// Calls work(index, thread) for each index in [0, n), `thread` in [0, threads). What work for one index writes must
/// not depend on the thread. The first exception is thrown again in the end. Where the system gives fewer threads,
/// these do the work.
template <class Work>
void parallel_for(size_t n, size_t threads, Work work) {
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto loop = [&](size_t thread) {
    try {
      for (size_t i = next++; i < n; i = next++) work(i, thread);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
      next = n;
    }
  };
  std::vector<std::thread> others;
  others.reserve(threads);
  try {
    for (size_t t = 1; t < std::min(threads, n); ++t) others.emplace_back(loop, t);
  } catch (const std::exception&) {  // the loop below leaves nothing undone
  }
  loop(0);
  for (std::thread& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lacuna::prune
