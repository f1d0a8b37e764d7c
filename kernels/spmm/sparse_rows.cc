#include "kernels/spmm/sparse_rows.h"

#include <cstring>

#include "kernels/tensor_view.h"

namespace lacuna {
namespace {

int64_t all_counts(const PackedWeights& weights) {
  return sparse_blocks(weights) * weights.groups * sparse_row_groups(weights) * weights.segments;
}

/// Bytes of counts, and of counts and moves.
int64_t count_bytes(const PackedWeights& weights) { return all_counts(weights) * 2; }
int64_t head_bytes(const PackedWeights& weights) {
  return count_bytes(weights) + (is_ordered(weights) ? all_counts(weights) / weights.segments : 0);
}

/// Number of a row group of a block among all.
int64_t row_index(const PackedWeights& weights, int64_t group, int64_t block, int64_t row_group) {
  return (group * sparse_blocks(weights) + block) * sparse_row_groups(weights) + row_group;
}

const int8_t* moves_of(const PackedWeights& weights) {
  return reinterpret_cast<const int8_t*>(weights.index.data + count_bytes(weights));
}

int64_t count_at(const PackedWeights& weights, int64_t i) {
  uint16_t n;
  std::memcpy(&n, weights.index.data + static_cast<size_t>(i) * sizeof(n), sizeof(n));
  return n;
}

lacuna_status check_sizes(const PackedWeights& weights, lacuna_error* error) {
  const uint32_t block = weights.block;
  if (block == 0 || block > kMaxSparseBlock || block > weights.columns ||
      (block < kMinSparseBlock && block != weights.columns)) {
    return fail(error, LACUNA_ERROR_MEANING, "sparse weights: blocks of %u columns of %u", block, weights.columns);
  }
  if (weights.ordered) LACUNA_RETURN_IF_ERROR(check_built(TileKind::kOrderedRows, error));
  if (weights.segments < 1 || weights.segments > kMaxSegments) {
    return fail(error, LACUNA_ERROR_MEANING, "sparse weights: %u segments", weights.segments);
  }
  const auto index_bytes = static_cast<int64_t>(weights.index.size);
  const auto entries = static_cast<int64_t>(weights.values.size) / rows_of_sparse_group(weights.packing);
  if (all_counts(weights) > index_bytes || index_bytes != head_bytes(weights) + entries ||
      entries * rows_of_sparse_group(weights.packing) != static_cast<int64_t>(weights.values.size)) {
    return fail(error, LACUNA_ERROR_MEANING, "sparse weights: %lld bytes of index do not suit %lld entries",
                static_cast<long long>(weights.index.size), static_cast<long long>(entries));
  }
  return LACUNA_OK;
}

/// Each window of rows is a permutation of itself.
lacuna_status check_moves(const PackedWeights& weights, lacuna_error* error) {
  const int64_t rows = sparse_row_groups(weights), window = order_window(rows);
  const int8_t* move = moves_of(weights);
  for (int64_t block = 0; block < weights.groups * sparse_blocks(weights); ++block) {
    for (int64_t first = 0; first < rows; first += window) {
      const int64_t n = rows - first < window ? rows - first : window;
      uint64_t found = 0;
      for (int64_t at = 0; at < n; ++at) {
        const auto row = static_cast<uint64_t>(at + *move++);
        if (row >= static_cast<uint64_t>(n) || (found >> row & 1) != 0) {
          return fail(error, LACUNA_ERROR_MEANING, "sparse weights: row %lld of a window of %lld moves by %d",
                      static_cast<long long>(at), static_cast<long long>(n), move[-1]);
        }
        found |= uint64_t{1} << row;
      }
    }
  }
  return LACUNA_OK;
}

/// Entries in row groups [first, first + rows) of a group in a block.
int64_t count_entries(const PackedWeights& weights, int64_t group, int64_t block, int64_t first, int64_t rows) {
  const int64_t begin = row_index(weights, group, block, first) * weights.segments;
  const int64_t end = begin + rows * weights.segments;
  int64_t entries = 0;
  for (int64_t i = begin; i < end; ++i) entries += count_at(weights, i);
  return entries;
}

void cut_group(const RowRanges& ranges, const PackedWeights& weights, int64_t group) {
  const auto work = [&](int64_t first, int64_t rows) {
    int64_t entries = rows * ranges.blocks;  // a row costs something even when it is empty
    for (int64_t block = 0; block < ranges.blocks; ++block) {
      entries += count_entries(weights, group, block, first, rows);
    }
    return entries;
  };
  const int64_t rows = sparse_row_groups(weights), height = rows_of_sparse_group(weights.packing);
  const int64_t step = sparse_row_step(weights);
  const int64_t total = ranges.count > 1 ? work(0, rows) : 0;
  int64_t* cuts = ranges.cuts_of(group);
  int64_t row = 0, done = 0;
  for (int64_t range = 0; range + 1 < ranges.count; ++range) {
    cuts[range] = row * height;
    const int64_t begin = row, goal = total * (range + 1) / ranges.count;
    const int64_t most = rows - (ranges.count - 1 - range) * step;  // leave the later ranges a step each
    while (row < most && (done < goal || row == begin)) {
      done += work(row, step);
      row += step;
    }
  }
  cuts[ranges.count - 1] = row * height;
  cuts[ranges.count] = weights.rows / weights.groups;
}

}  // namespace

lacuna_status check_sparse_rows(const PackedWeights& weights, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_sizes(weights, error));
  const int64_t blocks = sparse_blocks(weights);
  const int64_t rows = sparse_row_groups(weights);
  if (is_ordered(weights)) LACUNA_RETURN_IF_ERROR(check_moves(weights, error));
  const uint8_t* gap = weights.index.data + head_bytes(weights);
  auto left = static_cast<int64_t>(weights.values.size) / rows_of_sparse_group(weights.packing);
  int64_t i = 0;
  for (int64_t group = 0; group < weights.groups; ++group) {
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t rest = int64_t{weights.columns} - block * weights.block;
      const int64_t width = rest < weights.block ? rest : weights.block;
      for (const int64_t end = i + rows * weights.segments; i < end; ++i) {
        const int64_t n = count_at(weights, i);
        if (n > left) return fail(error, LACUNA_ERROR_MEANING, "sparse weights: counts exceed the entries");
        left -= n;
        uint32_t column = 0;  // gaps are not negative: the last column is the largest
        for (const uint8_t* end_gap = gap + n; gap < end_gap; ++gap) column += *gap;
        if (column >= width) {
          return fail(error, LACUNA_ERROR_MEANING, "sparse weights: column %u in a block of %lld", column,
                      static_cast<long long>(width));
        }
      }
    }
  }
  if (left != 0) return fail(error, LACUNA_ERROR_MEANING, "sparse weights: more entries than counted");
  return LACUNA_OK;
}

