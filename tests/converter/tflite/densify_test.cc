#include "converter/tflite/densify.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "converter/ir/error.h"
#include "converter/ir/tensor.h"
#include "tests/converter/tflite/model_builder.h"

namespace lacuna::tflite {
namespace {

using tflite_fbs::DimensionMetadataT;
using tflite_fbs::DimensionType;
using tflite_fbs::SparsityParametersT;

DimensionMetadataT dense(int size) {
  DimensionMetadataT dim;
  dim.format = DimensionType::DENSE;
  dim.dense_size = size;
  return dim;
}

template <class Vector = tflite_fbs::Int32VectorT, class Element = int32_t>
DimensionMetadataT csr(const std::vector<int>& segments, const std::vector<int>& positions) {
  DimensionMetadataT dim;
  dim.format = DimensionType::SPARSE_CSR;
  Vector segment_table, position_table;
  for (const int x : segments) segment_table.values.push_back(static_cast<Element>(x));
  for (const int x : positions) position_table.values.push_back(static_cast<Element>(x));
  dim.array_segments.Set(std::move(segment_table));
  dim.array_indices.Set(std::move(position_table));
  return dim;
}

SparsityParametersT sparsity(const std::vector<int>& order, const std::vector<int>& block_map,
                             const std::vector<DimensionMetadataT>& dims) {
  SparsityParametersT native;
  native.traversal_order = order;
  native.block_map = block_map;
  for (const DimensionMetadataT& dim : dims) native.dim_metadata.push_back(std::make_unique<DimensionMetadataT>(dim));
  return native;
}

std::vector<float> densified(const SparsityParametersT& native, const Shape& shape, const std::vector<float>& values) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(tflite_fbs::SparsityParameters::Pack(builder, &native));
  return densify(*flatbuffers::GetRoot<tflite_fbs::SparsityParameters>(builder.GetBufferPointer()), shape, values);
}

void check_malformed(const SparsityParametersT& native, const Shape& shape, const std::vector<float>& values,
                     const char* part) {
  try {
    densified(native, shape, values);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code == ExitCode::kMalformed);
    CHECK_MESSAGE(contains(error.what(), part), error.what());
  }
}

const std::vector<float> kMatrix = {1, 0, 2, 3,  //
                                    0, 4, 0, 0,  //
                                    0, 0, 5, 0};

TEST_CASE("densify: rows of a matrix, one row with a single element") {
  const auto native = sparsity({0, 1}, {}, {dense(3), csr({0, 3, 4, 5}, {0, 2, 3, 1, 2})});
  CHECK(densified(native, make_shape({3, 4}), {1, 2, 3, 4, 5}) == kMatrix);
}

TEST_CASE("densify: columns first") {
  const auto native = sparsity({1, 0}, {}, {dense(4), csr({0, 1, 2, 4, 5}, {0, 1, 0, 2, 0})});
  CHECK(densified(native, make_shape({3, 4}), {1, 4, 2, 5, 3}) == kMatrix);
}

TEST_CASE("densify: both dimensions sparse, rows without elements left out") {
  const auto native = sparsity({0, 1}, {}, {csr({0, 1}, {1}), csr({0, 2}, {0, 3})});
  CHECK(densified(native, make_shape({3, 4}), {7, 8}) == std::vector<float>{0, 0, 0, 0, 7, 0, 0, 8, 0, 0, 0, 0});
}

TEST_CASE("densify: 8 and 16 bit indices") {
  const auto bytes = csr<tflite_fbs::Uint8VectorT, uint8_t>({0, 3, 4, 5}, {0, 2, 3, 1, 2});
  const auto shorts = csr<tflite_fbs::Uint16VectorT, uint16_t>({0, 3, 4, 5}, {0, 2, 3, 1, 2});
  CHECK(densified(sparsity({0, 1}, {}, {dense(3), bytes}), make_shape({3, 4}), {1, 2, 3, 4, 5}) == kMatrix);
  CHECK(densified(sparsity({0, 1}, {}, {dense(3), shorts}), make_shape({3, 4}), {1, 2, 3, 4, 5}) == kMatrix);
}

