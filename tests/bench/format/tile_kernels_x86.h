// The kernels themselves. Included by one file per ISA, after it has defined `Vec`; everything is local to that file.
#ifndef LACUNA_TESTS_BENCH_FORMAT_TILE_KERNELS_X86_H_
#define LACUNA_TESTS_BENCH_FORMAT_TILE_KERNELS_X86_H_

#include "tile_kernels.h"

namespace lacuna::format_bench {
namespace {

struct Nonzero {
  float value;
  const char* x;
};

// A cursor walks the streams of one encoding; start_row() or start_segment() is called before
// the first non-zero of each row or segment.
struct Offset32Cursor {
  Offset32Cursor(const SparseRows& w, const Tile& t) : entry(w.entries), x(t.x) {}
  void start_row() {}
  Nonzero next() {
    const Nonzero nonzero{entry->value, x + entry->offset_bytes};
    ++entry;
    return nonzero;
  }
  const Entry* entry;
  const char* x;
};

struct Index16Cursor {
  Index16Cursor(const SparseRows& w, const Tile& t)
      : value(w.values), index(w.index16), x(t.x), stride(t.x_stride_bytes) {}
  void start_row() {}
  Nonzero next() { return {*value++, x + *index++ * stride}; }
  const float* value;
  const std::uint16_t* index;
  const char* x;
  std::size_t stride;
};

struct Index8Cursor {
  Index8Cursor(const SparseRows& w, const Tile& t)
      : value(w.values), index(w.index8), x(t.x), stride(t.x_stride_bytes) {}
  void start_segment(const char* start) { x = start; }
  Nonzero next() { return {*value++, x + *index++ * stride}; }
  const float* value;
  const std::uint8_t* index;
  const char* x;
  std::size_t stride;
};

struct Gap8Cursor {
  Gap8Cursor(const SparseRows& w, const Tile& t)
      : value(w.values), gap(w.index8), base(t.x), x(t.x), stride(t.x_stride_bytes) {}
  void start_row() { x = base; }
  void start_segment(const char* start) { x = start; }
  Nonzero next() {
    x += *gap++ * stride;
    return {*value++, x};
  }
  const float* value;
  const std::uint8_t* gap;
  const char* base;
  const char* x;
  std::size_t stride;
};

struct Table16Cursor {
  Table16Cursor(const SparseRows& w, const Tile& t) : value(w.values), tap(w.index16), x(t.x), offsets(t.tap_offsets) {}
  void start_row() {}
  Nonzero next() { return {*value++, x + offsets[*tap++]}; }
  const float* value;
  const std::uint16_t* tap;
  const char* x;
  const std::int32_t* offsets;
};

struct TableGap8Cursor {
  TableGap8Cursor(const SparseRows& w, const Tile& t)
      : value(w.values), gap(w.index8), x(t.x), offsets(t.tap_offsets), tap(t.tap_offsets) {}
  void start_row() { tap = offsets; }
  Nonzero next() {
    tap += *gap++;
    return {*value++, x + *tap};
  }
  const float* value;
  const std::uint8_t* gap;
  const char* x;
  const std::int32_t* offsets;
  const std::int32_t* tap;
};

struct Bitfield16Cursor {
  Bitfield16Cursor(const SparseRows& w, const Tile& t)
      : value(w.values), code(w.index16), x(t.x), stride(t.x_stride_bytes), offsets(t.tap_offsets) {}
  void start_row() {}
  Nonzero next() {
    const unsigned c = *code++;
    return {*value++, x + (c >> 4) * stride + offsets[c & 15]};
  }
  const float* value;
  const std::uint16_t* code;
  const char* x;
  std::size_t stride;
  const std::int32_t* offsets;
};

// NR vectors of sums; lives in registers.
template <int NR>
struct Sums {
  void set(float value) {
#pragma GCC unroll 8
    for (int j = 0; j < NR; ++j) sum[j] = Vec::broadcast(value);
  }
  void load(const float* y) {
#pragma GCC unroll 8
    for (int j = 0; j < NR; ++j) sum[j] = Vec::load(y + j * Vec::kLanes);
  }
  void add(Nonzero nonzero) {
    const Vec::Type w = Vec::broadcast(nonzero.value);
    const float* x = reinterpret_cast<const float*>(nonzero.x);
#pragma GCC unroll 8
    for (int j = 0; j < NR; ++j) sum[j] = Vec::fma(w, Vec::load(x + j * Vec::kLanes), sum[j]);
  }
  void store(float* y) const {
#pragma GCC unroll 8
    for (int j = 0; j < NR; ++j) Vec::store(y + j * Vec::kLanes, sum[j]);
  }
  void store_relu(float* y) const {
#pragma GCC unroll 8
    for (int j = 0; j < NR; ++j) Vec::store(y + j * Vec::kLanes, Vec::relu(sum[j]));
  }
  Vec::Type sum[NR];
};

template <int NR, class Cursor, int kUnroll>
void multiply_rows(const SparseRows& w, const Tile& t) {
  Cursor cursor(w, t);
  float* y = t.y;
  for (int row = 0; row < w.rows; ++row, y += t.y_stride) {
    Sums<NR> sums;
    sums.set(w.bias[row]);
    cursor.start_row();
    int count = w.counts16[row];
    if (kUnroll == 2) {
      for (; count >= 2; count -= 2) {
        const Nonzero first = cursor.next(), second = cursor.next();
        sums.add(first);
        sums.add(second);
      }
    }
    for (; count > 0; --count) sums.add(cursor.next());
    sums.store_relu(y);
  }
}

// Rows [first, end) of the output: one panel. kSegments = 0 takes their number from the matrix.
template <int NR, int kSegments, class Cursor, class Count>
void multiply_panel(const SparseRows& w, const Tile& t, int first, int end, Cursor& cursor, const Count*& count) {
  const int segments = kSegments > 0 ? kSegments : w.segments;
  for (int block = 0; block < w.blocks; ++block) {
    const std::int32_t* starts = w.starts + block * segments;
    float* y = t.y + static_cast<std::size_t>(first) * t.y_stride;
    for (int row = first; row < end; ++row, y += t.y_stride) {
      Sums<NR> sums;
      if (block == 0) {
        sums.set(w.bias[row]);
      } else {
        sums.load(y);
      }
      for (int segment = 0; segment < segments; ++segment) {
        cursor.start_segment(t.x + starts[segment]);
        for (int n = *count++; n > 0; --n) sums.add(cursor.next());
      }
      if (block == w.blocks - 1) {
        sums.store_relu(y);
      } else {
        sums.store(y);
      }
    }
  }
}

template <int NR, int kSegments, class Cursor, class Count>
void multiply_panels(const SparseRows& w, const Tile& t, const Count* count) {
  Cursor cursor(w, t);
  for (int first = 0; first < w.rows; first += w.panel_rows) {
    const int end = first + w.panel_rows < w.rows ? first + w.panel_rows : w.rows;
    multiply_panel<NR, kSegments>(w, t, first, end, cursor, count);
  }
}

template <class Cursor, int kUnroll = 1>
struct Rows {
  template <int NR>
  static void multiply(const SparseRows& w, const Tile& t) {
    multiply_rows<NR, Cursor, kUnroll>(w, t);
  }
};

template <class Cursor, class Count, const Count* SparseRows::*kCounts>
struct Blocks {
  template <int NR>
  static void multiply(const SparseRows& w, const Tile& t) {
    if (w.segments == 1) {
      multiply_panels<NR, 1, Cursor>(w, t, w.*kCounts);
    } else {
      multiply_panels<NR, 0, Cursor>(w, t, w.*kCounts);
    }
  }
};

template <class Kind>
constexpr KernelRow widths() {
  return {nullptr,
          Kind::template multiply<1>,
          Kind::template multiply<2>,
          Kind::template multiply<3>,
          Kind::template multiply<4>,
          Kind::template multiply<5>,
          Kind::template multiply<6>,
          Kind::template multiply<7>,
          Kind::template multiply<8>};
}

// In the order of Encoding.
inline constexpr KernelRow kKernels[kEncodingCount] = {
    widths<Rows<Offset32Cursor>>(),
    widths<Rows<Index16Cursor>>(),
    widths<Rows<Gap8Cursor>>(),
    widths<Rows<Gap8Cursor, 2>>(),
    widths<Blocks<Gap8Cursor, std::uint16_t, &SparseRows::counts16>>(),
    widths<Blocks<Index8Cursor, std::uint8_t, &SparseRows::counts8>>(),
    widths<Rows<Table16Cursor>>(),
    widths<Rows<TableGap8Cursor>>(),
    widths<Rows<Bitfield16Cursor>>(),
};

}  // namespace
}  // namespace lacuna::format_bench

#endif  // LACUNA_TESTS_BENCH_FORMAT_TILE_KERNELS_X86_H_
