#include "converter/choose/choose.h"

#include <doctest/doctest.h>

namespace lacuna {
namespace {

/// A 1x1 convolution from 100 to 10 channels in which every `keep`-th weight is not zero.
Graph pointwise(int64_t height, int64_t width, size_t keep) {
  Graph graph;
  const ValueId x = graph.add_input("x", make_shape({1, 100, height, width}));
  Tensor weight(ElementType::kF32, make_shape({10, 100, 1, 1}));
  for (size_t i = 0; i < weight.f32.size(); i += keep) weight.f32[i] = 1;
  fbs::ConvAttrsT attrs;
  attrs.out_channels = 10;
  attrs.kernel = attrs.stride = attrs.dilation = {1, 1};
  attrs.pads_begin = attrs.pads_end = {0, 0};
  graph.outputs = {append(graph, make_attrs(attrs), {x, graph.add_constant("w", std::move(weight))}, "conv")};
  return graph;
}

TEST_CASE("dense weights stay dense") {
  const Choice choice = choose(pointwise(8, 8, 1)).front();
  CHECK(choice.packing == fbs::Packing::DenseRows8);
  CHECK(choice.nonzeros == 1000);
  CHECK(choice.macs == 64000);
  CHECK(choice.nonzero_macs == 64000);
}

TEST_CASE("one weight in ten over many pixels is sparse") {
  const Choice choice = choose(pointwise(8, 8, 10)).front();
  CHECK(choice.packing == fbs::Packing::SparseRows);
  CHECK(choice.density() == doctest::Approx(0.1));
  CHECK(choice.nonzero_macs == 6400);
  CHECK(choice.reason.find("10.0 %") != std::string::npos);
}

TEST_CASE("one weight in ten over a single pixel is dense") {
  CHECK(choose(pointwise(1, 1, 10)).front().packing == fbs::Packing::DenseRows8);
}

TEST_CASE("no weights at all are sparse") {
  Graph graph = pointwise(1, 1, 1);
  const ValueId weight = graph.nodes.front().inputs[1];
  graph.value(weight).constant = std::make_shared<const Tensor>(ElementType::kF32, graph.shape(weight));
  const Choice choice = choose(graph).front();
  CHECK(choice.packing == fbs::Packing::SparseRows);
  CHECK(choice.nonzero_macs == 0);
}

}  // namespace
}  // namespace lacuna
