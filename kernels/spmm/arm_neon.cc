#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include <utility>

#include "kernels/spmm/spmm_impl.h"

namespace lacuna {
namespace {

#if defined(__aarch64__)

/// Four vectors, by one instruction that moves x behind them.
[[gnu::always_inline]] inline float32x4x4_t load_four(const char*& x) {
  using Floats = float[4 * Vec::kLanes];
  const auto& floats = *reinterpret_cast<const Floats*>(x);
#if defined(__clang__)
  const float32x4x4_t four = vld1q_f32_x4(floats);
  x += sizeof(floats);
#else  // GCC would make an address for each
  float32x4x4_t four;
  __asm__("ld1 {%S0.4s - %V0.4s}, [%1], #64" : "=w"(four), "+r"(x) : "m"(floats));
#endif
  return four;
}

/// sum[j] += x[j] * weight, for NR vectors.
template <int NR>
[[gnu::always_inline]] inline void add_column(const char* x, float weight, Vec* sum) {
  constexpr int kWalked = (NR - 1) / 4 * 4;
#pragma GCC unroll 4
  for (int j = 0; j < kWalked; j += 4) {
    const float32x4x4_t four = load_four(x);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sum[j + i].v = vfmaq_n_f32(sum[j + i].v, four.val[i], weight);
  }
  Vec rest[NR - kWalked];
  load_run<NR - kWalked>(reinterpret_cast<const float*>(x), rest);
#pragma GCC unroll 4
  for (int i = 0; i < NR - kWalked; ++i) sum[kWalked + i].v = vfmaq_n_f32(sum[kWalked + i].v, rest[i].v, weight);
}

/// Where an entry's column is: from that of the entry before, or of the start of the row.
template <bool kOffsets>
class Columns {
 public:
  explicit Columns(const TileInput& in)
      : x_(reinterpret_cast<const char*>(in.x)),
        stride_(in.column_stride * static_cast<int64_t>(sizeof(float))),
        offset_(in.offsets),
        column_(x_) {}
  const char* next(uint8_t gap) {
    if constexpr (kOffsets) {
      offset_ += gap;
      return x_ + *offset_ * static_cast<int64_t>(sizeof(float));
    } else {
      return column_ += gap * stride_;
    }
  }

 private:
  const char* x_;
  int64_t stride_;  ///< bytes
  const int32_t* offset_;
  const char* column_;
};

/// As multiply_rows of spmm_impl.h with R = 1, four entries at a time: their weights are lanes of one vector. The four
/// addresses come first, so that none waits for the loads that walk along a column. Columns with offsets may come in
/// segments.
template <int NR, bool kMasked, bool kOffsets>
inline void multiply_lanes(const SparseTile& rows, const TileInput& in, const TileOutput& tile, int tail) {
  const TileOutput out = tile;  // what is stored might else change it
  const Columns<kOffsets> first(in);
  const uint8_t* count = rows.counts;
  const uint8_t* gap = rows.gaps;
  const float* value = rows.values;
  const int64_t segments = kOffsets ? rows.segments : 1;
  for (int64_t at = 0; at < rows.rows; ++at) {
    const int64_t row = rows.row(at);
    Vec sum[NR];
    if (segments == 1) {
      start_sums<NR, kMasked>(out, row, tail, sum);
    } else {
      start_row<NR, kMasked, true>(out, row, tail, sum);
    }
    for (int64_t s = 0; s < segments; ++s, count += sizeof(uint16_t)) {
      if (kOffsets && s > 0) start_segment<NR, kMasked>(rows, in, out, row, s, tail, sum);
      Columns<kOffsets> columns = first;
      int n = load_count(count);
      for (; n >= 4; n -= 4, value += 4, gap += 4) {
        const float32x4_t weights = vld1q_f32(value);
        const char* x[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) x[i] = columns.next(gap[i]);
        __asm__("" : "+r"(x[0]), "+r"(x[1]), "+r"(x[2]), "+r"(x[3]));  // else some would be copied
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) add_column<NR>(x[i], weights[i], sum);
      }
      for (; n > 0; --n) add_column<NR>(columns.next(*gap++), *value++, sum);
    }
    end_sums<NR, kMasked>(out, row, tail, sum);
  }
}

constexpr int kMostVectors = 16;

/// As many of NR vectors or fewer as there are; the last one of whole fours is whole, else it may be cut. Planes of 7x7
/// pixels have 13, of 6x6 nine; other numbers are done in two runs. Returns how many pixels were done.
template <int NR, int... kFewer>
inline int multiply_planes(const SparseTile& rows, const TileInput& in, const TileOutput& out,
                           std::integer_sequence<int, NR, kFewer...>) {
  constexpr bool kMasked = NR % 4 != 0;
  const int tail = out.pixels - (NR - 1) * Vec::kLanes;
  if constexpr (sizeof...(kFewer) > 0) {
    if (tail <= (kMasked ? 0 : Vec::kLanes - 1)) {
      return multiply_planes(rows, in, out, std::integer_sequence<int, kFewer...>());
    }
  }
  multiply_lanes<NR, kMasked, false>(rows, in, out, tail < Vec::kLanes ? tail : Vec::kLanes);
  return out.pixels < NR * Vec::kLanes ? out.pixels : NR * Vec::kLanes;
}

/// Whole fours of vectors, then a vector at a time: whole lines where sums move. Returns how many pixels were done.
template <int NR>
inline int multiply_lines(const SparseTile& rows, const TileInput& in, const TileOutput& out) {
  constexpr int kPixels = NR * Vec::kLanes;
  if (out.pixels >= kPixels) {
    multiply_lanes<NR, false, true>(rows, in, out, Vec::kLanes);
    return kPixels;
  }
  if constexpr (NR > 4) return multiply_lines<NR - 4>(rows, in, out);
  multiply_lanes<1, true, true>(rows, in, out, out.pixels < Vec::kLanes ? out.pixels : Vec::kLanes);
  return Vec::kLanes;
}

/// Run after run, since more pixels than sums fit registers.
inline void multiply_sparse_tile(const SparseTile& rows, TileInput in, TileOutput out) {
  if constexpr (is_built(TileKind::kSparsePixels)) {  // few windows: a run of pixels with a copy for each tap
    if (in.offsets == nullptr && rows.segments > 1) return multiply_runs<1, 4, false, true>(rows, in, out);
  }
  for (int left = out.pixels, done = 0; left > 0; left -= done) {
    out.pixels = left;
    if (is_built(TileKind::kSparseLines) && in.offsets != nullptr) {
      done = multiply_lines<kMostVectors>(rows, in, out);
    } else {
      done = multiply_planes(rows, in, out, std::integer_sequence<int, kMostVectors, 13, 12, 9, 8, 4, 3, 2, 1>());
    }
    in.x += done;
    out.y += done;
    if (out.residual != nullptr) out.residual += done;
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
