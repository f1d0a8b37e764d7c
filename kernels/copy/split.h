// How much work is worth a task.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lacuna {

/// Tasks for moving `elements` elements in at most `parts` parts: one a thread, none of them tiny.
inline uint32_t split_tasks(int64_t elements, int64_t parts, uint32_t threads) {
  constexpr int64_t kElementsPerTask = 1 << 13;
  const int64_t tasks = std::min({static_cast<int64_t>(threads), elements / kElementsPerTask, parts});
  return static_cast<uint32_t>(std::max<int64_t>(tasks, 1));
}

/// The dimension to share among `tasks` tasks: the outermost one with a part for each, or else the largest one.
/// `size_of(i)` is the size of dimension i.
template <class SizeOf>
int choose_split(int rank, uint32_t tasks, SizeOf size_of) {
  int largest = 0;
  for (int i = 0; i < rank; ++i) {
    if (size_of(i) >= static_cast<int64_t>(tasks)) return i;
    if (size_of(i) > size_of(largest)) largest = i;
  }
  return largest;
}

/// First unit of task `task` when `units` units are shared evenly, among neighbouring tasks as well; the end of a task
/// is the start of the next one.
inline int64_t task_begin(int64_t units, uint32_t tasks, uint32_t task) {
  return units / tasks * task + (units % tasks * task + tasks - 1) / tasks;
}

}  // namespace lacuna
