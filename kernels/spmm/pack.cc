#include "kernels/spmm/pack.h"

#include <algorithm>

#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Columns, over all segments, whose tiles of 64 pixels take L1 (32 KiB); with several segments rows of a tile overlap
/// or come from L2 cheaply, and 96 columns of 3 segments proved best.
constexpr uint32_t kColumnsInL1 = 128;
constexpr uint32_t kColumnsInL1OfSegments = 96;
/// Scratch for the copied columns of a block stays below half a megabyte.
constexpr uint32_t kMaxColumnsOfSegments = 512;
/// Below this many entries of a row in a block, the block's overhead outweighs what L1 gains.
constexpr uint64_t kMinEntriesPerRow = 6;

uint64_t count_nonzeros(const WeightMatrix& weights) {
  uint64_t n = 0;
  for (int64_t row = 0; row < weights.rows; ++row) {
    for (int64_t segment = 0; segment < weights.segments; ++segment) {
      for (int64_t column = 0; column < weights.columns; ++column) n += weights.at(row, segment, column) != 0.0f;
    }
  }
  return n;
}

struct Streams {
  std::vector<uint8_t> counts;
  std::vector<uint8_t> gaps;
  std::vector<float> values;
};

void pack_segment(const WeightMatrix& weights, int64_t row, int64_t segment, int64_t first, int64_t end,
                  Streams& streams) {
  const size_t before = streams.gaps.size();
  int64_t position = first;
  for (int64_t column = first; column < end; ++column) {
    const float value = weights.at(row, segment, column);
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
  const uint32_t unit = weights.column_unit;
  const uint32_t in_l1 = weights.segments > 1 ? kColumnsInL1OfSegments : kColumnsInL1;
  const uint32_t limit = weights.segments > 1 ? kMaxColumnsOfSegments : kMaxSparseBlock;
  const uint64_t widest = std::min(weights.columns, std::max(limit / unit, 1u) * unit);
  uint64_t block = std::max(in_l1 / unit, ceil_div(kMinSparseBlock, unit)) * unit;
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
  meta.segments = weights.segments;
  meta.groups = weights.groups;
  meta.block = block != 0 ? block : choose_sparse_block(weights);
  Streams streams;
  const int64_t rows = weights.rows / weights.groups;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t first = 0; first < weights.columns; first += meta.block) {
      const int64_t end = std::min<int64_t>(first + meta.block, weights.columns);
      for (int64_t row = group * rows; row < (group + 1) * rows; ++row) {
        for (int64_t segment = 0; segment < weights.segments; ++segment) {
          pack_segment(weights, row, segment, first, end, streams);
        }
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
  std::vector<float> dense(size_t{weights.rows} * weights.segments * weights.columns);
  const int64_t rows = weights.rows / weights.groups;
  int64_t entry = 0;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t block = 0; block < sparse_blocks(weights); ++block) {
      for (int64_t row = 0; row < rows; ++row) {
        const SparseTile tile = sparse_tile(weights, group, block, row, 1, entry);
        const uint8_t* gap = tile.gaps;
        for (int64_t segment = 0; segment < weights.segments; ++segment) {
          const int n = tile.counts[2 * segment] | tile.counts[2 * segment + 1] << 8;
          int64_t column = block * weights.block;
          for (int i = 0; i < n; ++i, ++entry) {
            column += *gap++;
            const int64_t at = ((group * rows + row) * weights.segments + segment) * weights.columns + column;
            dense[static_cast<size_t>(at)] += weights.values[static_cast<size_t>(entry)];
          }
        }
      }
    }
  }
  return dense;
}

}  // namespace lacuna
