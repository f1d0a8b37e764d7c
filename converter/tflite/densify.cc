#include "converter/tflite/densify.h"

#include <cstdint>
#include <limits>
#include <string>

#include "converter/ir/error.h"
#include "converter/ir/graph.h"

namespace lacuna::tflite {

namespace {

constexpr int64_t kMaxPositions = std::numeric_limits<int32_t>::max();

/// One dimension in the order of traversal.
struct Level {
  bool dense = true;
  int64_t size = 0;                ///< positions when dense
  int64_t stride = 0;              ///< elements of the dense tensor between neighbouring positions
  std::vector<int64_t> segments;   ///< of a sparse one
  std::vector<int64_t> positions;  ///< of a sparse one
};

[[noreturn]] void bad_level(size_t level, const std::string& what) {
  malformed("sparsity metadata of traversed dimension " + std::to_string(level) + ": " + what);
}

template <class Vector>
std::vector<int64_t> widened(const Vector* table) {
  if (table == nullptr || table->values() == nullptr) return {};
  return std::vector<int64_t>(table->values()->begin(), table->values()->end());
}

std::vector<int64_t> segments_of(const tflite_fbs::DimensionMetadata& dim) {
  switch (dim.array_segments_type()) {
    case tflite_fbs::SparseIndexVector::Int32Vector:
      return widened(dim.array_segments_as_Int32Vector());
    case tflite_fbs::SparseIndexVector::Uint16Vector:
      return widened(dim.array_segments_as_Uint16Vector());
    case tflite_fbs::SparseIndexVector::Uint8Vector:
      return widened(dim.array_segments_as_Uint8Vector());
    default:
      return {};
  }
}

std::vector<int64_t> positions_of(const tflite_fbs::DimensionMetadata& dim) {
  switch (dim.array_indices_type()) {
    case tflite_fbs::SparseIndexVector::Int32Vector:
      return widened(dim.array_indices_as_Int32Vector());
    case tflite_fbs::SparseIndexVector::Uint16Vector:
      return widened(dim.array_indices_as_Uint16Vector());
    case tflite_fbs::SparseIndexVector::Uint8Vector:
      return widened(dim.array_indices_as_Uint8Vector());
    default:
      return {};
  }
}

std::vector<int> ints_of(const flatbuffers::Vector<int32_t>* vector) {
  return vector == nullptr ? std::vector<int>() : std::vector<int>(vector->begin(), vector->end());
}

/// The order of traversal as a permutation of `n` dimensions.
std::vector<int> checked_order(const tflite_fbs::SparsityParameters& sparsity, size_t n) {
  std::vector<int> order = ints_of(sparsity.traversal_order());
  std::vector<bool> seen(n);
  for (const int dim : order) {
    if (dim < 0 || static_cast<size_t>(dim) >= n || seen[static_cast<size_t>(dim)]) {
      malformed("the sparsity's traversal order is not a permutation of its dimensions");
    }
    seen[static_cast<size_t>(dim)] = true;
  }
  if (order.size() != n) malformed("the sparsity's traversal order does not name each dimension");
  return order;
}

/// Positions and strides of the n + k dimensions, in their own order.
struct Expanded {
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
};

Expanded expand_blocks(const Shape& shape, const std::vector<int>& block_map, const std::vector<int64_t>& block_sizes) {
  const Shape dense_strides = contiguous_strides(shape);
  Expanded out{{shape.begin(), shape.end()}, {dense_strides.begin(), dense_strides.end()}};
  std::vector<bool> blocked(static_cast<size_t>(shape.rank));
  for (size_t b = 0; b < block_map.size(); ++b) {
    const auto dim = static_cast<size_t>(block_map[b]);
    if (block_map[b] < 0 || block_map[b] >= shape.rank || blocked[dim]) {
      malformed("the sparsity's block map names dimension " + std::to_string(block_map[b]) +
                ", which the tensor lacks or which is blocked already");
    }
    blocked[dim] = true;
    if (block_sizes[b] <= 0 || out.sizes[dim] % block_sizes[b] != 0) {
      malformed("sparse blocks of " + std::to_string(block_sizes[b]) + " do not divide a dimension of " +
                std::to_string(out.sizes[dim]));
    }
    out.sizes.push_back(block_sizes[b]);
    out.strides.push_back(out.strides[dim]);
    out.sizes[dim] /= block_sizes[b];
    out.strides[dim] *= block_sizes[b];
  }
  return out;
}

/// Checks a sparse dimension with `parents` stored positions above it.
void check_sparse(const Level& level, size_t index, int64_t parents) {
  const std::vector<int64_t>& segments = level.segments;
  if (static_cast<int64_t>(segments.size()) != parents + 1) {
    bad_level(index, std::to_string(segments.size()) + " segments for " + std::to_string(parents) + " parents");
  }
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i] < segments[i - 1]) bad_level(index, "segments are not in order");
  }
  if (segments.front() != 0 || segments.back() != static_cast<int64_t>(level.positions.size())) {
    bad_level(index, "segments do not cover the indices");
  }
  for (const int64_t position : level.positions) {
    if (position < 0 || position >= level.size) {
      bad_level(index, "index " + std::to_string(position) + " is outside of " + std::to_string(level.size));
    }
  }
}

