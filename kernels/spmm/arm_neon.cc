#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/spmm/spmm_impl.h"

namespace lacuna {
namespace {

#if defined(__aarch64__)

/// Four vectors, in one instruction that also moves x on by `bytes`. Nothing that the kernel writes is read here, so
/// the compiler need not know what is.
[[gnu::always_inline]] inline float32x4x4_t load_four(const char*& x, int64_t bytes) {
#if defined(__clang__)
  const float32x4x4_t four = vld1q_f32_x4(reinterpret_cast<const float*>(x));
  x += bytes;
#else  // GCC would make an address for each
  float32x4x4_t four;
  __asm__("ld1 {%S0.4s - %V0.4s}, [%1], %2" : "=w"(four), "+r"(x) : "r"(bytes));
#endif
  return four;
}

[[gnu::always_inline]] inline float32x4_t load_one(const char*& x, int64_t bytes) {
  float32x4_t one;
  __asm__("ld1 {%0.4s}, [%1], %2" : "=w"(one), "+r"(x) : "r"(bytes));
  return one;
}

/// sum[j] += x[j] * weight, for NR vectors; x ends where it was.
template <int NR>
[[gnu::always_inline]] inline void add_column(const char*& x, float weight, Vec* sum) {
  constexpr int kFours = NR / 4 * 4;
  constexpr auto kVector = static_cast<int64_t>(sizeof(float32x4_t));
#pragma GCC unroll 4
  for (int j = 0; j < kFours; j += 4) {
    const float32x4x4_t four = load_four(x, j + 4 < NR ? 4 * kVector : -j * kVector);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sum[j + i].v = vfmaq_n_f32(sum[j + i].v, four.val[i], weight);
  }
  if constexpr (NR - kFours == 1) {
    sum[kFours].v = vfmaq_n_f32(sum[kFours].v, load_one(x, -kFours * kVector), weight);
    return;
  }
  Vec rest[4];
  load_run<NR - kFours>(reinterpret_cast<const float*>(x), rest);
  if constexpr (NR > kFours) x -= kFours * kVector;
#pragma GCC unroll 4
  for (int i = 0; i < NR - kFours; ++i) sum[kFours + i].v = vfmaq_n_f32(sum[kFours + i].v, rest[i].v, weight);
}

/// As multiply_rows of spmm_impl.h with R = 1, four entries at a time: their weights are lanes of one vector.
template <int NR, bool kMasked, bool kOffsets, bool kSegments>
inline void multiply_lanes(const SparseTile& rows, const TileInput& in, const TileOutput& out, int tail) {
  const uint8_t* count = rows.counts;
  const uint8_t* gap = rows.gaps;
  const float* value = rows.values;
  // Few products do not hide that an entry waits for the one before to bring x back: they take a copy of it.
  constexpr bool kWalks = NR >= 12;
  const int64_t stride = in.column_stride * static_cast<int64_t>(sizeof(float));
  const int64_t segments = kSegments ? rows.segments : 1;
  for (int64_t row = 0; row < rows.rows; ++row) {
    Vec sum[NR];
    start_row<NR, kMasked, kSegments>(out, row, tail, sum);
    for (int64_t s = 0; s < segments; ++s, count += sizeof(uint16_t)) {
      if (kSegments && s > 0) start_segment<NR, kMasked>(rows, in, out, row, s, tail, sum);
      const char* x = reinterpret_cast<const char*>(in.x);
      const int32_t* offset = in.offsets;
      const auto add_next = [&](float weight) __attribute__((always_inline)) {
        if constexpr (kOffsets) {
          offset += *gap++;
          x = reinterpret_cast<const char*>(in.x + *offset);
        } else {
          x += *gap++ * stride;
        }
        const char* column = x;
        add_column<NR>(kWalks ? x : column, weight, sum);
      };
      int n = load_count(count);
      for (; n >= 4; n -= 4, value += 4) {
        const float32x4_t weights = vld1q_f32(value);
        add_next(weights[0]);
        add_next(weights[1]);
        add_next(weights[2]);
        add_next(weights[3]);
      }
      for (; n > 0; --n) add_next(*value++);
    }
    end_sums<NR, kMasked>(out, row, tail, sum);
  }
}

template <bool kOffsets, bool kSegments>
struct MultiplyLanes {
  const SparseTile& rows;
  const TileInput& in;
  const TileOutput& out;

  template <int NR, bool kMasked>
  void run(int tail) const {
    multiply_lanes<NR, kMasked, kOffsets, kSegments>(rows, in, out, tail);
  }
};

/// More pixels than sums fit registers: run after run.
template <class Multiply>
inline void multiply_runs_of(const SparseTile& rows, TileInput in, TileOutput out) {
  const int run = run_of_lines(16 * Vec::kLanes, in);
  for (int left = out.pixels; left > 0; left -= run) {
    out.pixels = left < run ? left : run;
    for_run<16>(out.pixels, Multiply{rows, in, out});
    in.x += run;
    out.y += run;
    if (out.residual != nullptr) out.residual += run;
  }
}

inline void multiply_sparse_tile(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  const bool offsets = in.offsets != nullptr;
  if (rows.segments > 1) {
    offsets ? multiply_runs_of<MultiplyLanes<true, true>>(rows, in, out)
            : multiply_runs_of<MultiplyLanes<false, true>>(rows, in, out);
  } else {
    offsets ? multiply_runs_of<MultiplyLanes<true, false>>(rows, in, out)
            : multiply_runs_of<MultiplyLanes<false, false>>(rows, in, out);
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
