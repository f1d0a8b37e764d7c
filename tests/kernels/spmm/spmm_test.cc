// Packings SparseRows and SparseRows4, and every spmm kernel against plain loops.
#include "kernels/spmm/spmm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/spmm/pack.h"
#include "kernels/spmm/sparse_rows.h"
#include "kernels/weight_cases.h"
#include "tests/kernels/tile_harness.h"

namespace lacuna {
namespace {

Tensor weights_with_boundary_rows(std::mt19937& rng, int64_t rows, int64_t columns, double density) {
  Tensor weight = random_weight(rng, make_shape({rows, columns}), density);
  clear_row(weight, 0);
  clear_row(weight, rows - 1);
  if (rows > 2) std::fill_n(weight.f32.begin() + columns, columns, 0.5f);  // a full row
  return weight;
}

WeightMatrix matrix_of(const Tensor& weight, uint32_t groups) {
  WeightMatrix matrix;
  matrix.data = weight.f32.data();
  matrix.rows = static_cast<uint32_t>(weight.shape[0]);
  matrix.columns = static_cast<uint32_t>(weight.shape[1]);
  matrix.groups = groups;
  return matrix;
}

constexpr fbs::Packing kPackings[] = {fbs::Packing::SparseRows, fbs::Packing::SparseRows4};

/// Rows in the order of their entries: a permutation within each window, and the same weights.
void check_order(WeightBytes packed, const Tensor& weight) {
  order_rows(packed);
  const PackedWeights weights = packed.view();
  lacuna_error error = {};
  CHECK_MESSAGE(check_sparse_rows(weights, &error) == LACUNA_OK, error.message);
  CHECK(unpack_sparse_rows(weights) == weight.f32);
  const int64_t rows = sparse_row_groups(weights), window = order_window(rows);
  for (int64_t block = 0; block < sparse_blocks(weights); ++block) {
    const uint8_t* counts = sparse_tile(weights, 0, block, 0, rows, 0).counts;
    for (int64_t row = 1; row < rows; ++row) {
      if (row % window != 0)
        CHECK(counts[2 * row - 2] + 256 * counts[2 * row - 1] <= counts[2 * row] + 256 * counts[2 * row + 1]);
    }
  }
}

TEST_CASE("windows of ordered rows fit a byte and four threads") {
  for (const int64_t rows : {1, 2, 3, 4, 5, 63, 64, 65, 160, 255, 256, 257, 320, 512, 1000, 100000}) {
    CAPTURE(rows);
    CHECK(order_window(rows) >= 1);
    CHECK(order_window(rows) <= 64);
    if (rows >= 4) CHECK(ceil_div(rows, order_window(rows)) >= 2);
    if (rows % 256 == 0) CHECK(ceil_div(rows, order_window(rows)) % 4 == 0);
  }
}

TEST_CASE("sparse rows round-trip and pass their check") {
  std::mt19937 rng(1);
  for (const double density : {0.0, 0.002, 0.1, 1.0}) {
    for (const uint32_t groups : {1u, 2u}) {
      for (const int64_t columns : {1, 15, 16, 17, 128, 129, 255, 256, 257, 600, 1100}) {
        for (const uint32_t block : {0u, 16u, 255u, 256u, 257u}) {
          if (block > columns) continue;
          CAPTURE(density);
          CAPTURE(groups);
          CAPTURE(columns);
          CAPTURE(block);
          const Tensor weight = weights_with_boundary_rows(rng, 14, columns, density);
          for (const fbs::Packing packing : kPackings) {
            const WeightBytes packed = pack_sparse_rows(matrix_of(weight, groups), nullptr, packing, block);
            lacuna_error error = {};
            CHECK_MESSAGE(check_sparse_rows(packed.view(), &error) == LACUNA_OK, error.message);
            CHECK(unpack_sparse_rows(packed.view()) == weight.f32);
            if (packing == fbs::Packing::SparseRows) check_order(packed, weight);
          }
        }
      }
    }
  }
}

TEST_CASE("sparse rows take at most 6 bytes a non-zero at 10 % density") {
  std::mt19937 rng(1);
  const Tensor weight = random_weight(rng, make_shape({64, 768}), 0.1);
  WeightBytes packed = pack_sparse_rows(matrix_of(weight, 1), nullptr, fbs::Packing::SparseRows);
  order_rows(packed);
  const auto nonzeros = std::count_if(weight.f32.begin(), weight.f32.end(), [](float w) { return w != 0.0f; });
  CHECK(packed.index.size() + packed.values.size() * sizeof(float) <= 6 * static_cast<size_t>(nonzeros));
}

bool refused(const WeightBytes& bytes) {
  lacuna_error error = {};
  return check_sparse_rows(bytes.view(), &error) == LACUNA_ERROR_MEANING && error.message[0] != '\0';
}

TEST_CASE("damaged moves of ordered rows are refused") {
  std::mt19937 rng(1);
  const Tensor weight = random_weight(rng, make_shape({10, 40}), 0.5);
  WeightBytes good = pack_sparse_rows(matrix_of(weight, 1), nullptr, fbs::Packing::SparseRows, 20);
  order_rows(good);
  REQUIRE(!refused(good));
  REQUIRE(order_window(10) == 3);
  const size_t moves = 2 * 10 * 2;  // behind the counts
  SUBCASE("row_in_front_of_its_window") {
    good.index[moves + 3] = 0xff;
    CHECK(refused(good));
  }
  SUBCASE("row_behind_the_last_one") {
    good.index[moves + 9] = 1;
    CHECK(refused(good));
  }
  SUBCASE("a_row_twice") {
    good.index[moves] = 1;
    good.index[moves + 1] = 0;
    CHECK(refused(good));
  }
  SUBCASE("a_move_too_few") {
    good.index.erase(good.index.begin() + moves);
    CHECK(refused(good));
  }
  SUBCASE("moves_without_the_mark") {
    good.meta.ordered = false;
    CHECK(refused(good));
  }
}

TEST_CASE("damaged sparse rows are refused") {
  std::mt19937 rng(1);
  const Tensor weight = random_weight(rng, make_shape({4, 40}), 0.5);
  const WeightBytes good = pack_sparse_rows(matrix_of(weight, 1), nullptr, fbs::Packing::SparseRows, 20);
  REQUIRE(!refused(good));
  const size_t counts = 2 * 4 * 2;  // 4 rows in 2 blocks, 2 bytes each
  SUBCASE("index_one_byte_short") {
    WeightBytes bad = good;
    bad.index.pop_back();
    CHECK(refused(bad));
  }
  SUBCASE("one_value_too_many") {
    WeightBytes bad = good;
    bad.values.push_back(1.0f);
    CHECK(refused(bad));
  }
  SUBCASE("count_over_all_entries") {
    WeightBytes bad = good;
    bad.index[counts - 1] = 0xff;
    CHECK(refused(bad));
  }
  SUBCASE("count_below_the_entries") {
    WeightBytes bad = good;
    bad.index[counts - 2] = static_cast<uint8_t>(bad.index[counts - 2] - 1);
    CHECK(refused(bad));
  }
  SUBCASE("column_equals_block_width") {
    WeightBytes bad = good;
    // The last row ends at column 19 of its block at most: move it to 20 exactly.
    uint32_t last = 0;
    for (size_t i = bad.index.size() - bad.index[counts - 2]; i < bad.index.size(); ++i) last += bad.index[i];
    bad.index.back() = static_cast<uint8_t>(bad.index.back() + 20 - last);
    CHECK(refused(bad));
  }
  SUBCASE("block_0_or_too_narrow_or_wider_than_rows") {
    for (const uint32_t block : {0u, 1u, 15u, 41u, 70000u}) {
      WeightBytes bad = good;
      bad.meta.block = block;
      CHECK(refused(bad));
    }
  }
  SUBCASE("no_segment_or_too_many") {
    for (const uint32_t segments : {0u, 2u, 9u}) {
      WeightBytes bad = good;
      bad.meta.segments = segments;
      CHECK(refused(bad));
    }
  }
  SUBCASE("absurd_sizes_do_not_overflow") {
    WeightBytes bad = good;
    bad.meta.rows = bad.meta.columns = 0x7fffffff;
    CHECK(refused(bad));
  }
}

void check_ranges(const Tensor& weight, fbs::Packing packing, bool ordered) {
  WeightBytes packed = pack_sparse_rows(matrix_of(weight, 2), nullptr, packing, 100);
  if (ordered) order_rows(packed);
  const PackedWeights weights = packed.view();
  const int64_t rows = weights.rows / 2, height = rows_of_sparse_group(packing);
  for (int64_t count = 1; count <= sparse_row_steps(weights); ++count) {
    std::vector<int64_t> tables(static_cast<size_t>(RowRanges::table_size(2, count, 3)));
    const RowRanges ranges(2, count, 3, tables.data());
    cut_sparse_rows(ranges, weights);
    const uint8_t* next = sparse_tile(weights, 0, 0, 0, rows, 0).gaps;
    for (int64_t group = 0; group < 2; ++group) {
      CHECK(ranges.cuts_of(group)[0] == 0);
      CHECK(ranges.cuts_of(group)[count] == rows);
      for (int64_t block = 0; block < 3; ++block) {
        for (int64_t range = 0; range < count; ++range) {
          const SparseTile tile = sparse_tile(weights, ranges, group, range, block);
          CHECK(tile.rows > 0);
          CHECK(tile.gaps == next);
          CHECK(ranges.cuts_of(group)[range] % (height * sparse_row_step(weights)) == 0);
          for (int64_t i = 0; i * height < tile.rows; ++i) next += tile.counts[2 * i] + 256 * tile.counts[2 * i + 1];
        }
      }
    }
    CHECK(next == weights.index.end());
  }
}

TEST_CASE("row ranges cover all entries once") {
  std::mt19937 rng(1);
  const Tensor weight = weights_with_boundary_rows(rng, 26, 300, 0.3);
  for (const fbs::Packing packing : kPackings) {
    check_ranges(weight, packing, false);
  }
  check_ranges(weight, fbs::Packing::SparseRows, true);
}

/// Runs all blocks of all rows by `kernel` and compares with a plain loop.
void check_kernel(const SpmmKernel& kernel, const TileShape& shape, double density, uint32_t block, bool offsets,
                  std::mt19937& rng) {
  const Tensor weight = weights_with_boundary_rows(rng, shape.rows, shape.columns, density);
  WeightBytes packed = pack_sparse_rows(matrix_of(weight, 1), nullptr, kernel.packing, block);
  if (kernel.packing == fbs::Packing::SparseRows && rng() % 2 == 0) order_rows(packed);
  const PackedWeights weights = packed.view();
  TileProblem problem(shape, rng);
  const int64_t blocks = sparse_blocks(weights);
  int64_t entry = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const SparseTile tile = sparse_tile(weights, 0, b, 0, shape.rows, entry);
    for (int64_t i = 0; i * rows_of_sparse_group(kernel.packing) < shape.rows; ++i)
      entry += tile.counts[2 * i] + 256 * tile.counts[2 * i + 1];
    kernel.function(tile, problem.input(b * weights.block, offsets), problem.output(b == 0, b == blocks - 1));
  }
  CHECK(problem.error(weight) <= 1e-5);
}

TEST_CASE("every spmm kernel of this machine agrees with a plain loop") {
  std::mt19937 rng(1);
  int tiles = 0;
  for (const SpmmKernel& kernel : kSpmmKernels) {
    if ((cpu_isas() & kernel.isa) == 0) continue;
    CAPTURE(kernel.name);
    ++tiles;
    for (const int pixels : tile_pixels(kernel.shape == SpmmShape::kVector ? 1 : 2 * kTilePixels)) {
      for (const bool offsets : {false, true}) {
        if (offsets && kernel.shape == SpmmShape::kVector) continue;
        for (const bool ends : {false, true}) {
          CAPTURE(pixels);
          CAPTURE(offsets);
          CAPTURE(ends);
          check_kernel(kernel, {7, 70, pixels, ends, ends, ends}, 0.2, 0, offsets, rng);
          check_kernel(kernel, {5, 70, pixels, !ends, ends, !ends}, 0.2, 16, offsets, rng);
          check_kernel(kernel, {30, 70, pixels, ends, ends, !ends}, 0.2, 16, offsets, rng);
        }
      }
    }
    check_kernel(kernel, {4, 700, 1, true, false, false}, 0.003, 700, false, rng);
    check_kernel(kernel, {3, 256, 1, true, true, true}, 1.0, 256, false, rng);
  }
  CHECK(tiles >= 2);
}

/// A row of pixels filtered by taps -1, 0 and 1 as three segments, whose sums move.
void check_moving(const SpmmKernel& kernel, int line, int lines, bool first, std::mt19937& rng) {
  constexpr int64_t kRows = 15, kChannels = 20, kTaps = 3;
  const Tensor weight = weights_with_boundary_rows(rng, kRows, kChannels * kTaps, 0.3);
  WeightMatrix matrix = matrix_of(weight, 1);
  matrix.channel_columns = kTaps;
  matrix.segments = {0, 1, 2};
  WeightBytes packed = pack_sparse_rows(matrix, nullptr, kernel.packing, kChannels * kTaps);
  if (first) order_rows(packed);
  const int pixels = line * lines;
  const Tensor x = random_weight(rng, make_shape({kChannels, pixels + 64}), 1.0);
  std::vector<int32_t> offsets;  // all taps of a channel read one run
  for (int64_t c = 0; c < kChannels * kTaps; ++c) offsets.push_back(static_cast<int32_t>(c / kTaps * (pixels + 64)));
  Tensor y = random_weight(rng, make_shape({kRows, pixels}), 1.0);
  const Tensor before = y;
  TileOutput out = {};
  out.y = y.f32.data();
  out.row_stride = out.pixels = pixels;
  out.first = first;
  kernel.function(sparse_tile(packed.view(), 0, 0, 0, kRows, 0), {x.f32.data(), 0, offsets.data(), line}, out);
  double worst = 0;
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t p = 0; p < pixels; ++p) {
      double wanted = first ? 0.0 : before.f32[static_cast<size_t>(r * pixels + p)];
      for (int64_t c = 0; c < kChannels * kTaps; ++c) {
        const int64_t from = p - (kTaps - 1 - c % kTaps);
        if (from < 0) continue;
        wanted += double{weight.f32[static_cast<size_t>(r * kChannels * kTaps + c)]} *
                  double{x.f32[static_cast<size_t>(offsets[static_cast<size_t>(c)] + from)]};
      }
      worst = std::max(worst, std::abs(wanted - double{y.f32[static_cast<size_t>(r * pixels + p)]}));
    }
  }
  CHECK(worst <= 1e-5);
}

