#include "converter/choose/dtypes.h"

#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

bool is_half(const Graph& graph, ValueId id) { return graph.value(id).dtype == fbs::Dtype::F16; }

const Node& producer_of(const Graph& graph, ValueId id) {
  return graph.nodes[static_cast<size_t>(Uses(graph).producer_of(id))];
}

TEST_CASE("halves: the front stays, what it widens at its end does not; inputs and outputs are floats") {
  TestNet net;
  const ValueId x = net.input({1, 3, 16, 16});
  const ValueId front = net.conv(x, 4, 3, 1, 1, 2);  // 8x8
  const ValueId wide = net.conv(front, 32);
  const ValueId behind = net.conv(wide, 8, 3, 1, 1, 2);  // 4x4
  net.output(net.conv(behind, 5));
  Graph& graph = net.graph();
  check_keeps_outputs(graph, choose_halves);
  CHECK_FALSE(is_half(graph, x));
  CHECK_FALSE(is_half(graph, front));
  CHECK(is_half(graph, wide));
  CHECK(is_half(graph, behind));
  CHECK_FALSE(is_half(graph, graph.outputs[0]));
  CHECK(count_of(graph, fbs::OpAttrs::Unary) == 2);
  CHECK(producer_of(graph, graph.outputs[0]).attrs.type == fbs::OpAttrs::Unary);
  const Node& reader = producer_of(graph, wide);
  CHECK(is_half(graph, reader.inputs[0]));
  CHECK(producer_of(graph, reader.inputs[0]).inputs[0] == front);
}

TEST_CASE("halves: a value is converted once for all its readers, a constant is copied") {
  TestNet net;
  const ValueId x = net.input({2, 6});
  const ValueId softmax = net.softmax(x, 1);  // computed in floats
  const ValueId c = net.constant({2, 6});
  net.output(net.b().binary(fbs::BinaryKind::Add, softmax, c));
  net.output(net.b().binary(fbs::BinaryKind::Mul, softmax, c));
  Graph& graph = net.graph();
  check_keeps_outputs(graph, choose_halves);
  CHECK_FALSE(is_half(graph, softmax));
  CHECK_FALSE(is_half(graph, c));
  CHECK(count_of(graph, fbs::OpAttrs::Unary) == 3);  // softmax, and each output
}

TEST_CASE("halves: integers and what places in a table are made of stay floats, rows need not") {
  TestNet net;
  const ValueId tokens = net.input({2, 3});
  net.graph().value(tokens).meaning = Meaning::kInteger;
  const ValueId moved = net.b().transpose(tokens, {1, 0});
  net.graph().value(moved).meaning = Meaning::kNumber;  // as if a pass had made it
  const ValueId places = net.b().unary(fbs::UnaryKind::Abs, moved);
  net.graph().value(places).meaning = Meaning::kInteger;
  const ValueId rows = net.b().lookup(net.constant({5, 8}), places);
  const ValueId y = net.fully_connected(rows, 4);
  net.output(net.fully_connected(y, 4));
  Graph& graph = net.graph();
  choose_halves(graph);
  CHECK_FALSE(is_half(graph, moved));
  CHECK_FALSE(is_half(graph, places));
  CHECK_FALSE(is_half(graph, rows));
  CHECK(is_half(graph, y));
}

TEST_CASE("halves: weights beyond their range keep a node in floats") {
  TestNet net;
  const ValueId x = net.input({1, 4});
  const ValueId y = net.fully_connected(x, 3);
  net.output(y);
  Graph& graph = net.graph();
  Tensor weight = graph.constant(only(graph, fbs::OpAttrs::FullyConnected).inputs[1]);
  weight.f32[0] = 1e5f;
  graph.nodes[0].inputs[1] = graph.add_constant("large", weight);
  choose_halves(graph);
  CHECK_FALSE(is_half(graph, y));
  CHECK(count_of(graph, fbs::OpAttrs::Unary) == 0);
}

}  // namespace
}  // namespace lacuna
