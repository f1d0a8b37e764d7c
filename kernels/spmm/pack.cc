#include "kernels/spmm/pack.h"

#include <algorithm>
#include <numeric>

#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Columns whose tiles of 64 pixels take L1 (32 KiB).
constexpr uint32_t kColumnsInL1 = 128;
/// The same of planes that are copied out of windows, each of which serves all rows of the kernel.
constexpr uint32_t kPlanesInL1 = 72;
/// Scratch for the copied planes of a block stays below half a megabyte.
constexpr uint32_t kMaxPlanes = 512;
/// Below this many entries of a row in a block, the block's overhead outweighs what L1 gains.
constexpr uint64_t kMinEntriesPerRow = 6;

/// Rows of one group of the matrix that share entries: the first is `row`, and there are `rows`.
struct RowGroup {
  const WeightMatrix& weights;
  int64_t row;
  int64_t rows;

  bool has_entry(int64_t column) const {
    for (int64_t r = 0; r < rows; ++r) {
      if (weights.at(row + r, column) != 0.0f) return true;
    }
    return false;
  }
};

/// Calls visit(row group) for the rows of a group of the matrix.
template <class Visit>
void for_each_row_group(const WeightMatrix& weights, int64_t group, int64_t height, Visit visit) {
  const int64_t rows = weights.rows / weights.groups;
  for (int64_t row = 0; row < rows; row += height) {
    visit(RowGroup{weights, group * rows + row, std::min(height, rows - row)});
  }
}

struct Entries {
  uint64_t entries = 0;
  uint64_t row_groups = 0;
};

Entries count_entries(const WeightMatrix& weights, int64_t height) {
  Entries count;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for_each_row_group(weights, group, height, [&](const RowGroup& rows) {
      ++count.row_groups;
      for (int64_t column = 0; column < weights.columns; ++column) count.entries += rows.has_entry(column) ? 1 : 0;
    });
  }
  return count;
}

struct Streams {
  std::vector<uint8_t> counts;
  std::vector<uint8_t> gaps;
  std::vector<float> values;
};

/// What a block has of a row group in a segment.
void pack_segment(const RowGroup& rows, int64_t height, int64_t first, int64_t end, uint32_t segment,
                  Streams& streams) {
  const size_t before = streams.gaps.size();
  const auto add = [&](int64_t gap, int64_t column) {
    streams.gaps.push_back(static_cast<uint8_t>(gap));
    for (int64_t r = 0; r < height; ++r) {
      streams.values.push_back(column >= 0 && r < rows.rows ? rows.weights.at(rows.row + r, column) : 0.0f);
    }
  };
  int64_t position = first;
  for (int64_t column = first; column < end; ++column) {
    if (rows.weights.segment_of(column) != segment || !rows.has_entry(column)) continue;
    for (; column - position > 255; position += 255) add(255, -1);
    add(column - position, column);
    position = column;
  }
  const size_t n = streams.gaps.size() - before;
  streams.counts.push_back(static_cast<uint8_t>(n & 0xff));
  streams.counts.push_back(static_cast<uint8_t>(n >> 8));
}

/// A row of a block as it was packed.
struct StoredRow {
  int64_t row;
  int64_t entry;            ///< its first one
  std::vector<int> counts;  ///< [segments]
};

}  // namespace

uint32_t choose_sparse_block(const WeightMatrix& weights, fbs::Packing packing) {
  const bool copied = weights.channel_columns > 1;
  const uint32_t unit = weights.channel_columns, planes = weights.copied_columns;
  const uint32_t channels = copied ? kPlanesInL1 / planes : kColumnsInL1;
  const uint32_t most = copied ? std::max(kMaxPlanes / planes, 1u) * unit : kMaxSparseBlock;
  const uint64_t widest = std::min({weights.columns, most, kMaxSparseBlock / unit * unit});
  uint64_t block = std::max(channels, ceil_div(kMinSparseBlock, unit)) * unit;
  const Entries count = count_entries(weights, rows_of_sparse_group(packing));
  // Entries of a row group in a block: entries / row groups * block / columns.
  while (block < widest && count.entries * block < kMinEntriesPerRow * count.row_groups * weights.columns) block *= 2;
  block = std::min(block, widest);
  // As many blocks, but of even width: a narrow last one would cost as much for each row as the others.
  const uint64_t blocks = ceil_div<uint64_t>(weights.columns, block);
  return static_cast<uint32_t>(std::min(block, ceil_div<uint64_t>(weights.columns / unit, blocks) * unit));
}

