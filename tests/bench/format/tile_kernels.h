// Tile kernels of the format bench: one sparse matrix times one tile of pixels, y = relu(bias + W x), fp32, in every
// index encoding under test. The pixels of a tile are contiguous; a row of x is one channel (1x1) or one shifted copy
// of it (KxK).
#ifndef LACUNA_TESTS_BENCH_FORMAT_TILE_KERNELS_H_
#define LACUNA_TESTS_BENCH_FORMAT_TILE_KERNELS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace lacuna::format_bench {

constexpr int kMaxTileVectors = 8;

enum Encoding {
  kOffset32,       // {value, byte offset} interleaved, offsets made for the layout
  kIndex16,        // uint16 channel * stride
  kGap8,           // uint8 gap to the previous non-zero; address += gap * stride
  kGap8Unrolled2,  // kGap8, two non-zeros per turn of the loop
  kGap8Blocks,     // kGap8 restarted per segment, see SparseRows; uint16 counts
  kIndex8Blocks,   // uint8 position in a segment of at most 255 * stride; uint8 counts
  kTable16,        // uint16 tap number, looked up in a table of all taps
  kTableGap8,      // uint8 gap to a running tap number, looked up in the same table
  kBitfield16,     // channel << 4 | tap; channel * stride + a table of 9
  kEncodingCount,
};

struct Entry {
  float value;
  std::int32_t offset_bytes;
};

// Views of a packed matrix; only the streams of the kernel's encoding are set. A gap stream starts each row (or
// segment) at position 0 and bridges gaps over 255 by zero values. The two kinds with blocks store their streams in the
// order [panels of rows][blocks][rows of the panel][segments]: from block to block the sums are kept in y, over the
// segments of a block they stay in registers.
struct SparseRows {
  int rows;
  int panel_rows;
  int blocks;
  int segments;                   // per row and block
  const std::uint16_t* counts16;  // entries, in stream order
  const std::uint8_t* counts8;
  const std::int32_t* starts;  // [blocks][segments] byte offset of position 0
  const float* bias;           // [rows]
  const float* values;
  const Entry* entries;
  const std::uint16_t* index16;
  const std::uint8_t* index8;
};

struct Tile {
  const char* x;
  std::size_t x_stride_bytes;
  const std::int32_t* tap_offsets;  // bytes; kTable16 and kTableGap8: all taps; kBitfield16: the 9 taps of channel 0
  float* y;
  std::size_t y_stride;  // floats
};

using TileKernel = void (*)(const SparseRows&, const Tile&);

using KernelRow = std::array<TileKernel, kMaxTileVectors + 1>;  // by tile width in vectors, width 0 unused

struct KernelSet {
  const char* isa;
  int lanes;                 // pixels per vector
  const KernelRow* kernels;  // [kEncodingCount]
};

KernelSet avx2_kernels();
KernelSet avx512_kernels();

}  // namespace lacuna::format_bench

#endif  // LACUNA_TESTS_BENCH_FORMAT_TILE_KERNELS_H_
