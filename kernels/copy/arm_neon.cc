#include <arm_neon.h>

#include "kernels/copy/transpose.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = 4;

/// kLanes elements of K lines, one behind the other in `mixed`.
template <int K>
inline void take_apart(const float* mixed, float* lines, int64_t stride) {
  const auto store = [&](const auto& v) {
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) vst1q_f32(lines + k * stride, v.val[k]);
  };
  if constexpr (K == 2) store(vld2q_f32(mixed));
  if constexpr (K == 3) store(vld3q_f32(mixed));
  if constexpr (K == 4) store(vld4q_f32(mixed));
}
template <int K>
inline void put_together(const float* lines, int64_t stride, float* mixed) {
  const auto load = [&](auto v) {
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) v.val[k] = vld1q_f32(lines + k * stride);
    return v;
  };
  if constexpr (K == 2) vst2q_f32(mixed, load(float32x4x2_t()));
  if constexpr (K == 3) vst3q_f32(mixed, load(float32x4x3_t()));
  if constexpr (K == 4) vst4q_f32(mixed, load(float32x4x4_t()));
}

/// Calls vectors(i) for vectors of elements that cover [0, n), the last one early enough to be whole, or, where there
/// are too few, element(i).
template <class Vectors, class Element>
inline void for_each_element(int64_t n, const Vectors& vectors, const Element& element) {
  if (n < kLanes) {
    for (int64_t i = 0; i < n; ++i) element(i);
    return;
  }
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) vectors(i);
  if (i < n) vectors(n - kLanes);
}

template <int K>
inline void transpose_narrow(const Transposition& shape, const float* source, float* target) {
  const int64_t from = shape.source_stride, to = shape.target_stride;
  if (is_deinterleaving(shape)) {
    for_each_element(
        shape.columns, [&](int64_t i) { take_apart<K>(source + i * K, target + i, to); },
        [&](int64_t i) {
          for (int k = 0; k < K; ++k) target[k * to + i] = source[i * K + k];
        });
  } else {
    for_each_element(
        shape.rows, [&](int64_t i) { put_together<K>(source + i, from, target + i * K); },
        [&](int64_t i) {
          for (int k = 0; k < K; ++k) target[i * K + k] = source[k * from + i];
        });
  }
}

/// Four rows of the target from four lines of the source.
inline void transpose_4x4(const float* source, int64_t source_stride, float* target, int64_t target_stride) {
  const float32x4x2_t a = vtrnq_f32(vld1q_f32(source), vld1q_f32(source + source_stride));
  const float32x4x2_t b = vtrnq_f32(vld1q_f32(source + 2 * source_stride), vld1q_f32(source + 3 * source_stride));
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    vst1q_f32(target + i * target_stride, vcombine_f32(vget_low_f32(a.val[i]), vget_low_f32(b.val[i])));
    vst1q_f32(target + (i + 2) * target_stride, vcombine_f32(vget_high_f32(a.val[i]), vget_high_f32(b.val[i])));
  }
}

inline void transpose_rest(const float* source, int64_t source_stride, float* target, int64_t target_stride,
                           int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) target[r * target_stride + c] = source[c * source_stride + r];
  }
}

}  // namespace

void transpose_f32_narrow__neon(const Transposition& shape, const float* source, float* target) {
  const int64_t lines = is_deinterleaving(shape) ? shape.rows : shape.columns;
  if (lines == 2) return transpose_narrow<2>(shape, source, target);
  if (lines == 3) return transpose_narrow<3>(shape, source, target);
  transpose_narrow<4>(shape, source, target);
}

// Down the target, so that a source line is used for a whole cache line before it is left.
void transpose_f32_4x4__neon(const Transposition& shape, const float* source, float* target) {
  const auto [source_stride, target_stride, rows, columns] = shape;
  constexpr int64_t kPanelRows = 16;
  const int64_t whole_columns = columns & ~int64_t{3};
  for (int64_t r0 = 0; r0 < rows; r0 += kPanelRows) {
    const int64_t panel = rows - r0 < kPanelRows ? rows - r0 : kPanelRows;
    const int64_t whole_rows = panel & ~int64_t{3};
    const float* from = source + r0;
    float* to = target + r0 * target_stride;
    for (int64_t c = 0; c < whole_columns; c += 4) {
      for (int64_t r = 0; r < whole_rows; r += 4) {
        transpose_4x4(from + c * source_stride + r, source_stride, to + r * target_stride + c, target_stride);
      }
      transpose_rest(from + c * source_stride + whole_rows, source_stride, to + whole_rows * target_stride + c,
                     target_stride, panel - whole_rows, 4);
    }
    transpose_rest(from + whole_columns * source_stride, source_stride, to + whole_columns, target_stride, panel,
                   columns - whole_columns);
  }
}

}  // namespace lacuna
