// Pool kernels of every tier on single rows, with memory that ends behind the last element.
#include "kernels/pool/pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "kernels/eltwise/cases.h"
#include "tests/support/guarded_memory.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

struct Kernel {
  Isa isa;
  const char* name;
  PoolFunction function;
  bool is_max;
};

constexpr Kernel kKernels[] = {
#define LACUNA_POOL_KERNEL(isa, max, average) {isa, #max, max, true}, {isa, #average, average, false},
#include "kernels/pool/kernels.inc"
#undef LACUNA_POOL_KERNEL
};

/// Floats that end where readable memory does.
struct Guarded {
  explicit Guarded(int64_t n)
      : memory(align_up(static_cast<size_t>(n) * sizeof(float))),
        data(memory.floats() + align_up(static_cast<size_t>(n) * sizeof(float)) / sizeof(float) - n) {}
  GuardedMemory memory;
  float* data;
};

void check_row(const Kernel& kernel, int64_t width, int64_t taps, int64_t stride, int64_t dilation, int64_t pad,
               int64_t height_taps) {
  CAPTURE(std::string(kernel.name));
  CAPTURE(width);
  CAPTURE(taps);
  CAPTURE(stride);
  CAPTURE(dilation);
  CAPTURE(pad);
  CAPTURE(height_taps);
  const int64_t extent = (taps - 1) * dilation + 1;
  if (width + pad < extent) return;
  const int64_t out = (width + pad - extent) / stride + 1;
  const Guarded x(std::max<int64_t>(height_taps, 1) * width), y(out), counts(out);
  std::mt19937 rng(static_cast<uint32_t>(width));
  const Tensor values = uniform_tensor(rng, make_shape({std::max<int64_t>(height_taps, 1) * width}), -2, 1);
  std::copy(values.f32.begin(), values.f32.end(), x.data);
  std::fill_n(counts.data, out, 2.0f);
  const PoolRow row = {x.data,      1,        0,   height_taps,
                       width,       width,    pad, taps,
                       stride,      dilation, out, std::max(pad + width, (out - 1) * stride + extent),
                       counts.data, 3.0f};
  const Guarded scratch(row.line + kPoolSlack);
  kernel.function(row, scratch.data, y.data);
  for (int64_t o = 0; o < out; ++o) {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t h = 0; h < height_taps; ++h) {
      for (int64_t k = 0; k < taps; ++k) {
        const int64_t at = o * stride - pad + k * dilation;
        if (at < 0 || at >= width) continue;
        largest = std::max(largest, static_cast<double>(x.data[h * width + at]));
        sum += static_cast<double>(x.data[h * width + at]);
      }
    }
    if (kernel.is_max) {
      CHECK(static_cast<double>(y.data[o]) == largest);
    } else {
      CHECK(static_cast<double>(y.data[o]) == doctest::Approx(sum / 6).epsilon(1e-5));
    }
  }
}

TEST_CASE("pool kernels look at each tap inside the row and at nothing else") {
  for (const Isa isa : machine_isas()) {
    size_t found = 0;
    for (const Kernel& kernel : kKernels) {
      if (kernel.isa != isa) continue;
      ++found;
      for (const int64_t width : {1, 7, 16, 35, 70}) {
        for (const int64_t taps : {1, 2, 3, 7}) {
          for (const int64_t stride : {1, 2, 3}) {
            for (const int64_t dilation : {1, 2}) {
              for (const int64_t height_taps : {0, 1, 3})
                check_row(kernel, width, taps, stride, dilation, 2, height_taps);
            }
          }
        }
      }
    }
    CHECK(found == 2);
  }
}

}  // namespace
}  // namespace lacuna
