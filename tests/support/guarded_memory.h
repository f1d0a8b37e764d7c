// Memory whose end is an unmapped page: a kernel that reads or writes too far stops the test.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

#include "sdk/base/align.h"

namespace lacuna {

/// Zero-filled bytes, aligned to kAlignment, followed by less than kAlignment + `slack` readable bytes, then by
/// nothing.
class GuardedMemory {
 public:
  explicit GuardedMemory(size_t bytes, size_t slack = 0) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t used = align_up(bytes + slack);
    const size_t mapped = align_up(used, page);
    size_ = mapped + page;
    void* map = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<uint8_t*>(map);
    mprotect(base_ + mapped, page, PROT_NONE);
    data_ = base_ + mapped - used;
  }
  ~GuardedMemory() { munmap(base_, size_); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  void* data() const { return data_; }
  float* floats() const { return reinterpret_cast<float*>(data_); }

 private:
  uint8_t* base_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace lacuna
