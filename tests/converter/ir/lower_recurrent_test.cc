// What layers compute is compared with ONNX Runtime and LiteRT: tests/e2e/recurrent_test.py and tflite_ops_test.py.
#include "converter/ir/lower_recurrent.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "converter/ir/interpret.h"

namespace lacuna {
namespace {

ValueId constant(Graph& graph, const Shape& shape, float value) {
  return graph.add_constant("c", Tensor(shape, std::vector<float>(static_cast<size_t>(count(shape)), value)));
}

/// h' = tanh(0.5 x + 0.25 h + 0.125), one number wide.
RecurrentLayer plain_layer(Graph& graph) {
  RecurrentLayer layer;
  layer.candidate = {constant(graph, make_shape({1, 1}), 0.5f), constant(graph, make_shape({1, 1}), 0.25f),
                     constant(graph, make_shape({1}), 0.125f)};
  layer.candidate_activation = {fbs::UnaryKind::Tanh, 0, 0};
  return layer;
}

}  // namespace

TEST_CASE("a plain layer follows its recurrence in both directions, from its initial state") {
  for (const bool reverse : {false, true}) {
    CAPTURE(reverse);
    Graph graph;
    MemoryBudget budget;
    GraphBuilder builder(graph, budget, "y");
    RecurrentLayer layer = plain_layer(graph);
    layer.reverse = reverse;
    const std::vector<float> x = {1, -2, 3};
    const ValueId input = graph.add_input("x", make_shape({3, 1, 1}));
    const RecurrentOutputs outputs =
        lower_recurrent(builder, layer, input, constant(graph, make_shape({1, 1}), 0.75f), kNoValue, "");
    REQUIRE(outputs.states.size() == 3);
    CHECK(outputs.last_cell == kNoValue);
    graph.outputs = outputs.states;
    const std::vector<Tensor> states = interpret(graph, {Tensor(make_shape({3, 1, 1}), x)});
    float h = 0.75f;
    for (size_t turn = 0; turn < 3; ++turn) {
      const size_t step = reverse ? 2 - turn : turn;
      h = std::tanh(0.5f * x[step] + 0.25f * h + 0.125f);
      CHECK(states[step].f32.front() == doctest::Approx(h));
      CHECK((outputs.states[step] == outputs.last_state) == (turn == 2));
    }
  }
}

TEST_CASE("all steps read the same weights") {
  Graph graph;
  MemoryBudget budget;
  GraphBuilder builder(graph, budget, "y");
  const RecurrentLayer layer = plain_layer(graph);
  const ValueId input = graph.add_input("x", make_shape({4, 1, 1}));
  lower_recurrent(builder, layer, input, graph.add_input("h", make_shape({1, 1})), kNoValue, "");
  const auto reads = [&](ValueId weight) {
    return std::count_if(graph.nodes.begin(), graph.nodes.end(), [weight](const Node& node) {
      return std::count(node.inputs.begin(), node.inputs.end(), weight) != 0;
    });
  };
  CHECK(reads(layer.candidate.weight) == 1);  // all steps at once
  CHECK(reads(layer.candidate.recurrence) == 4);
}

TEST_CASE("weights that do not fit and sequences that are too long are refused") {
  Graph graph;
  MemoryBudget budget;
  GraphBuilder builder(graph, budget, "y");
  const RecurrentLayer layer = plain_layer(graph);
  const ValueId state = constant(graph, make_shape({1, 1}), 0);
  const auto ending_of = [&](const Shape& shape) {
    try {
      lower_recurrent(builder, layer, graph.add_input("x", shape), state, kNoValue, "");
    } catch (const Error& error) {
      return error.code;
    }
    return ExitCode::kOk;
  };
  CHECK(ending_of(make_shape({2, 1, 1})) == ExitCode::kOk);
  CHECK(ending_of(make_shape({2, 1, 3})) == ExitCode::kMalformed);
  CHECK(ending_of(make_shape({4096, 1, 1})) == ExitCode::kUnsupported);
}

}  // namespace lacuna