TEST_CASE("sums of segments move on by a pixel") {
  std::mt19937 rng(1);
  for (const SpmmKernel& kernel : kSpmmKernels) {
    if ((cpu_isas() & kernel.isa) == 0 || kernel.packing != fbs::Packing::SparseRows) continue;
    if (kernel.shape != SpmmShape::kTile) continue;
    CAPTURE(kernel.name);
    for (const int line : {4, 8, 16, kMostLine}) {
      CAPTURE(line);
      // One run of lines, whose sums move from each line to the next.
      for (const bool first : {false, true}) check_moving(kernel, line, kMostLine / line, first, rng);
    }
  }
}

TEST_CASE("segments stay where pixels do not come in lines") {
  std::mt19937 rng(1);
  const Tensor weight = weights_with_boundary_rows(rng, 6, 60, 0.3);
  WeightMatrix matrix = matrix_of(weight, 1);
  matrix.channel_columns = 3;
  matrix.segments = {0, 0, 1};
  const WeightBytes packed = pack_sparse_rows(matrix, nullptr, fbs::Packing::SparseRows, 60);
  lacuna_error error = {};
  CHECK_MESSAGE(check_sparse_rows(packed.view(), &error) == LACUNA_OK, error.message);
  CHECK(packed.meta.segments == 2);
  CHECK(unpack_sparse_rows(packed.view()) == weight.f32);
  for (const SpmmKernel& kernel : kSpmmKernels) {
    if ((cpu_isas() & kernel.isa) == 0 || kernel.packing != fbs::Packing::SparseRows) continue;
    CAPTURE(kernel.name);
    TileProblem problem({6, 60, kernel.shape == SpmmShape::kVector ? 1 : 37, true, true, true}, rng);
    kernel.function(sparse_tile(packed.view(), 0, 0, 0, 6, 0), problem.input(0, false), problem.output(true, true));
    CHECK(problem.error(weight) <= 1e-5);
  }
}

}  // namespace
}  // namespace lacuna
