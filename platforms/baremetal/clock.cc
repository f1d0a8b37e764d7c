// The CPU's own counter, where it has one that is told its frequency.
#include "platforms/platform.h"

namespace lacuna {

uint64_t clock_ns() {
#if defined(__aarch64__)
  uint64_t ticks;
  uint64_t hertz;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
  if (hertz == 0) return 0;
  return ticks / hertz * 1000000000u + ticks % hertz * 1000000000u / hertz;
#else
  return 0;
#endif
}

}  // namespace lacuna