WeightBytes pack_sparse_rows(const WeightMatrix& weights, const Tensor* bias, fbs::Packing packing, uint32_t block) {
  WeightBytes packed;
  PackedWeights& meta = packed.meta;
  meta.packing = packing;
  meta.rows = weights.rows;
  meta.columns = weights.columns;
  meta.groups = weights.groups;
  meta.segments = weights.count_segments();
  meta.block = block != 0 ? block : choose_sparse_block(weights, packing);
  Streams streams;
  const int64_t height = rows_of_sparse_group(packing);
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t first = 0; first < weights.columns; first += meta.block) {
      const int64_t end = std::min<int64_t>(first + meta.block, weights.columns);
      for_each_row_group(weights, group, height, [&](const RowGroup& rows) {
        for (uint32_t s = 0; s < meta.segments; ++s) pack_segment(rows, height, first, end, s, streams);
      });
    }
  }
  packed.index = std::move(streams.counts);
  packed.index.insert(packed.index.end(), streams.gaps.begin(), streams.gaps.end());
  packed.values = std::move(streams.values);
  if (bias != nullptr) packed.bias = bias->f32;
  return packed;
}

void order_rows(WeightBytes& packed) {
  const PackedWeights old = packed.view();
  const int64_t rows = sparse_row_groups(old), window = order_window(rows);
  const int64_t count_bytes = int64_t{2} * old.segments;  // of a row
  std::vector<int8_t> moves;
  Streams streams;
  int64_t entry = 0;
  for (int64_t block = 0; block < old.groups * sparse_blocks(old); ++block) {
    for (int64_t first = 0; first < rows; first += window) {
      std::vector<StoredRow> stored;
      for (int64_t row = first; row < std::min(first + window, rows); ++row) {
        const uint8_t* counts = sparse_tile(old, 0, 0, block * rows + row, 1, 0).counts;
        stored.push_back({row, entry, {}});
        for (uint32_t s = 0; s < old.segments; ++s)
          stored.back().counts.push_back(counts[2 * s] | counts[2 * s + 1] << 8);
        for (const int n : stored.back().counts) entry += n;
      }
      std::stable_sort(stored.begin(), stored.end(),
                       [](const StoredRow& a, const StoredRow& b) { return a.counts < b.counts; });
      for (size_t i = 0; i < stored.size(); ++i) {
        const StoredRow& row = stored[i];
        moves.push_back(static_cast<int8_t>(row.row - first - static_cast<int64_t>(i)));
        const SparseTile from = sparse_tile(old, 0, 0, block * rows + row.row, 1, row.entry);
        const int64_t entries = std::accumulate(row.counts.begin(), row.counts.end(), int64_t{0});
        streams.counts.insert(streams.counts.end(), from.counts, from.counts + count_bytes);
        streams.gaps.insert(streams.gaps.end(), from.gaps, from.gaps + entries);
        streams.values.insert(streams.values.end(), from.values, from.values + entries);
      }
    }
  }
  packed.meta.ordered = true;
  packed.index = std::move(streams.counts);
  packed.index.insert(packed.index.end(), moves.begin(), moves.end());
  packed.index.insert(packed.index.end(), streams.gaps.begin(), streams.gaps.end());
  packed.values = std::move(streams.values);
}

std::vector<float> unpack_sparse_rows(const PackedWeights& weights) {
  std::vector<float> dense(size_t{weights.rows} * weights.columns);
  const int64_t rows = weights.rows / weights.groups, height = rows_of_sparse_group(weights.packing);
  int64_t entry = 0;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t block = 0; block < sparse_blocks(weights); ++block) {
      for (int64_t row = 0; row < rows; row += height) {
        const SparseTile tile = sparse_tile(weights, group, block, row, 1, entry);
        const int64_t to = row + tile.row(0);
        const uint8_t *count = tile.counts, *gap = tile.gaps;
        for (uint32_t s = 0; s < weights.segments; ++s, count += 2) {
          int64_t column = block * weights.block;
          for (const int64_t end = entry + (count[0] | count[1] << 8); entry < end; ++entry) {
            column += *gap++;
            for (int64_t r = 0; r < height && to + r < rows; ++r) {
              dense[static_cast<size_t>((group * rows + to + r) * weights.columns + column)] +=
                  weights.values[static_cast<size_t>(entry * height + r)];
            }
          }
        }
      }
    }
  }
  return dense;
}

}  // namespace lacuna
