// Matrix products of every tier on blocks inside larger matrices, with memory that ends behind the last element.
#include "kernels/matmul/matmul.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "kernels/eltwise/cases.h"
#include "tests/support/guarded_memory.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

struct Kernel {
  Isa isa;
  const char* name;
  MatMulFunction function;
};

constexpr Kernel kKernels[] = {
#define LACUNA_MATMUL_KERNEL(isa, function) {isa, #function, function},
#include "kernels/matmul/kernels.inc"
#undef LACUNA_MATMUL_KERNEL
};

/// rows x columns floats, `stride` floats a row, the last of them at the end of readable memory.
struct Matrix {
  Matrix(std::mt19937& rng, int64_t rows, int64_t columns, int64_t row_stride)
      : elements(static_cast<size_t>((rows - 1) * row_stride + columns)),
        stride(row_stride),
        memory(align_up(elements * sizeof(float))),
        data(memory.floats() + align_up(elements * sizeof(float)) / sizeof(float) - elements) {
    const Tensor values = uniform_tensor(rng, make_shape({static_cast<int64_t>(elements)}), -1, 1);
    std::copy(values.f32.begin(), values.f32.end(), data);
  }
  size_t elements;
  int64_t stride;
  GuardedMemory memory;
  float* data;
};

void check_product(const Kernel& kernel, int64_t m, int64_t n, int64_t k, bool turn_a, bool turn_b) {
  CAPTURE(std::string(kernel.name));
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  CAPTURE(turn_a);
  CAPTURE(turn_b);
  std::mt19937 rng(static_cast<uint32_t>(m * 10000 + n * 100 + k));
  const Matrix a(rng, turn_a ? k : m, turn_a ? m : k, (turn_a ? m : k) + 3);
  const Matrix b(rng, turn_b ? n : k, turn_b ? k : n, (turn_b ? k : n) + 5);
  const Matrix c(rng, m, n, n + 7);
  std::vector<float> before(c.data, c.data + c.elements);
  const GuardedMemory scratch(kMatMulScratchBytes);
  kernel.function({a.data, turn_a ? 1 : a.stride, turn_a ? a.stride : 1, b.data, turn_b ? 1 : b.stride,
                   turn_b ? b.stride : 1, c.data, c.stride, m, n, k, 0.5f},
                  scratch.floats());
  for (int64_t i = 0; i < static_cast<int64_t>(c.elements); ++i) {
    const int64_t row = i / c.stride, column = i % c.stride;
    if (column >= n) {
      CHECK(c.data[i] == before[static_cast<size_t>(i)]);
      continue;
    }
    double sum = 0;
    for (int64_t j = 0; j < k; ++j) {
      sum += static_cast<double>(turn_a ? a.data[j * a.stride + row] : a.data[row * a.stride + j]) *
             static_cast<double>(turn_b ? b.data[column * b.stride + j] : b.data[j * b.stride + column]);
    }
    CHECK(std::abs(static_cast<double>(c.data[i]) - sum / 2) <= 1e-5 * std::sqrt(static_cast<double>(k)));
  }
}

TEST_CASE("matmul kernels compute blocks and write nothing else") {
  for (const Isa isa : machine_isas()) {
    size_t found = 0;
    for (const Kernel& kernel : kKernels) {
      if (kernel.isa != isa) continue;
      ++found;
      for (const int64_t m : {1, 3, 6, 8, 13}) {
        for (const int64_t n : {1, 7, 16, 48, 50}) {
          for (const int64_t k : {1, 9, 257}) {
            for (const bool turn_a : {false, true}) {
              for (const bool turn_b : {false, true}) check_product(kernel, m, n, k, turn_a, turn_b);
            }
          }
        }
      }
    }
    CHECK(found > 0);
  }
}

}  // namespace
}  // namespace lacuna
