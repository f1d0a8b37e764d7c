// What is exported and imported again computes the same.
#include "converter/onnx/export.h"

#include <doctest/doctest.h>

#include <cmath>

#include "converter/ir/interpret.h"
#include "sdk/base/half.h"
#include "tests/converter/onnx/model_builder.h"
#include "tests/support/op_harness.h"
#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

Graph round_trip(const Graph& graph, const ExportOptions& options = {}) {
  const onnx::ScratchFolder folder;
  return import_onnx(folder.write("model.onnx", export_onnx(graph, options)));
}

/// A graph of one node; operands that need not be constants are inputs.
Graph graph_of(const OpCase& op_case, std::vector<Tensor>* inputs) {
  Graph graph;
  Node node{"node", op_case.attrs, {}, kNoValue};
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const Tensor& tensor = op_case.inputs[i];
    const std::string name = "operand" + std::to_string(i);
    if (tensor.empty()) {
      node.inputs.push_back(kNoValue);
    } else if (i < op_case.constant.size() && op_case.constant[i]) {
      node.inputs.push_back(graph.add_constant(name, tensor));
    } else {
      node.inputs.push_back(graph.add_input(name, tensor.shape));
      inputs->push_back(tensor);
    }
  }
  node.output = graph.add_value("y", ElementType::kF32, infer_shape(graph, node));
  graph.nodes.push_back(std::move(node));
  graph.outputs = {graph.nodes[0].output};
  return graph;
}

TEST_CASE("every case of every operator") {
  std::mt19937 rng(1);
  int compared = 0;
  for (const fbs::OpAttrs type : all_ops()) {
    for (const OpCase& op_case : host_op(type).cases(rng)) {
      CAPTURE(fbs::EnumNameOpAttrs(type));
      CAPTURE(op_case.name);
      std::vector<Tensor> inputs;
      const Graph graph = graph_of(op_case, &inputs);
      if (inputs.empty()) continue;
      Graph again;
      try {
        again = round_trip(graph);
      } catch (const Error& error) {
        CHECK(error.code == ExitCode::kUnsupported);
        continue;
      }
      REQUIRE(again.inputs.size() == inputs.size());
      CHECK(again.value(again.outputs[0]).name == "y");
      const Tensor actual = interpret(again, inputs)[0], expected = interpret(graph, inputs)[0];
      CHECK(relative_error(actual, expected) <= 1e-4);
      ++compared;
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("fused nodes come apart, names of inputs and outputs stay, the same bytes each time") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  ValueId y = net.b().unary(fbs::Activation(fbs::UnaryKind::Clamp, 0, 6), net.affine(net.conv(x, 4, 3, 1)));
  net.output(net.b().binary(fbs::BinaryKind::Add, net.conv(y, 4), x));
  Graph& graph = net.graph();
  run_passes(graph);
  CHECK(export_onnx(graph) == export_onnx(graph));
  check_keeps_outputs(graph, [](Graph& g) { g = round_trip(g); });
}

TEST_CASE("integer and boolean inputs keep their types") {
  for (const Meaning meaning : {Meaning::kNumber, Meaning::kTruth, Meaning::kInteger}) {
    TestNet net;
    const ValueId x = net.input({2, 3});
    net.graph().value(x).meaning = meaning;
    net.output(net.fully_connected(x, 4));
    const Graph again = round_trip(net.graph());
    CHECK(again.value(again.inputs[0]).meaning == meaning);
    CHECK(again.value(again.inputs[0]).name == net.graph().value(x).name);
    const std::vector<Tensor> inputs = {Tensor(make_shape({2, 3}), std::vector<float>{0, 1, 1, 0, 1, 0})};
    CHECK(relative_error(interpret(again, inputs)[0], interpret(net.graph(), inputs)[0]) <= 1e-6);
  }
}

TEST_CASE("half weights: as near as fp16 comes, zeros stay zeros") {
  TestNet net;
  net.output(net.conv(net.input({1, 4, 3, 3}), 4));
  const Graph again = round_trip(net.graph(), {true});
  const Tensor& before = net.graph().constant(net.graph().nodes[0].inputs[1]);
  const Tensor& after = again.constant(again.nodes[0].inputs[1]);
  for (size_t i = 0; i < before.f32.size(); ++i) {
    CHECK(after.f32[i] == doctest::Approx(before.f32[i]).epsilon(1e-3));
    CHECK(after.f32[i] == float_from_half(half_from_float(before.f32[i])));
  }
}

TEST_CASE("half_from_float: every half comes back, ties go to even, ends") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = float_from_half(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    CHECK(half_from_float(value) == bits);
  }
  CHECK(half_from_float(1 + 0x1p-11f) == 0x3c00);
  CHECK(half_from_float(1 + 3 * 0x1p-11f) == 0x3c02);
  CHECK(half_from_float(65519.0f) == 0x7bff);
  CHECK(half_from_float(65520.0f) == 0x7c00);
  CHECK(half_from_float(0x1p-25f) == 0);
  CHECK(half_from_float(0x1.8p-25f) == 1);
  CHECK(std::isnan(float_from_half(half_from_float(NAN))));
}

}  // namespace
}  // namespace lacuna
