// Forward against the interpreter, backward against differences of it.
#include "converter/prune/network.h"

#include <cmath>

#include "converter/passes/unfuse.h"
#include "tests/support/op_harness.h"
#include "tests/support/pass_check.h"

namespace lacuna::prune {
namespace {

Tensor random_input(const Shape& shape, uint32_t seed) {
  std::mt19937 rng(seed);
  Tensor x(ElementType::kF32, shape);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& v : x.f32) v = uniform(rng);
  return x;
}

/// Smaller weights, so that clamps are not all at their ends.
void calm(Graph& graph) {
  for (Value& value : graph.values) {
    if (value.constant == nullptr || value.type != ElementType::kF32) continue;
    Tensor scaled = *value.constant;
    for (float& w : scaled.f32) w *= 0.3f;
    value.constant = std::make_shared<const Tensor>(std::move(scaled));
  }
}

/// Half the squared sum of the outputs, weighted by number, in the interpreter.
double loss_of(const Graph& graph, const Tensor& x) {
  double loss = 0;
  for (const Tensor& y : interpret(graph, {x})) {
    for (size_t i = 0; i < y.f32.size(); ++i) loss += 0.5 * (1 + static_cast<double>(i % 3)) * y.f32[i] * y.f32[i];
  }
  return loss;
}

void check_network(Graph& graph) {
  calm(graph);
  run_passes(graph);
  unfuse(graph);
  const Tensor x = random_input(graph.shape(graph.inputs[0]), 5);
  const Network network(graph);
  const Parameters parameters = network.parameters();
  Tape tape(network, true);
  tape.set_input(x.f32);
  tape.forward(parameters);
  const std::vector<Tensor> expected = interpret(graph, {x});
  tape.clear_gradients();
  for (size_t o = 0; o < expected.size(); ++o) {
    Tensor actual(ElementType::kF32, expected[o].shape);
    const float* y = tape.value(graph.outputs[o]);
    std::copy_n(y, actual.f32.size(), actual.f32.data());
    CHECK(relative_error(actual, expected[o]) < 1e-4);
    float* gradient = tape.gradient(graph.outputs[o]);
    REQUIRE(gradient != nullptr);
    for (size_t i = 0; i < actual.f32.size(); ++i) gradient[i] = (1 + static_cast<float>(i % 3)) * y[i];
  }
  Parameters sums = network.zeros();
  tape.backward(parameters, sums);

  std::mt19937 rng(9);
  for (size_t id = 0; id < sums.size(); ++id) {
    if (sums[id].empty()) continue;
    CAPTURE(graph.values[id].name);
    // Along one random direction: single weights are lost in rounding.
    Tensor weight = *graph.values[id].constant;
    std::vector<float> direction(weight.f32.size());
    double slope = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      direction[i] = (rng() % 2 == 0 ? 1.0f : -1.0f);
      slope += static_cast<double>(direction[i]) * sums[id][i];
    }
    const auto moved = [&](float by) {
      Graph copy = graph;
      Tensor changed = weight;
      for (size_t i = 0; i < direction.size(); ++i) changed.f32[i] += by * direction[i];
      copy.values[id].constant = std::make_shared<const Tensor>(std::move(changed));
      return loss_of(copy, x);
    };
    constexpr float kStep = 2e-3f;
    const double expected_slope = (moved(kStep) - moved(-kStep)) / (2.0 * kStep);
    CHECK(slope == doctest::Approx(expected_slope).epsilon(0.05).scale(0.02 * std::abs(loss_of(graph, x))));
  }
}

