#include "sdk/runtime/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

using namespace lacuna;

namespace {

struct Count {
  std::vector<int> runs;          ///< of each task; a task runs once, so that plain ints suffice
  std::vector<uint32_t> threads;  ///< that ran it

  explicit Count(uint32_t tasks) : runs(tasks), threads(tasks) {}
};

void count_task(void* context, uint32_t index, uint32_t thread) {
  Count& count = *static_cast<Count*>(context);
  ++count.runs[index];
  count.threads[index] = thread;
}

}  // namespace

TEST_CASE("thread_pool: each task runs once, for loops shorter and longer than the pool, one after the other") {
  for (const uint32_t threads : {2u, 3u, 8u, kMaxThreads}) {
    CAPTURE(threads);
    const auto pool = std::make_unique<ThreadPool>();
    REQUIRE(pool->start(threads));
    for (int repeat = 0; repeat < 100; ++repeat) {
      for (const uint32_t tasks : {0u, 1u, 2u, 5u, 100u}) {
        Count count(tasks);
        pool->run(tasks, count_task, &count);
        for (uint32_t i = 0; i < tasks; ++i) {
          REQUIRE(count.runs[i] == 1);
          REQUIRE(count.threads[i] < threads);
        }
      }
    }
  }
}

TEST_CASE("thread_pool: each thread begins with its own share of the tasks, the same in every loop") {
  struct Meeting {
    std::atomic<int> begun{0};
    uint32_t first[2] = {99, 99};  ///< task of each thread
  };
  ThreadPool pool;
  REQUIRE(pool.start(2));
  int own = 0;
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // a worker that is late in one loop helps in the next
    Meeting meeting;
    pool.run(
        6,
        [](void* context, uint32_t index, uint32_t thread) {
          Meeting& self = *static_cast<Meeting*>(context);
          if (self.first[thread] == 99) self.first[thread] = index;
          ++self.begun;
          while (self.begun < 2) std::this_thread::yield();  // nobody takes a second task before both have one
        },
        &meeting);
    own += meeting.first[0] == 0 && meeting.first[1] == 3 ? 1 : 0;
  }
  CHECK(own > 10);  // whose share comes first is a habit, not a promise
}

TEST_CASE("thread_pool: workers that sleep are woken, and a caller that waits long is too") {
  ThreadPool pool;
  REQUIRE(pool.start(2));
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<int> done(2);
    pool.run(
        2,
        [](void* context, uint32_t index, uint32_t thread) {
          if (thread != 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
          (*static_cast<std::vector<int>*>(context))[index] = 1;
        },
        &done);
    REQUIRE(done == std::vector<int>{1, 1});
  }
}

TEST_CASE("thread_pool: a pool that never ran, and one that never started, end") {
  ThreadPool never_ran;
  REQUIRE(never_ran.start(4));
  ThreadPool never_started;
}
