// How long pictures take.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace camera {

/// Times of the last pictures, without allocation.
class Stats {
 public:
  /// Adds one picture: milliseconds of work, and when it was done.
  void add(double work_ms, double now_ms);
  void clear() { *this = Stats(); }

  size_t kept() const { return std::min(count_, kWindow); }
  /// Work of the picture `age` pictures before the last one; age < kept().
  double work_ms(size_t age) const { return work_ms_[(count_ - 1 - age) % kWindow]; }
  double fps() const;
  /// Of the work of the last kWindow pictures; `part` is 0.5 for the median. 0 before the first one.
  double percentile(double part) const;

 private:
  static constexpr size_t kWindow = 256;
  std::array<double, kWindow> work_ms_ = {}, done_ms_ = {};
  size_t count_ = 0;
};

}  // namespace camera