TEST_CASE("from a layer in the middle on: the same values and gradients, back to what it reads") {
  TestNet net;
  ValueId y = net.conv(net.input({1, 4, 6, 6}), 8);
  const ValueId skip = y;
  y = net.b().binary(fbs::BinaryKind::Add, net.conv(net.conv(y, 6), 8), skip);
  net.output(net.conv(y, 3));
  Graph& graph = net.graph();
  run_passes(graph);
  unfuse(graph);
  constexpr size_t kFirst = 1;
  const Network whole(graph), rest(graph, kFirst);
  const Parameters parameters = whole.parameters();
  Tape a(whole, true), b(rest, true);
  const Tensor x = random_input(graph.shape(graph.inputs[0]), 5);
  a.set_input(x.f32);
  a.forward(parameters);
  const std::vector<ValueId> wanted = rest.wanted_at(kFirst);
  CHECK(wanted == std::vector<ValueId>{graph.nodes[0].output});
  for (const ValueId id : wanted) std::copy_n(a.value(id), count(graph.shape(id)), b.value(id));
  b.forward(parameters, kFirst, graph.nodes.size());
  const ValueId out = graph.outputs[0];
  Parameters sums_a = whole.zeros(), sums_b = rest.zeros();
  const auto unused = static_cast<size_t>(graph.nodes.back().inputs[1]);
  sums_b[unused].clear();  // not asked for
  for (Tape* tape : {&a, &b}) {
    tape->clear_gradients();
    std::fill_n(tape->gradient(out), count(graph.shape(out)), 1.0f);
    tape->backward(parameters, tape == &a ? sums_a : sums_b);
  }
  const ValueId read = graph.nodes[0].output;
  for (int64_t i = 0; i < count(graph.shape(read)); ++i) CHECK(b.gradient(read)[i] == a.gradient(read)[i]);
  CHECK(b.gradient(graph.inputs[0]) == nullptr);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.attrs.type != fbs::OpAttrs::Conv) continue;
    const auto weight = static_cast<size_t>(node.inputs[1]);
    if (i < kFirst) {
      CHECK(sums_b[weight] == rest.zeros()[weight]);
    } else if (weight != unused) {
      CHECK(sums_b[weight] == sums_a[weight]);
    }
  }
  CHECK(sums_b[unused].empty());
}

fbs::Activation clamp(float low, float high) { return fbs::Activation(fbs::UnaryKind::Clamp, low, high); }

TEST_CASE("an inverted residual block") {
  TestNet net;
  const ValueId x = net.input({1, 4, 6, 6});
  ValueId y = net.b().unary(clamp(-1, 1), net.conv(x, 8));
  y = net.b().unary(clamp(-1, 1), net.conv(y, 8, 3, 1, 8));
  net.output(net.b().binary(fbs::BinaryKind::Add, net.conv(y, 4), x));
  check_network(net.graph());
}

TEST_CASE("strides, groups and whole windows") {
  TestNet net;
  const ValueId x = net.input({1, 4, 9, 7});
  ValueId y = net.conv(x, 8, 3, 1, 1, 2);
  y = net.conv(y, 4, 1, 0, 2);
  y = net.conv(y, 8, 3, 1, 4, 2);
  net.output(net.conv(y, 2, 3, 1, 2));
  check_network(net.graph());
}

TEST_CASE("pooling, flattening and fully connected layers") {
  TestNet net;
  const ValueId x = net.input({1, 3, 6, 6});
  const ValueId y = net.b().reduce(fbs::ReduceKind::Mean, net.conv(x, 6), {2, 3}, false);
  net.output(net.fully_connected(net.fully_connected(y, 5), 4));
  check_network(net.graph());
}

TEST_CASE("an average pool") {
  TestNet net;
  const ValueId x = net.input({1, 3, 6, 6});
  net.output(net.conv(net.pool(fbs::PoolKind::Average, net.conv(x, 4), 2, 0), 3));
  check_network(net.graph());
}

TEST_CASE("rows of a fully connected layer over several positions") {
  TestNet net;
  net.output(net.fully_connected(net.fully_connected(net.input({1, 5, 6}), 7), 3));
  check_network(net.graph());
}