TEST_CASE("densify: blocks of 2 x 2") {
  // Blocks (0,0), (0,1) and (1,1) of a 4 x 4 matrix, rows of blocks first.
  const auto native = sparsity({0, 1, 2, 3}, {0, 1}, {dense(2), csr({0, 2, 3}, {0, 1, 1}), dense(2), dense(2)});
  const std::vector<float> expected = {1, 0, 2, 3,  //
                                       0, 4, 0, 0,  //
                                       0, 0, 5, 0,  //
                                       0, 0, 0, 6};
  CHECK(densified(native, make_shape({4, 4}), {1, 0, 0, 4, 2, 3, 0, 0, 5, 0, 0, 6}) == expected);
}

TEST_CASE("densify: blocks stored column by column") {
  const auto native = sparsity({0, 1, 3, 2}, {0, 1}, {dense(2), csr({0, 1, 1}, {1}), dense(2), dense(2)});
  const std::vector<float> expected = {0, 0, 1, 3,  //
                                       0, 0, 2, 4,  //
                                       0, 0, 0, 0,  //
                                       0, 0, 0, 0};
  CHECK(densified(native, make_shape({4, 4}), {1, 2, 3, 4}) == expected);
}

TEST_CASE("densify: 1x1 convolution weights, blocks along the output channels only") {
  // [M=4, 1, 1, C=3], blocks of 2 output channels: traversed (M/2, kh, kw, C, block).
  const auto native =
      sparsity({0, 1, 2, 3, 4}, {0}, {dense(2), dense(1), dense(1), csr({0, 1, 3}, {2, 0, 1}), dense(2)});
  const std::vector<float> expected = {0, 0, 1,  //
                                       0, 0, 2,  //
                                       3, 5, 0,  //
                                       4, 6, 0};
  CHECK(densified(native, make_shape({4, 1, 1, 3}), {1, 2, 3, 4, 5, 6}) == expected);
}

TEST_CASE("densify: no stored value gives zeros") {
  CHECK(densified(sparsity({0, 1}, {}, {dense(2), csr({0, 0, 0}, {})}), make_shape({2, 2}), {}) ==
        std::vector<float>(4));
}

TEST_CASE("densify: metadata that do not fit") {
  const Shape shape = make_shape({2, 4});
  const auto rows = csr({0, 1, 2}, {0, 3});
  const std::vector<float> values = {1, 2};
  CHECK_NOTHROW(densified(sparsity({0, 1}, {}, {dense(2), rows}), shape, values));
  check_malformed(sparsity({0, 0}, {}, {dense(2), rows}), shape, values, "permutation");
  check_malformed(sparsity({0, 1}, {}, {dense(0), dense(3)}), make_shape({0, 3}), {}, "without elements");
  check_malformed(sparsity({0, 2}, {}, {dense(2), rows}), shape, values, "permutation");
  check_malformed(sparsity({0, -1}, {}, {dense(2), rows}), shape, values, "permutation");
  check_malformed(sparsity({0}, {}, {dense(2), rows}), shape, values, "each dimension");
  check_malformed(sparsity({0, 1}, {}, {dense(2)}), shape, values, "each dimension");
  check_malformed(sparsity({0, 1}, {}, {dense(3), rows}), shape, values, "size is 3");
  check_malformed(sparsity({0, 1}, {}, {dense(0), rows}), shape, values, "size is 0");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({0, 2}, {0, 3})}), shape, values, "2 segments for 2 parents");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({0, 3, 2}, {0, 3})}), shape, values, "order");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({1, 1, 2}, {0, 3})}), shape, values, "cover");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({0, 1, 1}, {0, 3})}), shape, values, "cover");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({0, 1, 2}, {0, 4})}), shape, values, "outside");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({0, 1, 2}, {0, -1})}), shape, values, "outside");
  check_malformed(sparsity({0, 1}, {}, {dense(2), rows}), shape, {1, 2, 3}, "3 stored values");
  check_malformed(sparsity({0, 1}, {}, {dense(2), csr({}, {})}), shape, values, "0 segments");
  auto unknown = dense(2);
  unknown.format = static_cast<DimensionType>(7);
  check_malformed(sparsity({0, 1}, {}, {unknown, rows}), shape, values, "unknown format");
}