/// Reads and checks all dimensions. Returns them with the number of values that they store.
std::vector<Level> read_levels(const tflite_fbs::SparsityParameters& sparsity, const Shape& shape, size_t value_count) {
  if (count(shape) == 0) malformed("a sparse tensor " + to_string(shape) + " without elements");
  const std::vector<int> block_map = ints_of(sparsity.block_map());
  const auto rank = static_cast<size_t>(shape.rank);
  if (block_map.size() > rank) malformed("the sparsity has more block dimensions than the tensor has dimensions");
  const size_t n = rank + block_map.size();
  const std::vector<int> order = checked_order(sparsity, n);
  const auto* metadata = sparsity.dim_metadata();
  if (metadata == nullptr || metadata->size() != n) malformed("the sparsity does not describe each dimension");

  std::vector<int64_t> block_sizes(block_map.size());
  for (size_t i = 0; i < n; ++i) {
    const auto dim = static_cast<size_t>(order[i]);
    if (dim >= rank) block_sizes[dim - rank] = metadata->Get(static_cast<uint32_t>(i))->dense_size();
  }
  const Expanded expanded = expand_blocks(shape, block_map, block_sizes);

  std::vector<Level> levels(n);
  int64_t stored = 1;
  for (size_t i = 0; i < n; ++i) {
    const tflite_fbs::DimensionMetadata& dim = *metadata->Get(static_cast<uint32_t>(i));
    Level& level = levels[i];
    level.size = expanded.sizes[static_cast<size_t>(order[i])];
    level.stride = expanded.strides[static_cast<size_t>(order[i])];
    level.dense = dim.format() == tflite_fbs::DimensionType::DENSE;
    if (level.dense) {
      if (dim.dense_size() != level.size) {
        bad_level(i, "its size is " + std::to_string(dim.dense_size()) + ", but " + std::to_string(level.size) +
                         " fits the tensor");
      }
      if (stored > kMaxPositions / level.size) bad_level(i, "too many positions");
      stored *= level.size;
    } else if (dim.format() == tflite_fbs::DimensionType::SPARSE_CSR) {
      level.segments = segments_of(dim);
      level.positions = positions_of(dim);
      check_sparse(level, i, stored);
      stored = static_cast<int64_t>(level.positions.size());
    } else {
      bad_level(i, "unknown format");
    }
  }
  if (static_cast<size_t>(stored) != value_count) {
    malformed("the sparse tensor " + to_string(shape) + " has " + std::to_string(value_count) +
              " stored values, but its metadata describe " + std::to_string(stored));
  }
  return levels;
}

/// Places the values below stored position `parent` of level `i - 1`; `place` is where they begin in `dense`.
void scatter(const std::vector<Level>& levels, size_t i, int64_t parent, int64_t place,
             const std::vector<float>& values, std::vector<float>& dense) {
  if (i == levels.size()) {
    dense[static_cast<size_t>(place)] = values[static_cast<size_t>(parent)];
    return;
  }
  const Level& level = levels[i];
  if (level.dense) {
    for (int64_t p = 0; p < level.size; ++p) {
      scatter(levels, i + 1, parent * level.size + p, place + p * level.stride, values, dense);
    }
    return;
  }
  const auto segment = static_cast<size_t>(parent);
  for (int64_t s = level.segments[segment]; s < level.segments[segment + 1]; ++s) {
    scatter(levels, i + 1, s, place + level.positions[static_cast<size_t>(s)] * level.stride, values, dense);
  }
}

}  // namespace

std::vector<float> densify(const tflite_fbs::SparsityParameters& sparsity, const Shape& shape,
                           const std::vector<float>& values) {
  const std::vector<Level> levels = read_levels(sparsity, shape, values.size());
  std::vector<float> dense(static_cast<size_t>(count(shape)));
  scatter(levels, 0, 0, 0, values, dense);
  return dense;
}

}  // namespace lacuna::tflite
