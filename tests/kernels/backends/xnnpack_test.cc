#if LACUNA_WITH_XNNPACK

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "converter/choose/choose.h"
#include "converter/emit/emit.h"
#include "converter/plan/plan.h"
#include "lacuna/lacuna.hpp"
#include "lacuna/lacuna_xnnpack.h"
#include "sdk/runtime/provider.h"
#include "tests/sdk/model_builder.h"
#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

/// The network as a file with dense weights.
AlignedBytes dense_file(Graph graph) {
  run_passes(graph);
  std::vector<Choice> choices = choose(graph, costs_of_target("generic"));
  for (Choice& choice : choices) {
    if (is_sparse(choice.packing)) choice.packing = fbs::Packing::DenseRows8;
    choice.ordered = false;
  }
  const std::string bytes = emit(graph, choices, make_plan(graph), {});
  AlignedBytes file(bytes.size());
  memcpy(file.data(), bytes.data(), file.size());
  return file;
}

/// Outputs of the network by our kernels, and by XNNPACK's on the region that it claims from the first step on, which
/// is to have this many steps.
void check_region(TestNet& net, uint32_t steps, uint32_t threads = 1) {
  const lacuna_provider* provider = lacuna_xnnpack();
  REQUIRE(provider != nullptr);
  const Shape input = net.graph().shape(net.graph().inputs[0]);
  const AlignedBytes file = dense_file(std::move(net.graph()));
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  SessionOptions options;
  options.threads = threads;
  auto session = Session::make(*model, options);
  REQUIRE(session);
  std::vector<float> x(static_cast<size_t>(count(input)));
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  const auto outputs = [&](auto run) {
    std::vector<std::vector<float>> all;
    REQUIRE(session->set_input(0, x.data(), x.size() * sizeof(float)) == LACUNA_OK);
    run();
    for (size_t i = 0; i < model->output_count(); ++i) {
      all.emplace_back(session->output(i)->bytes / sizeof(float));
      REQUIRE(session->get_output(i, all.back().data(), all.back().size() * sizeof(float)) == LACUNA_OK);
    }
    return all;
  };
  const auto own = outputs([&] { session->run(); });
  REQUIRE(provider->claim(*session->get(), 0) == steps);
  const ProvidedRegion region = provider->make(*session->get(), 0, steps);
  REQUIRE(region.handle != nullptr);
  CHECK(region.layout_changes >= 2);
  const auto theirs = outputs([&] { provider->run(region.handle); });
  provider->end(region.handle);
  for (size_t i = 0; i < own.size(); ++i) {
    for (size_t k = 0; k < own[i].size(); ++k) CHECK(theirs[i][k] == doctest::Approx(own[i][k]).epsilon(1e-4));
  }
}

/// relu, or relu6.
ValueId clamp(TestNet& net, ValueId x, float high) { return net.b().unary({fbs::UnaryKind::Clamp, 0, high}, x); }

TEST_CASE("xnnpack: a pointwise convolution, odd channels and pixels") {
  TestNet net;
  net.output(net.conv(net.input({1, 5, 7, 9}), 11));
  check_region(net, 1);
}

TEST_CASE("xnnpack: windows, strides, groups, activations, in one region") {
  TestNet net;
  ValueId x = clamp(net, net.conv(net.input({1, 6, 17, 15}), 8, 3, 1, 1, 2), 6);
  x = clamp(net, net.conv(x, 8, 3, 1, 8), std::numeric_limits<float>::infinity());  // depthwise
  x = net.conv(x, 12, 3, 1, 4);
  net.output(net.conv(x, 24, 5, 2, 12, 2));  // depthwise, two outputs a channel
  check_region(net, 4);
}

TEST_CASE("xnnpack: a residual, and a value that both the region and somebody behind read") {
  TestNet net;
  const ValueId first = net.conv(net.input({1, 8, 6, 6}), 16);
  const ValueId second = net.conv(first, 16, 3, 1);
  net.output(clamp(net, net.b().binary(fbs::BinaryKind::Add, second, first), 1));
  net.output(first);
  check_region(net, 2);
}

TEST_CASE("xnnpack: a max pool among convolutions; the region ends at what it does not take") {
  TestNet net;
  const ValueId pooled = net.pool(fbs::PoolKind::Max, net.conv(net.input({1, 3, 12, 12}), 8, 3, 1), 2, 0);
  net.output(net.softmax(net.conv(pooled, 4), 1));
  check_region(net, 3);
}

TEST_CASE("xnnpack: a batch, and two threads") {
  TestNet net;
  net.output(net.conv(net.conv(net.input({3, 4, 10, 10}), 32, 3, 1), 8));
  check_region(net, 2, 2);
}

TEST_CASE("xnnpack: a convolution with another activation is not taken") {
  TestNet net;
  net.output(net.b().unary(fbs::UnaryKind::HardSwish, net.conv(net.input({1, 4, 5, 5}), 4)));
  const AlignedBytes file = dense_file(std::move(net.graph()));
  const auto model = Model::open(file.data(), file.size());
  auto session = Session::make(*model);
  CHECK(lacuna_xnnpack()->claim(*session->get(), 0) == 0);
}

}  // namespace
}  // namespace lacuna

#endif
