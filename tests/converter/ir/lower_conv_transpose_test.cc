#include "converter/ir/lower_conv_transpose.h"

#include <doctest/doctest.h>

#include <random>

namespace lacuna {
namespace {

Tensor random_tensor(const Shape& shape, std::mt19937& rng) {
  Tensor tensor(ElementType::kF32, shape);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& element : tensor.f32) element = uniform(rng);
  return tensor;
}

/// From the definition, in two dimensions: each input is added to the outputs that it reaches.
Tensor direct(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeGeometry& g) {
  const int64_t in_channels = x.shape[1] / g.groups;
  const int64_t out_channels = weight.shape[1];
  Tensor y(ElementType::kF32, make_shape({x.shape[0], out_channels * g.groups, g.output[0], g.output[1]}));
  const auto at = [](const Tensor& t, int64_t a, int64_t b, int64_t c, int64_t d) {
    return static_cast<size_t>(((a * t.shape[1] + b) * t.shape[2] + c) * t.shape[3] + d);
  };
  const int64_t plane = g.output[0] * g.output[1];
  for (size_t i = 0; i < y.f32.size(); ++i) {
    y.f32[i] = bias.f32[i / static_cast<size_t>(plane) % bias.f32.size()];
  }
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t c = 0; c < x.shape[1]; ++c)
      for (int64_t m = 0; m < out_channels; ++m)
        for (int64_t i = 0; i < x.shape[2]; ++i)
          for (int64_t j = 0; j < x.shape[3]; ++j)
            for (int64_t ky = 0; ky < weight.shape[2]; ++ky)
              for (int64_t kx = 0; kx < weight.shape[3]; ++kx) {
                const int64_t oy = i * g.stride[0] + ky * g.dilation[0] - g.pads_begin[0];
                const int64_t ox = j * g.stride[1] + kx * g.dilation[1] - g.pads_begin[1];
                if (oy < 0 || ox < 0 || oy >= g.output[0] || ox >= g.output[1]) continue;
                y.f32[at(y, n, c / in_channels * out_channels + m, oy, ox)] +=
                    x.f32[at(x, n, c, i, j)] * weight.f32[at(weight, c, m, ky, kx)];
              }
  return y;
}

void check(const std::string& name, const ConvTransposeGeometry& geometry, const Shape& x_shape, const Shape& kernel) {
  CAPTURE(name);
  std::mt19937 rng(7);
  const Tensor x = random_tensor(x_shape, rng);
  const int64_t out_channels = 2;
  const Tensor weight = random_tensor(make_shape({x_shape[1], out_channels, kernel[0], kernel[1]}), rng);
  const Tensor bias = random_tensor(make_shape({out_channels * geometry.groups}), rng);
  Graph graph;  // of constants only, so that everything is evaluated at once
  MemoryBudget budget;
  GraphBuilder builder(graph, budget, "y");
  const ValueId y = lower_conv_transpose(builder, graph.add_constant("x", x), weight, &bias, geometry);
  const Tensor expected = direct(x, weight, bias, geometry);
  REQUIRE(graph.shape(y) == expected.shape);
  for (size_t i = 0; i < expected.f32.size(); ++i) {
    REQUIRE(graph.constant(y).f32[i] == doctest::Approx(expected.f32[i]).epsilon(1e-5));
  }
}

}  // namespace

TEST_CASE("lowered transposed convolutions equal the definition") {
  const Shape x = make_shape({2, 4, 3, 5});
  const Shape k3 = make_shape({3, 3});
  check("stride 1 is a flipped convolution", {1, {1, 1}, {1, 1}, {0, 0}, {5, 7}}, x, k3);
  check("stride 2", {1, {2, 2}, {1, 1}, {0, 0}, {7, 11}}, x, k3);
  check("stride 2 cropped unevenly", {1, {2, 2}, {1, 1}, {1, 0}, {5, 10}}, x, k3);
  check("output padding", {1, {2, 2}, {1, 1}, {1, 1}, {6, 10}}, x, k3);
  check("strides that differ", {1, {3, 2}, {1, 1}, {0, 1}, {9, 9}}, x, k3);
  check("stride larger than the kernel", {1, {4, 4}, {1, 1}, {0, 0}, {12, 20}}, x, make_shape({2, 2}));
  check("dilation", {1, {2, 2}, {2, 2}, {0, 0}, {9, 13}}, x, k3);
  check("dilation with stride 3", {1, {3, 3}, {2, 2}, {1, 2}, {9, 13}}, x, k3);
  check("groups", {2, {2, 2}, {1, 1}, {0, 0}, {7, 11}}, x, k3);
  check("depthwise", {4, {2, 2}, {1, 1}, {0, 0}, {7, 11}}, x, k3);
  check("one pixel", {1, {2, 2}, {1, 1}, {0, 0}, {2, 2}}, make_shape({1, 4, 1, 1}), make_shape({2, 2}));
  check("more cropped in front than a kernel", {1, {2, 2}, {1, 1}, {4, 5}, {3, 4}}, x, k3);
  check("most of the output cropped behind", {1, {2, 2}, {1, 1}, {0, 0}, {2, 3}}, x, k3);
  check("negative padding adds zeros", {1, {2, 2}, {1, 1}, {-1, -3}, {9, 15}}, x, k3);
}

TEST_CASE("what does not fit, or takes too much, is refused") {
  Graph graph;
  MemoryBudget budget;
  GraphBuilder builder(graph, budget, "y");
  const ValueId x = graph.add_input("x", make_shape({1, 3, 4, 4}));
  const auto code_of = [&](const Tensor& weight, const Tensor* bias, const ConvTransposeGeometry& geometry) {
    try {
      lower_conv_transpose(builder, x, weight, bias, geometry);
    } catch (const Error& error) {
      return error.code;
    }
    return ExitCode::kOk;
  };
  const ConvTransposeGeometry geometry{1, {2, 2}, {1, 1}, {0, 0}, {9, 9}};
  const Tensor weight(ElementType::kF32, make_shape({3, 2, 3, 3}));
  const Tensor bias(ElementType::kF32, make_shape({2}));
  CHECK(code_of(weight, &bias, geometry) == ExitCode::kOk);
  CHECK(code_of(Tensor(ElementType::kF32, make_shape({4, 2, 3, 3})), nullptr, geometry) == ExitCode::kMalformed);
  CHECK(code_of(Tensor(ElementType::kF32, make_shape({3, 0, 3, 3})), nullptr, geometry) == ExitCode::kMalformed);
  const Tensor long_bias(ElementType::kF32, make_shape({3}));
  CHECK(code_of(weight, &long_bias, geometry) == ExitCode::kMalformed);
  CHECK(code_of(weight, nullptr, {1, {2, 2}, {1, 1}, {0, 0}, {0, 9}}) == ExitCode::kMalformed);
  const Tensor integers(ElementType::kI64, make_shape({2}));
  CHECK(code_of(weight, &integers, geometry) == ExitCode::kUnsupported);
  CHECK(code_of(Tensor(ElementType::kI64, weight.shape), nullptr, geometry) == ExitCode::kUnsupported);
  CHECK(code_of(weight, nullptr, {1, {65, 1}, {1, 1}, {0, 0}, {9, 9}}) == ExitCode::kUnsupported);
  const int64_t far = int64_t{1} << 20;
  CHECK(code_of(weight, nullptr, {1, {2, 2}, {far, far}, {0, 0}, {9, 9}}) == ExitCode::kResourceLimit);
}

}  // namespace lacuna
