#include "converter/prune/compute.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <random>

namespace lacuna {
namespace {

std::vector<float> random_numbers(int64_t n, std::mt19937& rng) {
  std::vector<float> numbers(static_cast<size_t>(n));
  for (float& x : numbers) x = static_cast<float>(static_cast<int>(rng() % 17)) - 8;
  return numbers;
}

TEST_CASE("multiply: tails of every side, transposes, blocks, accumulation") {
  std::mt19937 rng(1);
  Scratch scratch;
  for (const std::array<int64_t, 3>& size :
       {std::array<int64_t, 3>{1, 1, 1}, {6, 16, 4}, {7, 17, 5}, {11, 33, 300}, {4, 520, 3}, {5, 15, 257}, {3, 1, 9}}) {
    const int64_t m = size[0], n = size[1], k = size[2];
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    const std::vector<float> a = random_numbers(m * k, rng), b = random_numbers(k * n, rng);
    std::vector<float> a_t(a.size()), b_t(b.size()), expected(static_cast<size_t>(m * n), 1);
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t i = 0; i < m; ++i) a_t[static_cast<size_t>(p * m + i)] = a[static_cast<size_t>(i * k + p)];
      for (int64_t j = 0; j < n; ++j) b_t[static_cast<size_t>(j * k + p)] = b[static_cast<size_t>(p * n + j)];
    }
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t p = 0; p < k; ++p) {
          expected[static_cast<size_t>(i * n + j)] +=
              a[static_cast<size_t>(i * k + p)] * b[static_cast<size_t>(p * n + j)];
        }
      }
    }
    std::vector<float> c(expected.size(), 1);
    multiply(m, n, k, rows_of(a.data(), k), rows_of(b.data(), n), c.data(), true, scratch);
    CHECK(c == expected);
    for (float& x : expected) x -= 1;
    multiply(m, n, k, transpose_of(a_t.data(), m), transpose_of(b_t.data(), k), c.data(), false, scratch);
    CHECK(c == expected);
  }
}

TEST_CASE("clamp_backward: the gradient inside only, added or in place") {
  const std::vector<float> y = {0, 0.5f, 6, 5, 3}, dy = {1, 2, 3, 4, 5};
  std::vector<float> dx(5, 10);
  clamp_backward(y.data(), 0, 6, dy.data(), dx.data(), true, 5);
  CHECK(dx == std::vector<float>{10, 12, 10, 14, 15});
  std::vector<float> same = dy;
  clamp_backward(y.data(), 0, 6, same.data(), same.data(), false, 5);
  CHECK(same == std::vector<float>{0, 2, 0, 4, 5});
}

const PlaneWindow kWindows[] = {
    {7, 7, 7, 7, 3, 3, 1, 1, 1, 1, 1, 1},    // SAME
    {8, 9, 4, 5, 3, 3, 2, 2, 1, 1, 0, 1},    // stride 2, asymmetric pads
    {9, 6, 5, 2, 3, 3, 1, 1, 2, 2, 0, 0},    // dilated
    {5, 4, 2, 1, 2, 3, 3, 2, 1, 1, 1, 0},    // stride beyond the kernel
    {1, 1, 1, 1, 5, 5, 1, 1, 1, 1, 2, 2},    // mostly padding
    {11, 11, 4, 4, 5, 5, 3, 3, 2, 2, 3, 3},  // stride and dilation
};

/// The definition.
std::vector<float> slide_plainly(const PlaneWindow& w, const std::vector<float>& x, const std::vector<float>& kernel,
                                 float bias) {
  std::vector<float> y;
  for (int64_t oy = 0; oy < w.out_height; ++oy) {
    for (int64_t ox = 0; ox < w.out_width; ++ox) {
      float sum = bias;
      for (int64_t ky = 0; ky < w.kernel_height; ++ky) {
        for (int64_t kx = 0; kx < w.kernel_width; ++kx) {
          const int64_t at_y = oy * w.stride_y + ky * w.dilation_y - w.pad_top;
          const int64_t at_x = ox * w.stride_x + kx * w.dilation_x - w.pad_left;
          if (at_y < 0 || at_y >= w.height || at_x < 0 || at_x >= w.width) continue;
          sum += kernel[static_cast<size_t>(ky * w.kernel_width + kx)] * x[static_cast<size_t>(at_y * w.width + at_x)];
        }
      }
      y.push_back(sum);
    }
  }
  return y;
}

