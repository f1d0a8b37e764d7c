#include "stats.h"

#include <algorithm>

namespace camera {

void Stats::add(double work_ms, double now_ms) {
  work_ms_[count_ % kWindow] = work_ms;
  done_ms_[count_ % kWindow] = now_ms;
  ++count_;
}

double Stats::fps() const {
  const size_t filled = kept();
  if (filled < 2) return 0;
  const double last = done_ms_[(count_ - 1) % kWindow], first = done_ms_[(count_ - filled) % kWindow];
  return last > first ? static_cast<double>(filled - 1) * 1000 / (last - first) : 0;
}

double Stats::percentile(double part) const {
  const size_t filled = kept();
  if (filled == 0) return 0;
  std::array<double, kWindow> sorted = work_ms_;
  const auto at = static_cast<size_t>(part * static_cast<double>(filled - 1) + 0.5);
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(at),
                   sorted.begin() + static_cast<ptrdiff_t>(filled));
  return sorted[at];
}

}  // namespace camera
