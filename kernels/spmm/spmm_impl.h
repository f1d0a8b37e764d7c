// Sparse rows x tile, over the tier's Vec: a weight is broadcast against the pixels of its column.
#pragma once

#include <cstring>

#include "kernels/spmm/spmm.h"
#include "kernels/tile_impl.h"

namespace lacuna {
namespace {

inline int load_count(const uint8_t* p) {
  uint16_t n;
  std::memcpy(&n, p, sizeof(n));
  return n;
}

/// sum[j] = the pixels one in front of it.
template <int NR>
inline void move_on(Vec* sum) {
#pragma GCC unroll 16
  for (int j = NR - 1; j > 0; --j) sum[j] = lanes_from<Vec::kLanes - 1>(sum[j - 1], sum[j]);
  sum[0] = lanes_from<Vec::kLanes - 1>(zero(), sum[0]);
}

/// Sums of a row in its first segment. Where there are several, they start from bias or y in the last one, so that what
/// they start from never moves.
template <int NR, bool kMasked, bool kSegments>
inline void start_row(const TileOutput& out, int64_t row, int tail, Vec* sum) {
  if constexpr (!kSegments) return start_sums<NR, kMasked>(out, row, tail, sum);
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = zero();
}

/// What becomes of them in front of segment s, which is not the first.
template <int NR, bool kMasked>
inline void start_segment(const SparseTile& rows, const TileInput& in, const TileOutput& out, int64_t row, int64_t s,
                          int tail, Vec* sum) {
  if (in.line > 0) move_on<NR>(sum);
  if (s < rows.segments - 1) return;
  Vec start[NR];
  start_sums<NR, kMasked>(out, row, tail, start);
#pragma GCC unroll 16
  for (int j = 0; j < NR; ++j) sum[j] = add(sum[j], start[j]);
}

/// Row groups of R rows; rows of the last one that do not exist have zero weights and are not written.
template <int R, int NR, bool kMasked, bool kOffsets, bool kSegments>
inline void multiply_rows(const SparseTile& rows, const TileInput& in, const TileOutput& out, int tail) {
  const uint8_t* count = rows.counts;
  const uint8_t* gap = rows.gaps;
  const float* value = rows.values;
  const int64_t segments = kSegments ? rows.segments : 1;
  for (int64_t at = 0; at < rows.rows; at += R) {
    const int64_t row = R == 1 ? rows.row(at) : at;
    Vec sum[R][NR];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      start_row<NR, kMasked, kSegments>(out, r == 0 || at + r < rows.rows ? row + r : row, tail, sum[r]);
    }
    for (int64_t s = 0; s < segments; ++s, count += sizeof(uint16_t)) {
      if (kSegments && s > 0) start_segment<NR, kMasked>(rows, in, out, row, s, tail, sum[0]);
      int64_t column = 0;
      for (int n = load_count(count); n > 0; --n, value += R) {
        column += *gap++;
        const float* x = column_of<kOffsets>(in, column);
        Vec v[NR];
        if constexpr (R > 1) load_run<NR>(x, v);
        const Factors<R> factors(value);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const Vec w = factors[r];
#pragma GCC unroll 16
          for (int j = 0; j < NR; ++j) sum[r][j] = fma(w, R > 1 ? v[j] : load(x + j * Vec::kLanes), sum[r][j]);
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      if (r == 0 || at + r < rows.rows) end_sums<NR, kMasked>(out, row + r, tail, sum[r]);
    }
  }
}

template <int R, bool kOffsets, bool kSegments>
struct MultiplyRows {
  const SparseTile& rows;
  const TileInput& in;
  const TileOutput& out;

  template <int NR, bool kMasked>
  void run(int tail) const {
    multiply_rows<R, NR, kMasked, kOffsets, kSegments>(rows, in, out, tail);
  }
};

/// As many of `most` pixels as are whole lines.
inline int run_of_lines(int most, const TileInput& in) { return in.line == 0 ? most : most - most % in.line; }

/// A tile in runs of at most NR vectors.
template <int R, int NR, bool kOffsets, bool kSegments>
inline void multiply_runs(const SparseTile& rows, TileInput in, TileOutput out) {
  const int run = run_of_lines(NR * Vec::kLanes, in);
  for (int left = out.pixels; left > 0; left -= run) {
    out.pixels = left < run ? left : run;
    for_run<NR>(out.pixels, MultiplyRows<R, kOffsets, kSegments>{rows, in, out});
    in.x += run;
    out.y += run;
    if (out.residual != nullptr) out.residual += run;
  }
}

/// R rows of weights by NR vectors of pixels at a time. Only single rows come in segments.
template <int R, int NR>
inline void multiply_tile(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  const bool offsets = is_built(TileKind::kSparseLines) && in.offsets != nullptr;
  if constexpr (R == 1) {
    if (rows.segments > 1) {
      return offsets ? multiply_runs<R, NR, true, true>(rows, in, out)
                     : multiply_runs<R, NR, false, true>(rows, in, out);
    }
  }
  offsets ? multiply_runs<R, NR, true, false>(rows, in, out) : multiply_runs<R, NR, false, false>(rows, in, out);
}

inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/// One pixel: four sums, so that additions do not wait for one another. kStride 0: that of the columns.
template <int kStride>
inline void multiply_vector(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  const uint8_t* count = rows.counts;
  const uint8_t* gap = rows.gaps;
  const float* value = rows.values;
  const int64_t stride = kStride > 0 ? kStride : in.column_stride;
  for (int64_t at = 0; at < rows.rows; ++at) {
    const int64_t row = rows.row(at);
    float sum[4] = {start_sum(out, row), 0, 0, 0};
    for (int64_t s = 0; s < rows.segments; ++s, count += sizeof(uint16_t)) {
      const float* x = in.x;
      int n = load_count(count);
      for (; n >= 4; n -= 4, gap += 4, value += 4) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          x += gap[i] * stride;
          sum[i] = multiply_add(value[i], *x, sum[i]);
        }
      }
      for (int i = 0; i < n; ++i) {
        x += *gap++ * stride;
        sum[i] = multiply_add(*value++, *x, sum[i]);
      }
    }
    end_sum(out, row, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}

inline void multiply_vector(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  if (in.column_stride == 1) {
    multiply_vector<1>(rows, in, out);
  } else {
    multiply_vector<0>(rows, in, out);
  }
}

/// One pixel, 4 rows at a time.
inline void multiply_vector4(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  const uint8_t* count = rows.counts;
  const uint8_t* gap = rows.gaps;
  const float* value = rows.values;
  for (int64_t row = 0; row < rows.rows; row += 4, count += sizeof(uint16_t)) {
    float sum[4] = {};
    const float* x = in.x;
    for (int n = load_count(count); n > 0; --n, value += 4) {
      x += *gap++ * in.column_stride;
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) sum[r] = multiply_add(value[r], *x, sum[r]);
    }
    for (int r = 0; r < 4 && row + r < rows.rows; ++r) end_sum(out, row + r, start_sum(out, row + r) + sum[r]);
  }
}

}  // namespace
}  // namespace lacuna
