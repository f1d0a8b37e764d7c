#include "kernels/simd/vec_avx2.h"
// The tier's Vec comes first.
#include "kernels/copy/interleave_impl.h"

namespace lacuna {
namespace {

/// Rows of a with those of b: {a0 b0 a1 b1 | a4 b4 a5 b5} and {a2 b2 a3 b3 | a6 b6 a7 b7}.
struct Pair {
  __m256 low;
  __m256 high;
};

inline Pair interleave(__m256 a, __m256 b) { return {_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)}; }

inline __m256 low_halves(__m256 a, __m256 b) { return _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0)); }
inline __m256 high_halves(__m256 a, __m256 b) { return _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2)); }

/// Four floats of one source line in the lower half, those of the line four further on in the upper one: then all but
/// the load stays inside the halves.
inline __m256 load_halves(const float* source, int64_t stride) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(source)), _mm_loadu_ps(source + 4 * stride), 1);
}

/// Four rows of the target from lines 0..7 of the source.
inline void transpose_4x8(const float* source, int64_t source_stride, float* target, int64_t target_stride) {
  const __m256 line0 = load_halves(source, source_stride);
  const __m256 line1 = load_halves(source + source_stride, source_stride);
  const __m256 line2 = load_halves(source + 2 * source_stride, source_stride);
  const __m256 line3 = load_halves(source + 3 * source_stride, source_stride);
  const Pair a = interleave(line0, line1);
  const Pair b = interleave(line2, line3);
  _mm256_storeu_ps(target, low_halves(a.low, b.low));
  _mm256_storeu_ps(target + target_stride, high_halves(a.low, b.low));
  _mm256_storeu_ps(target + 2 * target_stride, low_halves(a.high, b.high));
  _mm256_storeu_ps(target + 3 * target_stride, high_halves(a.high, b.high));
}

inline void transpose_rest(const float* source, int64_t source_stride, float* target, int64_t target_stride,
                           int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) target[r * target_stride + c] = source[c * source_stride + r];
  }
}

}  // namespace

void transpose_f32_narrow__avx2(const Transposition& shape, const float* source, float* target) {
  transpose_narrow(shape, source, target);
}

// A panel of rows is four blocks high, so that a source line is used for a whole cache line before it is left.
void transpose_f32_4x8__avx2(const Transposition& shape, const float* source, float* target) {
  const auto [source_stride, target_stride, rows, columns] = shape;
  constexpr int64_t kPanelRows = 16;
  const int64_t whole_columns = columns & ~int64_t{7};
  for (int64_t r0 = 0; r0 < rows; r0 += kPanelRows) {
    const int64_t panel = rows - r0 < kPanelRows ? rows - r0 : kPanelRows;
    const int64_t whole_rows = panel & ~int64_t{3};
    const float* from = source + r0;
    float* to = target + r0 * target_stride;
    for (int64_t c = 0; c < whole_columns; c += 8) {
      for (int64_t r = 0; r < whole_rows; r += 4) {
        transpose_4x8(from + c * source_stride + r, source_stride, to + r * target_stride + c, target_stride);
      }
      transpose_rest(from + c * source_stride + whole_rows, source_stride, to + whole_rows * target_stride + c,
                     target_stride, panel - whole_rows, 8);
    }
    transpose_rest(from + whole_columns * source_stride, source_stride, to + whole_columns, target_stride, panel,
                   columns - whole_columns);
  }
}

}  // namespace lacuna
