#include "kernels/spmm/pack.h"

#include <algorithm>

#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Columns whose tiles of 64 pixels take L1 (32 KiB).
constexpr uint32_t kColumnsInL1 = 128;
/// The same of planes that are copied out of windows, each of which serves all rows of the kernel.
constexpr uint32_t kPlanesInL1 = 48;
/// Scratch for the copied planes of a block stays below half a megabyte.
constexpr uint32_t kMaxPlanes = 512;
/// Below this many entries of a row in a block, the block's overhead outweighs what L1 gains.
constexpr uint64_t kMinEntriesPerRow = 6;

uint64_t count_nonzeros(const WeightMatrix& weights) {
  const float* end = weights.data + size_t{weights.rows} * weights.columns;
  return static_cast<uint64_t>(std::count_if(weights.data, end, [](float w) { return w != 0.0f; }));
}

struct Streams {
  std::vector<uint8_t> counts;
  std::vector<uint8_t> gaps;
  std::vector<float> values;
};

void pack_row(const WeightMatrix& weights, int64_t row, int64_t first, int64_t end, Streams& streams) {
  const size_t before = streams.gaps.size();
  int64_t position = first;
  for (int64_t column = first; column < end; ++column) {
    const float value = weights.at(row, column);
    if (value == 0.0f) continue;
    for (; column - position > 255; position += 255) {
      streams.gaps.push_back(255);
      streams.values.push_back(0.0f);
    }
    streams.gaps.push_back(static_cast<uint8_t>(column - position));
    streams.values.push_back(value);
    position = column;
  }
  const size_t n = streams.gaps.size() - before;
  streams.counts.push_back(static_cast<uint8_t>(n & 0xff));
  streams.counts.push_back(static_cast<uint8_t>(n >> 8));
}

}  // namespace

uint32_t choose_sparse_block(const WeightMatrix& weights) {
  const bool copied = weights.channel_columns > 1;
  const uint32_t unit = weights.channel_columns, planes = weights.copied_columns;
  const uint32_t channels = copied ? kPlanesInL1 / planes : kColumnsInL1;
  const uint32_t most = copied ? std::max(kMaxPlanes / planes, 1u) * unit : kMaxSparseBlock;
  const uint64_t widest = std::min({weights.columns, most, kMaxSparseBlock / unit * unit});
  uint64_t block = std::max(channels, ceil_div(kMinSparseBlock, unit)) * unit;
  const uint64_t nonzeros = count_nonzeros(weights);
  // Entries of a row in a block: nonzeros / rows * block / columns.
  while (block < widest && nonzeros * block < kMinEntriesPerRow * weights.rows * weights.columns) block *= 2;
  return static_cast<uint32_t>(std::min(block, widest));
}

WeightBytes pack_sparse_rows(const WeightMatrix& weights, const Tensor* bias, uint32_t block) {
  WeightBytes packed;
  PackedWeights& meta = packed.meta;
  meta.packing = fbs::Packing::SparseRows;
  meta.rows = weights.rows;
  meta.columns = weights.columns;
  meta.groups = weights.groups;
  meta.block = block != 0 ? block : choose_sparse_block(weights);
  Streams streams;
  const int64_t rows = weights.rows / weights.groups;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t first = 0; first < weights.columns; first += meta.block) {
      const int64_t end = std::min<int64_t>(first + meta.block, weights.columns);
      for (int64_t row = group * rows; row < (group + 1) * rows; ++row) {
        pack_row(weights, row, first, end, streams);
      }
    }
  }
  packed.index = std::move(streams.counts);
  packed.index.insert(packed.index.end(), streams.gaps.begin(), streams.gaps.end());
  packed.values = std::move(streams.values);
  if (bias != nullptr) packed.bias = bias->f32;
  return packed;
}

std::vector<float> unpack_sparse_rows(const PackedWeights& weights) {
  std::vector<float> dense(size_t{weights.rows} * weights.columns);
  const int64_t rows = weights.rows / weights.groups;
  int64_t entry = 0;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t block = 0; block < sparse_blocks(weights); ++block) {
      for (int64_t row = 0; row < rows; ++row) {
        const SparseTile tile = sparse_tile(weights, group, block, row, 1, entry);
        const uint8_t* gap = tile.gaps;
        int64_t column = block * weights.block;
        for (const int64_t end = entry + (tile.counts[0] | tile.counts[1] << 8); entry < end; ++entry) {
          column += *gap++;
          dense[static_cast<size_t>((group * rows + row) * weights.columns + column)] +=
              weights.values[static_cast<size_t>(entry)];
        }
      }
    }
  }
  return dense;
}

}  // namespace lacuna
