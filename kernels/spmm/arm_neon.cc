#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/spmm/spmm_impl.h"

namespace lacuna {
namespace {

#if defined(__aarch64__)

/// Four vectors in one instruction, which also advances x.
[[gnu::always_inline]] inline float32x4x4_t load_next_four(const float*& x) {
#if defined(__clang__)
  const float32x4x4_t four = vld1q_f32_x4(x);
  x += 16;
#else  // GCC would make an address for each
  float32x4x4_t four;
  __asm__("ld1 {%S0.4s - %V0.4s}, [%1], #64" : "=w"(four), "+r"(x) : "m"(*reinterpret_cast<const float(*)[16]>(x)));
#endif
  return four;
}

/// sum[j] += x[j] * weight, for NR vectors.
template <int NR>
[[gnu::always_inline]] inline void add_column(const float* x, float weight, Vec* sum) {
  constexpr int kFours = NR / 4 * 4;
#pragma GCC unroll 4
  for (int j = 0; j < kFours; j += 4) {
    const float32x4x4_t four = load_next_four(x);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sum[j + i].v = vfmaq_n_f32(sum[j + i].v, four.val[i], weight);
  }
  Vec rest[4];
  load_run<NR - kFours>(x, rest);
#pragma GCC unroll 4
  for (int i = 0; i < NR - kFours; ++i) sum[kFours + i].v = vfmaq_n_f32(sum[kFours + i].v, rest[i].v, weight);
}

/// As multiply_rows of spmm_impl.h with R = 1, four entries at a time: their weights are lanes of one vector.
template <int NR, bool kMasked, bool kOffsets>
inline void multiply_lanes(const SparseTile& rows, const TileInput& in, const TileOutput& out, int tail) {
  const uint8_t* count = rows.counts;
  const uint8_t* gap = rows.gaps;
  const float* value = rows.values;
  const int64_t stride = in.column_stride * static_cast<int64_t>(sizeof(float));
  for (int64_t row = 0; row < rows.rows; ++row, count += sizeof(uint16_t)) {
    Vec sum[NR];
    start_sums<NR, kMasked>(out, row, tail, sum);
    const char* x = reinterpret_cast<const char*>(in.x);
    const int32_t* offset = in.offsets;
    const auto next = [&] {
      if constexpr (kOffsets) {
        offset += *gap++;
        return in.x + *offset;
      } else {
        x += *gap++ * stride;
        return reinterpret_cast<const float*>(x);
      }
    };
    int n = load_count(count);
    for (; n >= 4; n -= 4, value += 4) {
      const float32x4_t weights = vld1q_f32(value);
      add_column<NR>(next(), weights[0], sum);
      add_column<NR>(next(), weights[1], sum);
      add_column<NR>(next(), weights[2], sum);
      add_column<NR>(next(), weights[3], sum);
    }
    for (; n > 0; --n) add_column<NR>(next(), *value++, sum);
    end_sums<NR, kMasked>(out, row, tail, sum);
  }
}

template <bool kOffsets>
struct MultiplyLanes {
  const SparseTile& rows;
  const TileInput& in;
  const TileOutput& out;

  template <int NR, bool kMasked>
  void run(int tail) const {
    multiply_lanes<NR, kMasked, kOffsets>(rows, in, out, tail);
  }
};

/// More pixels than sums fit registers: run after run.
template <class Multiply>
inline void multiply_runs_of(const SparseTile& rows, TileInput in, TileOutput out) {
  constexpr int kRun = 16 * Vec::kLanes;
  for (int left = out.pixels; left > 0; left -= kRun) {
    out.pixels = left < kRun ? left : kRun;
    for_run<16>(out.pixels, Multiply{rows, in, out});
    in.x += kRun;
    out.y += kRun;
    if (out.residual != nullptr) out.residual += kRun;
  }
}

inline void multiply_sparse_tile(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  if (in.offsets != nullptr) {
    multiply_runs_of<MultiplyLanes<true>>(rows, in, out);
  } else {
    multiply_runs_of<MultiplyLanes<false>>(rows, in, out);
  }
}

#else

inline void multiply_sparse_tile(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<1, kRegisters / 2>(rows, in, out);
}

#endif

}  // namespace

void spmm_f32_f32_f32_tile__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_sparse_tile(rows, in, out);
}

void spmm_f32_f32_f32_vector__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector(rows, in, out);
}

void spmm_f32_f32_f32_tile4__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_tile<4, kRegisters / 8>(rows, in, out);
}

void spmm_f32_f32_f32_vector4__neon(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  multiply_vector4(rows, in, out);
}

}  // namespace lacuna
