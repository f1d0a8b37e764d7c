// Every kernel of halves against a plain loop in doubles, in guarded memory.
#include "kernels/halves/halves.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "kernels/dwconv/plan.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/gemm/pack.h"
#include "kernels/halves/select_halves.h"
#include "kernels/spmm/pack.h"
#include "kernels/spmm/sparse_rows.h"
#include "kernels/weight_cases.h"
#include "platforms/cpu_features.h"
#include "tests/kernels/tile_harness.h"

namespace lacuna {

#if LACUNA_AVX512FP16 && !defined(__clang__)
extern const HalfKernels halves__emulated;
#endif

namespace {

constexpr Half kUntouched = 0x1234;

/// Numbers between -1 and 1, before an unmapped page.
class HalfArray {
 public:
  explicit HalfArray(int64_t n, size_t slack = 0) : memory_(static_cast<size_t>(n) * sizeof(Half), slack), n_(n) {
    std::fill_n(data(), n, kUntouched);
  }
  HalfArray(int64_t n, std::mt19937& rng) : HalfArray(n, kOverreadBytes) {
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    for (int64_t i = 0; i < n; ++i) data()[i] = half_from_float(uniform(rng));
  }
  Half* data() const { return static_cast<Half*>(memory_.data()); }
  double operator[](int64_t i) const { return static_cast<double>(float_from_half(data()[i])); }
  int64_t size() const { return n_; }