TEST_CASE("a gate of one number a channel: smooth functions and products that repeat") {
  TestNet net;
  const ValueId y = net.conv(net.input({1, 3, 5, 5}), 4);
  ValueId gate = net.b().reduce(fbs::ReduceKind::Mean, y, {2, 3}, true);
  gate = net.b().unary(fbs::UnaryKind::Sigmoid, net.conv(gate, 4));
  net.output(net.b().binary(fbs::BinaryKind::Mul, y, gate));
  check_network(net.graph());
}

TEST_CASE("movers: concat, slice, transpose, pad, depth to space") {
  TestNet net;
  const ValueId x = net.input({1, 3, 4, 4});
  const ValueId a = net.conv(x, 4), b = net.conv(x, 2);
  ValueId y = net.b().concat({a, b, a}, 1);
  y = net.b().slice(y, {0, 1, 0, 3}, {1, 2, 1, -1}, make_shape({1, 4, 4, 4}));
  y = net.b().pad(fbs::PadMode::Constant, y, {0, 0, 1, 0}, {0, 0, 0, 2}, 3);
  fbs::DepthToSpaceAttrsT attrs;
  attrs.block = 2;
  y = net.b().emit(make_attrs(attrs), {y});
  net.output(net.conv(net.b().transpose(y, {0, 1, 3, 2}), 2));
  check_network(net.graph());
}

TEST_CASE("bilinear resizing") {
  TestNet net;
  fbs::ResizeAttrsT attrs;
  attrs.mode = fbs::ResizeMode::Linear;
  attrs.sizes = {1, 4, 7, 5};
  attrs.scales = {1, 1, 7.0f / 4, 5.0f / 3};
  const ValueId y = net.conv(net.input({1, 3, 4, 3}), 4);
  net.output(net.conv(net.b().emit(make_attrs(attrs), {y}), 2));
  check_network(net.graph());
}

TEST_CASE("no gradient passes a softmax: layers before it have none, those behind it do") {
  TestNet net;
  const ValueId y = net.softmax(net.conv(net.input({1, 3, 4, 4}), 4), 1);
  net.output(net.conv(y, 2));
  Graph& graph = net.graph();
  run_passes(graph);
  unfuse(graph);
  const Network network(graph);
  Tape tape(network, true);
  const Parameters parameters = network.parameters();
  tape.forward(parameters);
  tape.clear_gradients();
  std::fill_n(tape.gradient(graph.outputs[0]), 2 * 4 * 4, 1.0f);
  Parameters sums = network.zeros();
  tape.backward(parameters, sums);
  int layers_with = 0, layers_without = 0;
  for (const std::vector<float>& sum : sums) {
    if (sum.empty()) continue;
    double squares = 0;
    for (const float g : sum) squares += static_cast<double>(g) * g;
    ++(squares > 0 ? layers_with : layers_without);
  }
  CHECK(layers_with == 2);
  CHECK(layers_without == 2);
}

TEST_CASE("a convolution over a volume runs by its reference") {
  TestNet net;
  const ValueId x = net.input({1, 2, 3, 3, 3});
  fbs::ConvAttrsT attrs;
  attrs.out_channels = 3;
  attrs.kernel = attrs.stride = attrs.dilation = {1, 1, 1};
  attrs.pads_begin = attrs.pads_end = {0, 0, 0};
  net.output(net.b().emit(make_attrs(std::move(attrs)), {x, net.constant({3, 2, 1, 1, 1}), net.constant({3})}));
  Graph& graph = net.graph();
  const Network network(graph);
  Tape tape(network, false);
  const Tensor input = random_input(graph.shape(x), 3);
  std::copy(input.f32.begin(), input.f32.end(), tape.value(x));
  tape.forward(network.parameters());
  const Tensor expected = interpret(graph, {input})[0];
  Tensor actual(ElementType::kF32, expected.shape);
  std::copy_n(tape.value(graph.outputs[0]), actual.f32.size(), actual.f32.data());
  CHECK(relative_error(actual, expected) < 1e-5);
}

}  // namespace
}  // namespace lacuna::prune
