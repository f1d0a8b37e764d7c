// The functions of one tier's Vec behind plain pointers, so that a test compiled without the tier's flags can call
// them.
#pragma once

#include <cstdint>

namespace lacuna {

constexpr int kMostLanes = 16;

/// Arrays have one float a lane. Comparisons give 1 where they hold and 0 elsewhere, by way of select.
struct VecFunctions {
  int lanes;
  void (*splat)(float x, float* y);
  void (*copy_runs)(const float* x, float* y);  ///< of 1, 2, ... 7 vectors, one behind the other
  void (*load_first)(const float* x, int n, float* y);
  void (*store_first)(const float* x, int n, float* y);
  void (*load_strided)(const float* x, int64_t step, float* y);
  void (*add)(const float* a, const float* b, float* y);
  void (*sub)(const float* a, const float* b, float* y);
  void (*mul)(const float* a, const float* b, float* y);
  void (*div)(const float* a, const float* b, float* y);
  void (*min)(const float* a, const float* b, float* y);
  void (*max)(const float* a, const float* b, float* y);
  void (*less)(const float* a, const float* b, float* y);
  void (*less_equal)(const float* a, const float* b, float* y);
  void (*equal)(const float* a, const float* b, float* y);
  void (*fma)(const float* a, const float* b, const float* c, float* y);
  void (*neg)(const float* x, float* y);
  void (*abs)(const float* x, float* y);
  void (*sqrt)(const float* x, float* y);
  void (*round)(const float* x, float* y);
  void (*floor)(const float* x, float* y);
  void (*exp2_whole)(const float* x, float* y);
  void (*split_exponent)(const float* x, float* mantissa, float* exponent);
  void (*even_lanes)(const float* a, const float* b, float* y);
  void (*odd_lanes)(const float* a, const float* b, float* y);
  void (*even_lanes_in_order)(const float* a, const float* b, float* y);  ///< by way of the tier's own order
  void (*odd_lanes_in_order)(const float* a, const float* b, float* y);
  void (*lanes_from)(const float* a, const float* b, int first, float* y);
  void (*load_masked)(const float* x, uint32_t bits, float* y);
  void (*keep)(const float* x, uint32_t bits, float* y);
  void (*select_first)(const float* a, const float* b, int n, float* y);
  void (*lookup)(const float* table, const int32_t* at, float* y);
  void (*lookup_next)(const float* low, const float* high, const int32_t* at, float* y);  ///< of two, one further
  void (*gather)(const float* x, const int32_t* at, float* y);
  float (*sum)(const float* x);
  float (*max_lane)(const float* x);
  float (*min_lane)(const float* x);
};

extern const VecFunctions kVecScalar;
#if defined(__x86_64__)
extern const VecFunctions kVecAvx2;
extern const VecFunctions kVecAvx512;
#endif
#if __ARM_ARCH >= 7
extern const VecFunctions kVecNeon;
#endif

}  // namespace lacuna
