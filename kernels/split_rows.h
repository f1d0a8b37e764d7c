// How a product is split among threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/copy/split.h"

namespace lacuna {

/// Most ranges that the rows of all groups are cut into together, one group at least once each.
constexpr int64_t kMaxRowRanges = 64;

inline int64_t max_row_ranges(int64_t groups) { return std::max<int64_t>(kMaxRowRanges / groups, 1); }

/// Threads that `macs` multiply-adds keep busy: fewer when each would get less than waking it takes.
inline int64_t useful_threads(int64_t macs, uint32_t threads) {
  constexpr int64_t kMacsPerThread = 1 << 15;
  return std::clamp<int64_t>(macs / kMacsPerThread, 1, threads);
}

/// Ranges of rows for `items` tiles of equal work: the fewest, at most `most`, that leave no thread idle for long.
inline int64_t choose_row_ranges(int64_t items, int64_t most, int64_t threads) {
  constexpr int64_t kWhole = 64;  // time, if no thread waited
  int64_t best = 1, best_time = 2 * kWhole;
  for (int64_t ranges = 1; ranges <= std::min(most, threads); ++ranges) {
    const int64_t parts = items * ranges;
    const int64_t time = (parts + threads - 1) / threads * threads * kWhole / parts;
    if (time < best_time) {
      best = ranges;
      best_time = time;
    }
    if (time < kWhole * 115 / 100) break;
  }
  return best;
}

/// Ranges of rows of each group, in tables that the caller places.
struct RowRanges {
  int64_t count = 1;           ///< of ranges of a group
  int64_t blocks = 0;          ///< of columns
  int64_t* cuts = nullptr;     ///< [groups][count + 1]: range r has rows [cuts[r], cuts[r + 1]) of its group
  int64_t* entries = nullptr;  ///< [groups][count][blocks]: where a range starts in a sparse stream

  RowRanges() = default;
  RowRanges(int64_t groups, int64_t range_count, int64_t block_count, int64_t* tables)
      : count(range_count), blocks(block_count), cuts(tables), entries(tables + groups * (range_count + 1)) {}

  /// Numbers in the tables; dense rows need no blocks.
  static int64_t table_size(int64_t groups, int64_t range_count, int64_t block_count) {
    return groups * (range_count + 1 + range_count * block_count);
  }
  int64_t* cuts_of(int64_t group) const { return cuts + group * (count + 1); }
  int64_t& entry(int64_t group, int64_t range, int64_t block) const {
    return entries[(group * count + range) * blocks + block];
  }
};

/// Tasks for `parts` equal parts: a few a thread, so that a thread that is held up leaves its share to others.
inline uint32_t split_parts(int64_t parts, int64_t threads) {
  constexpr int64_t kTasksPerThread = 4;
  return static_cast<uint32_t>(threads == 1 ? 1 : std::min(parts, threads * kTasksPerThread));
}

}  // namespace lacuna