 private:
  GuardedMemory memory_;
  int64_t n_;
};

/// Those of AVX-512-FP16 by other instructions; null: the CPU or the compiler lacks something.
const HalfKernels* emulated_kernels() {
#if LACUNA_AVX512FP16 && !defined(__clang__)
  if ((cpu_isas() & kAvx512) != 0) return &halves__emulated;
#endif
  return nullptr;
}

/// In a case that runs for each of them; null, with a message, where there are none.
const HalfKernels* kernels() {
  const HalfKernels* found = nullptr;
  SUBCASE("of this CPU") {
    found = select_halves(cpu_isas());
    if (found == nullptr) MESSAGE("this CPU does not compute in halves");
  }
  SUBCASE("emulated") {
    found = emulated_kernels();
    if (found == nullptr) MESSAGE("this CPU or compiler cannot emulate AVX-512-FP16");
  }
  return found;
}

/// Largest difference of y from expected(i).
template <class Expected>
double difference(const HalfArray& y, const Expected& expected) {
  double worst = 0;
  for (int64_t i = 0; i < y.size(); ++i) {
    const double off = std::fabs(y[i] - expected(i));
    worst = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::fmax(worst, off);
  }
  return worst;
}

std::vector<Half> to_halves(const std::vector<float>& floats) {
  std::vector<Half> halves;
  for (const float x : floats) halves.push_back(half_from_float(x));
  halves.resize(halves.size() + kOverreadBytes);
  return halves;
}

TEST_CASE("conversions of halves are those of half.h") {
  const HalfKernels* half = kernels();
  if (half == nullptr) return;
  std::vector<Half> all(0x10000), narrowed(all.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Half>(i);
  std::vector<float> floats(all.size());
  for (const int64_t n : {int64_t{1}, int64_t{7}, int64_t{8}, int64_t{13}, static_cast<int64_t>(all.size())}) {
    half->widen.function(all.data(), floats.data(), n);
    half->narrow.function(floats.data(), narrowed.data(), n);
    int wrong = 0;
    for (int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<size_t>(i);
      const bool is_nan = std::isnan(float_from_half(all[at]));
      if (is_nan ? !std::isnan(floats[at]) : floats[at] != float_from_half(all[at])) ++wrong;
      if (!is_nan && narrowed[at] != all[at]) ++wrong;
    }
    CHECK(wrong == 0);
  }
  std::mt19937 rng(1);
  std::uniform_real_distribution<float> uniform(-9.0f, 9.0f);
  for (float& x : floats) x = uniform(rng);
  half->narrow.function(floats.data(), narrowed.data(), static_cast<int64_t>(floats.size()));
  CHECK(std::equal(floats.begin(), floats.end(), narrowed.begin(),
                   [](float x, Half y) { return half_from_float(x) == y; }));
}

TEST_CASE("sums, doubled planes and interleaved planes of halves") {
  const HalfKernels* half = kernels();
  if (half == nullptr) return;
  std::mt19937 rng(2);
  for (int64_t n = 1; n <= 40; ++n) {
    CAPTURE(n);
    const HalfArray a(n, rng), b(n, rng), y(n);
    half->add.function(a.data(), b.data(), y.data(), n);
    CHECK(difference(y, [&](int64_t i) { return a[i] + b[i]; }) <= 1e-3);
  }
  for (const int64_t height : {1, 2, 3, 8}) {
    for (int64_t width = kHalfLeastWidth; width <= 35; ++width) {
      CAPTURE(height);
      CAPTURE(width);
      const HalfArray x0(height * width, rng), x1(height * width, rng), x2(height * width, rng),
          x3(height * width, rng);
      const HalfArray* parts[] = {&x0, &x1, &x2, &x3};
      const Half* planes[] = {x0.data(), x1.data(), x2.data(), x3.data()};
      const HalfArray y(4 * height * width);
      half->interleave_planes.function(planes, height, width, y.data());
      CHECK(difference(y, [&](int64_t i) {
              const int64_t row = i / (2 * width), column = i % (2 * width);
              return (*parts[row % 2 * 2 + column % 2])[row / 2 * width + column / 2];
            }) == 0);
      half->double_plane.function(x0.data(), height, width, y.data());
      const auto blend = [](int64_t at, int64_t n, const std::function<double(int64_t)>& value) {
        const int64_t other = std::clamp<int64_t>(at / 2 + (at % 2 == 0 ? -1 : 1), 0, n - 1);
        return 0.75 * value(at / 2) + 0.25 * value(other);
      };
      CHECK(difference(y, [&](int64_t i) {
              return blend(i / (2 * width), height, [&](int64_t row) {
                return blend(i % (2 * width), width, [&](int64_t column) { return x0[row * width + column]; });
              });
            }) <= 2e-3);
    }
  }
}

/// All strips of two planes with a gap between them.
void check_dwconv(const DwconvPlan& plan, void (*function)(const HalfDwconvTile& tile), bool ends, std::mt19937& rng) {
  constexpr int64_t kPlanes = 2, kGap = 5;
  const Window &height = plan.height, &width = plan.width;
  const int64_t in_stride = height.in * width.in + kGap, out_stride = height.out * width.out + kGap;
  const int64_t taps = height.kernel * width.kernel;
  const HalfArray x(kPlanes * in_stride - kGap, rng), w(kPlanes * taps, rng), r(kPlanes * out_stride - kGap, rng);
  const HalfArray y(kPlanes * out_stride - kGap);
  const float bias[] = {0.25f, -0.5f};
  for (int64_t first = 0; first < height.out; first += plan.strip_rows) {
    const int64_t at = first * width.out;
    HalfDwconvTile tile = {};
    tile.plan = &plan;
    tile.x = x.data();
    tile.weights = w.data();
    tile.bias = bias;
    tile.first_row = first;
    tile.rows = std::min(plan.strip_rows, height.out - first);
    tile.y = y.data() + at;
    tile.residual = ends ? r.data() + at : nullptr;
    tile.clamps = ends;
    tile.low = -1.5f;
    tile.high = 1.5f;
    tile.planes = kPlanes;
    tile.x_stride = in_stride;
    tile.y_stride = tile.residual_stride = out_stride;
    function(tile);
  }
  const auto expected = [&](int64_t i) {
    const int64_t plane = i / out_stride, row = i % out_stride / width.out, column = i % out_stride % width.out;
    if (row >= height.out) return static_cast<double>(float_from_half(kUntouched));
    auto sum = static_cast<double>(bias[plane]);
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t from = height.position(row, tap / width.kernel), at = width.position(column, tap % width.kernel);
      if (from < 0 || from >= height.in || at < 0 || at >= width.in) continue;
      sum += w[plane * taps + tap] * x[plane * in_stride + from * width.in + at];
    }
    if (!ends) return sum;
    return std::clamp(sum + r[i], -1.5, 1.5);
  };
  CHECK(difference(y, expected) <= 2e-2);
}

TEST_CASE("depthwise kernels of halves") {
  const HalfKernels* half = kernels();
  if (half == nullptr) return;
  std::mt19937 rng(3);
  int problems = 0;
  for (const int64_t kernel : {3, 5}) {
    for (const int64_t stride : {1, 2}) {
      for (const int64_t pad : {kernel / 2 - 1, kernel / 2}) {
        for (const int64_t in_height : {1, 2, 3, 4, 6, 7, 9, 40}) {
          for (int64_t out = 1; out <= 60; ++out) {
            for (const int64_t in : {out * stride, out * stride - 1}) {
              const Window height = {in_height, (in_height - 1) / stride + 1, kernel, stride, 1, pad};
              const Window width = {in, out, kernel, stride, 1, pad};
              const bool centred = pad == kernel / 2 || stride == 2;
              if (in < 1 || !centred || !whole_rows_suit(width, kHalfLanes)) continue;
              CAPTURE(kernel);
              CAPTURE(stride);
              CAPTURE(pad);
              CAPTURE(in_height);
              CAPTURE(in);
              GuardedMemory tables(dwconv_table_bytes(height, width));
              const DwconvPlan plan = plan_dwconv(height, width, tables.data());
              const auto& entry = (kernel == 3 ? half->dwconv_3x3 : half->dwconv_5x5)[stride - 1];
              check_dwconv(plan, entry.function, out % 2 == 1, rng);
              ++problems;
            }
          }
        }
      }
    }
  }
  CHECK(problems > 1000);
}

/// y = rows of `weight` times x, by `multiply(tile)`, against doubles.
template <class Multiply>
void check_product(const Tensor& weight, int pixels, bool ends, std::mt19937& rng, const Multiply& multiply) {
  const int64_t rows = weight.shape[0], columns = weight.shape[1];
  const HalfArray x(columns * pixels, rng), residual(rows * pixels, rng), y(rows * pixels, kOverreadBytes);
  std::vector<float> bias(static_cast<size_t>(rows), 0.375f);
  HalfTile tile = {};
  tile.x = x.data();
  tile.x_stride = tile.y_stride = tile.residual_stride = pixels;
  tile.y = y.data();
  tile.pixels = pixels;
  tile.bias = bias.data();
  tile.residual = ends ? residual.data() : nullptr;
  tile.clamps = ends;
  tile.low = -0.75f;
  tile.high = 1.25f;
  multiply(tile);
  double largest = 1;
  const double worst = difference(y, [&](int64_t i) {
    double sum = static_cast<double>(bias[0]);
    for (int64_t c = 0; c < columns; ++c) {
      const float w = weight.f32[static_cast<size_t>(i / pixels * columns + c)];
      sum += static_cast<double>(float_from_half(half_from_float(w))) * x[c * pixels + i % pixels];
    }
    largest = std::fmax(largest, std::fabs(sum));
    return ends ? std::clamp(sum + residual[i], -0.75, 1.25) : sum;
  });
  CHECK(worst <= 4e-3 * largest);
}

WeightMatrix matrix_of(const Tensor& weight) {
  WeightMatrix matrix;
  matrix.data = weight.f32.data();
  matrix.rows = static_cast<uint32_t>(weight.shape[0]);
  matrix.columns = static_cast<uint32_t>(weight.shape[1]);
  return matrix;
}

TEST_CASE("products of sparse rows of halves") {
  const HalfKernels* half = kernels();
  if (half == nullptr) return;
  std::mt19937 rng(4);
  for (const int pixels : tile_pixels(kHalfTilePixels)) {
    for (const int64_t columns : {3, 40, 300}) {
      CAPTURE(pixels);
      CAPTURE(columns);
      Tensor weight = random_weight(rng, make_shape({7, columns}), 0.3);
      clear_row(weight, 0);
      std::fill_n(weight.f32.begin() + columns, columns, 0.5f);  // a full row
      WeightBytes bytes = pack_sparse_rows(matrix_of(weight), nullptr, fbs::Packing::SparseRows, 0);
      if (pixels % 2 == 0) order_rows(bytes);
      PackedWeights packed = bytes.view();
      const std::vector<Half> values = to_halves(bytes.values);
      packed.dtype = fbs::Dtype::F16;
      packed.values.data = reinterpret_cast<const float*>(values.data());
      std::vector<int64_t> tables(static_cast<size_t>(RowRanges::table_size(1, 1, sparse_blocks(packed))));
      const RowRanges ranges(1, 1, sparse_blocks(packed), tables.data());
      cut_sparse_rows(ranges, packed);
      check_product(weight, pixels, pixels % 2 == 1, rng, [&](HalfTile tile) {
        const Half* x = tile.x;
        for (int64_t block = 0; block < ranges.blocks; ++block) {
          tile.x = x + block * packed.block * tile.x_stride;
          tile.first = block == 0;
          tile.last = block == ranges.blocks - 1;
          half->spmm.function(sparse_tile(packed, ranges, 0, 0, block), tile);
        }
      });
    }
  }
}

TEST_CASE("products of dense rows of halves") {
  const HalfKernels* half = kernels();
  if (half == nullptr) return;
  std::mt19937 rng(5);
  for (const int pixels : tile_pixels(kGemmTilePixels)) {
    for (const int64_t columns : {1, 31, 100}) {
      CAPTURE(pixels);
      CAPTURE(columns);
      const Tensor weight = random_weight(rng, make_shape({13, columns}), 1.0);
      const WeightBytes bytes = pack_dense_rows(matrix_of(weight), nullptr, fbs::Packing::DenseRows8);
      PackedWeights packed = bytes.view();
      const std::vector<Half> values = to_halves(bytes.values);
      packed.dtype = fbs::Dtype::F16;
      packed.values.data = reinterpret_cast<const float*>(values.data());
      check_product(weight, pixels, pixels % 2 == 1, rng, [&](HalfTile tile) {
        tile.first = tile.last = true;
        half->gemm.function(dense_tile(packed, 0, 0, 13, 0, columns), tile);
      });
    }
  }
}

}  // namespace
}  // namespace lacuna