SparseTile sparse_tile(const PackedWeights& weights, int64_t group, int64_t block, int64_t first, int64_t rows,
                       int64_t entry) {
  SparseTile tile;
  const int64_t height = rows_of_sparse_group(weights.packing);
  const int64_t row = row_index(weights, group, block, first / height);
  tile.counts = weights.index.data + row * weights.segments * 2;
  tile.moves = is_ordered(weights) ? moves_of(weights) + row : nullptr;
  tile.gaps = weights.index.data + head_bytes(weights) + entry;
  tile.values = reinterpret_cast<const float*>(reinterpret_cast<const char*>(weights.values.data) +
                                               entry * height * bytes_of(weights.dtype));
  tile.rows = rows;
  tile.segments = weights.segments;
  return tile;
}

void cut_sparse_rows(const RowRanges& ranges, const PackedWeights& weights) {
  const int64_t height = rows_of_sparse_group(weights.packing);
  int64_t next = 0;
  for (int64_t group = 0; group < weights.groups; ++group) {
    cut_group(ranges, weights, group);
    const int64_t* cuts = ranges.cuts_of(group);
    for (int64_t block = 0; block < ranges.blocks; ++block) {
      for (int64_t range = 0; range < ranges.count; ++range) {
        ranges.entry(group, range, block) = next;
        const int64_t first = cuts[range] / height, end = ceil_div(cuts[range + 1], height);
        next += count_entries(weights, group, block, first, end - first);
      }
    }
  }
}

}  // namespace lacuna