TEST_CASE("SlidingWindow: forward as defined") {
  std::mt19937 rng(2);
  Scratch scratch;
  for (const PlaneWindow& w : kWindows) {
    const std::vector<float> x = random_numbers(w.height * w.width, rng);
    const std::vector<float> kernel = random_numbers(w.kernel_height * w.kernel_width, rng);
    std::vector<float> y(static_cast<size_t>(w.out_height * w.out_width));
    SlidingWindow(w).forward(x.data(), kernel.data(), 3, y.data(), scratch);
    CHECK(y == slide_plainly(w, x, kernel, 3));
  }
}

TEST_CASE("SlidingWindow: gradients are the transposes of the two linear maps") {
  std::mt19937 rng(3);
  Scratch scratch;
  for (const PlaneWindow& w : kWindows) {
    const std::vector<float> x = random_numbers(w.height * w.width, rng);
    const std::vector<float> kernel = random_numbers(w.kernel_height * w.kernel_width, rng);
    const std::vector<float> dy = random_numbers(w.out_height * w.out_width, rng);
    std::vector<float> dx(x.size()), dw(kernel.size());
    SlidingWindow(w).backward(x.data(), kernel.data(), dy.data(), dx.data(), dw.data(), scratch);
    const std::vector<float> y = slide_plainly(w, x, kernel, 0);
    const auto n = static_cast<int64_t>(y.size());
    const float product = dot(dy.data(), y.data(), n);
    CHECK(dot(dx.data(), x.data(), static_cast<int64_t>(x.size())) == doctest::Approx(product));
    CHECK(dot(dw.data(), kernel.data(), static_cast<int64_t>(kernel.size())) == doctest::Approx(product));
  }
}

TEST_CASE("fold is the transpose of unfold") {
  std::mt19937 rng(4);
  for (const PlaneWindow& w : kWindows) {
    const int64_t columns = 2 * w.kernel_height * w.kernel_width * w.out_height * w.out_width;
    const std::vector<float> x = random_numbers(2 * w.height * w.width, rng), dy = random_numbers(columns, rng);
    std::vector<float> y(static_cast<size_t>(columns)), dx(x.size());
    unfold(w, 2, x.data(), y.data());
    fold(w, 2, dy.data(), dx.data());
    CHECK(dot(dx.data(), x.data(), static_cast<int64_t>(x.size())) ==
          doctest::Approx(dot(dy.data(), y.data(), columns)));
  }
}

TEST_CASE("dot and sum: with and without tails") {
  std::mt19937 rng(5);
  for (const int64_t n : {0, 1, 15, 16, 17, 100}) {
    const std::vector<float> a = random_numbers(n, rng), b = random_numbers(n, rng);
    float product = 0, total = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      product += a[i] * b[i];
      total += a[i];
    }
    CHECK(dot(a.data(), b.data(), n) == product);
    CHECK(sum(a.data(), n) == total);
  }
}

TEST_CASE("sum_above: with and without tails") {
  std::mt19937 rng(6);
  for (const int64_t n : {0, 1, 15, 16, 17, 100}) {
    const std::vector<float> a = random_numbers(n, rng), b = random_numbers(n, rng), c = random_numbers(n, rng);
    const std::vector<float> threshold = random_numbers(n, rng);
    float total = 0;
    for (size_t i = 0; i < a.size(); ++i) total += std::max(0.0f, a[i] - b[i] + c[i] - threshold[i]);
    CHECK(sum_above(a.data(), b.data(), c.data(), threshold.data(), n) == total);
  }
}

TEST_CASE("adam_step: the first step goes by the rate against the gradient's sign") {
  std::vector<float> w = {1, 1, 1}, gradient = {5, -0.1f, 0}, mean(3), square(3);
  const float correction = std::sqrt(1 - 0.98f) / (1 - 0.9f);
  adam_step(w.data(), gradient.data(), mean.data(), square.data(), 0.5f * correction, 0.9f, 0.98f, 1e-8f, 3);
  CHECK(w[0] == doctest::Approx(0.5));
  CHECK(w[1] == doctest::Approx(1.5));
  CHECK(w[2] == 1);
}

}  // namespace
}  // namespace lacuna
