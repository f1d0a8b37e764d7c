// Row kernels of every tier: accuracy of long sums, columns against rows, and memory that ends with the last element.
#include "kernels/rows/rows.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "kernels/eltwise/cases.h"
#include "kernels/rows/loop_nest.h"
#include "tests/support/guarded_memory.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

const RowsKernels& kernels_of(Isa isa) {
  const RowsEntry& entry = select_rows(up_to(isa));
  REQUIRE(entry.isa == isa);
  return *entry.kernels;
}

/// A copy of the tensor that ends where readable memory does.
struct Guarded {
  explicit Guarded(const Tensor& tensor)
      : memory(align_up(tensor.f32.size() * sizeof(float))),
        data(memory.floats() + align_up(tensor.f32.size() * sizeof(float)) / sizeof(float) - tensor.f32.size()) {
    std::copy(tensor.f32.begin(), tensor.f32.end(), data);
  }
  GuardedMemory memory;
  float* data;
};

TEST_CASE("sums of rows and columns are within 1e-6 of the sum of absolute values") {
  std::mt19937 rng(1);
  for (const int64_t n : {1, 31, 128, 1000, 200003}) {
    const Tensor x = uniform_tensor(rng, make_shape({n}), -1, 2);
    double sum = 0, absolute = 0;
    for (const float v : x.f32) {
      sum += static_cast<double>(v);
      absolute += std::abs(static_cast<double>(v));
    }
    const Guarded guarded(x);
    for (const Isa isa : machine_isas()) {
      CAPTURE(std::string(name_of(isa)));
      CAPTURE(n);
      const auto index = static_cast<int>(Reduction::kSum);
      CHECK(std::abs(kernels_of(isa).reduce_row[index](guarded.data, n, 0) - sum) <= 1e-6 * absolute);
      float acc = 0, lost = 0;
      kernels_of(isa).reduce_columns[index](guarded.data, n, 1, 1, nullptr, &acc, &lost);
      CHECK(std::abs(static_cast<double>(acc) - sum) <= 1e-6 * absolute);
    }
  }
}

TEST_CASE("columns are reduced as rows are") {
  std::mt19937 rng(2);
  const int64_t n = 75;
  for (const int64_t columns : {1, 3, 4, 8, 15, 16, 17, 33, 63, 64}) {
    const Guarded x(uniform_tensor(rng, make_shape({n, columns}), 0.9f, 1.1f));
    for (const Isa isa : machine_isas()) {
      for (int reduction = 0; reduction < kReductions; ++reduction) {
        CAPTURE(std::string(name_of(isa)));
        CAPTURE(columns);
        CAPTURE(reduction);
        float center[kColumnTile], acc[kColumnTile], lost[kColumnTile] = {};
        std::vector<float> row(static_cast<size_t>(n));
        for (int64_t c = 0; c < columns; ++c) {
          center[c] = 0.25f;
          acc[c] = static_cast<float>(kernels_of(isa).reduce_row[reduction](nullptr, 0, 0));  // the neutral element
        }
        kernels_of(isa).reduce_columns[reduction](x.data, n, columns, columns, center, acc, lost);
        for (int64_t c = 0; c < columns; ++c) {
          for (int64_t i = 0; i < n; ++i) row[static_cast<size_t>(i)] = x.data[i * columns + c];
          CHECK(static_cast<double>(acc[c]) ==
                doctest::Approx(kernels_of(isa).reduce_row[reduction](row.data(), n, 0.25f)).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("functions of an axis: columns as rows, in place as elsewhere") {
  std::mt19937 rng(3);
  const int64_t n = 9;
  for (const int64_t columns : {1, 5, 16, 19, 64}) {
    const Tensor values = uniform_tensor(rng, make_shape({n, columns}), -3, 3);
    for (const Isa isa : machine_isas()) {
      for (int function = 0; function < kAxisFunctions; ++function) {
        CAPTURE(std::string(name_of(isa)));
        CAPTURE(columns);
        CAPTURE(function);
        const Guarded x(values), y(values);
        kernels_of(isa).axis_columns[function](x.data, columns, y.data, columns, n, columns, 1e-6f);
        kernels_of(isa).axis_columns[function](x.data, columns, x.data, columns, n, columns, 1e-6f);
        for (int64_t c = 0; c < columns; ++c) {
          std::vector<float> row(static_cast<size_t>(n));
          for (int64_t i = 0; i < n; ++i)
            row[static_cast<size_t>(i)] = values.f32[static_cast<size_t>(i * columns + c)];
          kernels_of(isa).axis_row[function](row.data(), row.data(), n, 1e-6f);
          for (int64_t i = 0; i < n; ++i) {
            CHECK(y.data[i * columns + c] == doctest::Approx(row[static_cast<size_t>(i)]).epsilon(1e-5));
            CHECK(x.data[i * columns + c] == y.data[i * columns + c]);
          }
        }
      }
    }
  }
}

TEST_CASE("loop nests collapse, and cursors visit every element once in order") {
  LoopNest<2> nest;
  nest.add(2, {60, 0});
  nest.add(1, {999, 999});
  nest.add(3, {20, 20});
  nest.add(4, {5, 5});
  nest.add(5, {1, 1});
  CHECK(nest.rank == 2);
  CHECK(nest.size[1] == 60);
  CHECK(nest.elements() == 120);
  nest.close(0b11);
  CHECK(nest.rank == 2);
  nest.add(3, {7, 2});
  nest.close(0b11);
  CHECK(nest.rank == 4);
  CHECK(nest.size[3] == 1);

  LoopNest<1> strided;
  strided.add(2, {100});
  strided.add(3, {10});
  strided.add(4, {1});
  for (int64_t begin = 0; begin <= 24; ++begin) {
    for (int64_t end = begin; end <= 24; ++end) {
      std::vector<int64_t> visited;
      for_each_run(strided, begin, end, [&](const int64_t(&at)[1], int64_t n) {
        for (int64_t i = 0; i < n; ++i) visited.push_back(at[0] + i);
      });
      std::vector<int64_t> expected;
      for (int64_t i = begin; i < end; ++i) expected.push_back(i / 12 * 100 + i / 4 % 3 * 10 + i % 4);
      CHECK(visited == expected);
    }
  }
}

}  // namespace
}  // namespace lacuna
