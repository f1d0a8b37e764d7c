// The most multiply-adds that a tier can do.
#pragma once

#include <cstdint>

namespace lacuna {

/// Multiplies and adds in registers; returns how many multiply-adds that was. `result` keeps the compiler from leaving
/// it out.
using PeakLoop = int64_t (*)(int64_t rounds, float* result);

int64_t peak_scalar(int64_t rounds, float* result);
#if defined(__x86_64__)
int64_t peak_avx2(int64_t rounds, float* result);
int64_t peak_avx512(int64_t rounds, float* result);
#endif

}  // namespace lacuna