TEST_CASE("densify: blocks that do not fit") {
  const Shape shape = make_shape({2, 4});
  const std::vector<float> values(8);
  CHECK_NOTHROW(densified(sparsity({0, 1, 2}, {1}, {dense(2), dense(2), dense(2)}), shape, values));
  check_malformed(sparsity({0, 1, 2}, {1}, {dense(2), dense(1), dense(3)}), shape, values, "divide");
  check_malformed(sparsity({0, 1, 2}, {1}, {dense(2), dense(2), dense(0)}), shape, values, "divide");
  check_malformed(sparsity({0, 1, 2}, {2}, {dense(2), dense(2), dense(2)}), shape, values, "block map");
  check_malformed(sparsity({0, 1, 2}, {-1}, {dense(2), dense(2), dense(2)}), shape, values, "block map");
  check_malformed(sparsity({0, 1, 2, 3}, {1, 1}, {dense(2), dense(2), dense(2), dense(1)}), shape, values, "block map");
  check_malformed(sparsity({0, 1, 2, 3, 4}, {0, 1, 1}, {dense(1), dense(1), dense(1), dense(1), dense(1)}), shape,
                  values, "more block dimensions");
}

/// Encodes dense tensors: keeps the positions of a sparse dimension below which something is not zero.
class Encoder {
 public:
  Encoder(const Shape& shape, const std::vector<float>& elements, std::vector<int> block_map,
          const std::vector<int>& block_sizes, std::vector<int> order, std::vector<bool> sparse)
      : elements_(elements), block_map_(std::move(block_map)), order_(std::move(order)), sparse_(std::move(sparse)) {
    const Shape strides = contiguous_strides(shape);
    sizes_.assign(shape.begin(), shape.end());
    strides_.assign(strides.begin(), strides.end());
    for (size_t b = 0; b < block_map_.size(); ++b) {
      const auto d = static_cast<size_t>(block_map_[b]);
      sizes_[d] /= block_sizes[b];
      sizes_.push_back(block_sizes[b]);
      strides_.push_back(strides_[d]);
      strides_[d] *= block_sizes[b];
    }
  }

  SparsityParametersT encode(std::vector<float>* values) {
    std::vector<int64_t> places = {0};
    std::vector<DimensionMetadataT> dims;
    for (size_t i = 0; i < order_.size(); ++i) {
      const auto d = static_cast<size_t>(order_[i]);
      std::vector<int64_t> next;
      std::vector<int> segments = {0};
      std::vector<int> positions;
      for (const int64_t place : places) {
        for (int64_t p = 0; p < sizes_[d]; ++p) {
          const int64_t child = place + p * strides_[d];
          if (sparse_[i] && !holds_something(i + 1, child)) continue;
          positions.push_back(static_cast<int>(p));
          next.push_back(child);
        }
        segments.push_back(static_cast<int>(positions.size()));
      }
      dims.push_back(sparse_[i] ? csr(segments, positions) : dense(static_cast<int>(sizes_[d])));
      places = next;
    }
    for (const int64_t place : places) values->push_back(elements_[static_cast<size_t>(place)]);
    return sparsity(order_, block_map_, dims);
  }

 private:
  bool holds_something(size_t level, int64_t place) const {
    if (level == order_.size()) return elements_[static_cast<size_t>(place)] != 0;
    const auto d = static_cast<size_t>(order_[level]);
    for (int64_t p = 0; p < sizes_[d]; ++p) {
      if (holds_something(level + 1, place + p * strides_[d])) return true;
    }
    return false;
  }

  std::vector<float> elements_;
  std::vector<int> block_map_, order_;
  std::vector<bool> sparse_;
  std::vector<int64_t> sizes_, strides_;
};

TEST_CASE("densify: random shapes, blocks, orders and formats") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 rng(seed);
    const auto draw = [&rng](int n) { return static_cast<int>(rng() % static_cast<uint32_t>(n)); };
    Shape shape;
    std::vector<int> block_map, block_sizes;
    const int rank = 1 + draw(4);
    for (int d = 0; d < rank; ++d) {
      const int block = draw(2) == 0 ? 1 + draw(3) : 0;
      shape.push_back((1 + draw(4)) * std::max(block, 1));
      if (block == 0) continue;
      block_map.push_back(d);
      block_sizes.push_back(block);
    }
    const size_t n = static_cast<size_t>(rank) + block_map.size();
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), rng);
    std::vector<bool> sparse(n);
    for (size_t i = 0; i < n; ++i) sparse[i] = order[i] < rank && draw(2) == 0;
    std::vector<float> elements(static_cast<size_t>(count(shape)));
    for (float& x : elements) x = draw(4) == 0 ? static_cast<float>(1 + draw(100)) : 0.0f;
    std::vector<float> values;
    const SparsityParametersT native = Encoder(shape, elements, block_map, block_sizes, order, sparse).encode(&values);
    CHECK(densified(native, shape, values) == elements);
  }
}

}  // namespace
}  // namespace lacuna::tflite
