#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/copy/interleave_impl.h"

namespace lacuna {
namespace {

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
  transpose_narrow(shape, source, target);
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
