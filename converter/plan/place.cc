#include <algorithm>
#include <numeric>

#include "converter/plan/plan.h"

namespace lacuna {
namespace {

bool alive_together(const Life& a, const Life& b) { return a.first <= b.last && b.first <= a.last; }

/// The lowest offset at which `buffer` does not touch any of `placed` that lives at the same time.
uint64_t lowest_free_offset(const Buffer& buffer, const std::vector<const Buffer*>& placed) {
  uint64_t offset = 0;
  for (const Buffer* other : placed) {  // in order of offset
    if (!alive_together(buffer.life, other->life)) continue;
    if (offset + buffer.bytes <= other->offset) break;
    offset = std::max(offset, other->offset + other->bytes);
  }
  return offset;
}

uint64_t end_of(const std::vector<Buffer>& buffers) {
  uint64_t end = 0;
  for (const Buffer& buffer : buffers) end = std::max(end, buffer.offset + buffer.bytes);
  return end;
}

}  // namespace

uint64_t place_greedy(std::vector<Buffer>& buffers) {
  std::vector<Buffer*> by_size;
  for (Buffer& buffer : buffers) by_size.push_back(&buffer);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const Buffer* a, const Buffer* b) { return a->bytes > b->bytes; });
  std::vector<const Buffer*> placed;
  for (Buffer* buffer : by_size) {
    buffer->offset = lowest_free_offset(*buffer, placed);
    const auto at = std::upper_bound(placed.begin(), placed.end(), buffer,
                                     [](const Buffer* a, const Buffer* b) { return a->offset < b->offset; });
    placed.insert(at, buffer);
  }
  return end_of(buffers);
}

uint64_t place_naive(std::vector<Buffer>& buffers) {
  uint64_t end = 0;
  for (Buffer& buffer : buffers) {
    buffer.offset = end;
    end += buffer.bytes;
  }
  return end;
}

Plan make_plan(const Graph& graph) {
  Plan plan;
  share_buffers(graph, choose_strides(graph), plan);
  std::vector<Buffer> naive = plan.buffers;
  plan.naive_bytes = place_naive(naive);
  plan.arena_bytes = place_greedy(plan.buffers);
  return plan;
}

}  // namespace lacuna
