// A peak loop over the tier's Vec.
#pragma once

#include "tests/bench/layers/peak.h"

namespace lacuna {
namespace {

inline int64_t multiply_in_registers(int64_t rounds, float* result) {
  constexpr int kSums = 12;  // more than latency times units of any CPU so far, fewer than registers
  Vec total[kSums];
#pragma GCC unroll 12
  for (int i = 0; i < kSums; ++i) total[i] = splat(static_cast<float>(i));
  const Vec half = splat(0.5f);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < kSums; ++i) total[i] = fma(half, total[i], half);
  }
  *result = 0;
#pragma GCC unroll 12
  for (int i = 0; i < kSums; ++i) *result += sum(total[i]);
  return rounds * kSums * Vec::kLanes;
}

}  // namespace
}  // namespace lacuna
