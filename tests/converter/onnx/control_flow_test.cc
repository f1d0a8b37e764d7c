// Loop and Scan; If is in import_graph_test.cc.
#include <doctest/doctest.h>

#include "converter/ir/interpret.h"
#include "tests/converter/onnx/model_builder.h"

namespace lacuna::onnx {
namespace {

using Names = std::vector<std::string>;

/// The body that a Loop or Scan gets.
GraphProtoBuilder add_body(NodeProto* node) {
  AttributeProto* attribute = node->add_attribute();
  attribute->set_name("body");
  attribute->set_type(AttributeProto::GRAPH);
  return GraphProtoBuilder(attribute->mutable_g());
}

void add_truth(GraphProtoBuilder& graph, const std::string& name, uint8_t truth) {
  *graph.proto()->add_initializer() = raw_tensor<uint8_t>(name, DataType::kBool, {}, {truth});
}

void add_scalar(GraphProtoBuilder& graph, const std::string& name, int64_t value) {
  *graph.proto()->add_initializer() = raw_tensor<int64_t>(name, DataType::kInt64, {}, {value});
}

/// y = x doubled at each turn, all = what it was after each; goes on while turn < `last`, `limit` turns at most.
void add_doubling(ModelBuilder& model, const std::string& limit, int64_t last) {
  model.input("x", {2});
  add_truth(model, "yes", 1);
  add_scalar(model, "last", last);
  GraphProtoBuilder body = add_body(model.node("Loop", {limit, "yes", "x"}, {"y", "all"}));
  body.input("turn", {}, DataType::kInt64);
  body.input("going", {}, DataType::kBool);
  body.input("h", {2});
  body.node("Less", {"turn", "last"}, {"goes_on"});
  body.node("Add", {"h", "h"}, {"twice"});
  body.node("Identity", {"twice"}, {"scanned"});
  for (const char* name : {"goes_on", "twice", "scanned"}) body.output(name);
  model.output("y");
  model.output("all");
}

std::vector<Tensor> run(const ModelBuilder& model, const Shape& shape, const std::vector<float>& x) {
  return interpret(model.import(), {Tensor(shape, x)});
}

ExitCode ending_of(const ModelBuilder& model, std::string* message) {
  return error_of([&] { model.import(); }, message);
}

}  // namespace

TEST_CASE("a Loop ends by its limit or by its condition, whichever comes first") {
  for (const int64_t last : {1, 9}) {
    CAPTURE(last);
    ModelBuilder model;
    add_scalar(model, "limit", 3);
    add_doubling(model, "limit", last);
    const std::vector<Tensor> outputs = run(model, make_shape({2}), {1, -3});
    const size_t turns = last == 1 ? 2 : 3;
    REQUIRE(outputs[1].shape == make_shape({static_cast<int64_t>(turns), 2}));
    CHECK(outputs[0].f32.front() == (turns == 2 ? 4 : 8));
    CHECK(outputs[1].f32[2 * turns - 1] == (turns == 2 ? -12 : -24));
    CHECK(outputs[1].f32.front() == 2);
  }
}

TEST_CASE("a Loop that takes no turn gives what it was given, but no list") {
  ModelBuilder model;
  add_scalar(model, "limit", 0);
  add_doubling(model, "limit", 9);
  std::string message;
  CHECK(ending_of(model, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "no turn"));
  model.proto()->mutable_node(0)->mutable_output()->RemoveLast();
  model.proto()->mutable_output()->RemoveLast();
  // The body still gives a list.
  GraphProto* body = model.proto()->mutable_node(0)->mutable_attribute(0)->mutable_g();
  body->mutable_output()->RemoveLast();
  CHECK(run(model, make_shape({2}), {1, -3}).front().f32 == std::vector<float>{1, -3});
}

TEST_CASE("a Loop whose end is computed is refused, and so is one without an end") {
  std::string message;
  ModelBuilder computed;
  computed.input("x", {1});
  computed.floats("limit", {1}, {3});
  add_truth(computed, "yes", 1);
  GraphProtoBuilder body = add_body(computed.node("Loop", {"", "yes", "x"}, {"y"}));
  body.input("turn", {}, DataType::kInt64);
  body.input("going", {}, DataType::kBool);
  body.input("h", {1});
  body.node("Less", {"h", "limit"}, {"goes_on"});
  body.node("Exp", {"h"}, {"more"});
  body.output("goes_on");
  body.output("more");
  computed.output("y");
  CHECK(ending_of(computed, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "depends on what the network computes"));

  for (const bool computes : {false, true}) {
    CAPTURE(computes);
    ModelBuilder endless;
    endless.input("x", {1});
    add_truth(endless, "yes", 1);
    GraphProtoBuilder turn = add_body(endless.node("Loop", {"", "yes", "x"}, {"y"}));
    turn.input("turn", {}, DataType::kInt64);
    turn.input("going", {}, DataType::kBool);
    turn.input("h", {1});
    if (computes) turn.node("Exp", {"h"}, {"more"});
    turn.output("going");
    turn.output(computes ? "more" : "h");
    endless.output("y");
    CHECK(ending_of(endless, &message) == ExitCode::kUnsupported);
    CHECK(contains(message, "with all turns of its loops"));
  }
}

TEST_CASE("what a turn does not have is reported once") {
  ModelBuilder model;
  model.input("x", {2});
  add_truth(model, "yes", 1);
  add_scalar(model, "limit", 5);
  GraphProtoBuilder body = add_body(model.node("Loop", {"limit", "yes", "x"}, {"y"}));
  body.input("turn", {}, DataType::kInt64);
  body.input("going", {}, DataType::kBool);
  body.input("h", {2});
  body.node("NonZero", {"h"}, {"next"});
  body.output("going");
  body.output("next");
  model.node("Relu", {"y"}, {"z"});
  model.output("z");
  std::string message;
  CHECK(ending_of(model, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "(1)"));
  CHECK(contains(message, "NonZero"));
}

TEST_CASE("bodies with other numbers of inputs and outputs are malformed") {
  std::string message;
  ModelBuilder inputs;
  add_scalar(inputs, "limit", 3);
  add_doubling(inputs, "limit", 9);
  inputs.proto()->mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_input()->RemoveLast();
  CHECK(ending_of(inputs, &message) == ExitCode::kMalformed);
  ModelBuilder outputs;
  add_scalar(outputs, "limit", 3);
  add_doubling(outputs, "limit", 9);
  outputs.proto()->mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_output()->RemoveLast();
  CHECK(ending_of(outputs, &message) == ExitCode::kMalformed);
}

TEST_CASE("a Scan goes along any axis in either direction") {
  for (const int64_t backwards : {0, 1}) {
    CAPTURE(backwards);
    ModelBuilder model;
    model.input("x", {2, 3});
    model.floats("zeros", {2}, {0, 0});
    NodeProto* node =
        model.node("Scan", {"zeros", "x"}, {"sum", "sums"},
                   {int_attribute("num_scan_inputs", 1), ints_attribute("scan_input_axes", {1}),
                    ints_attribute("scan_output_axes", {-1}), ints_attribute("scan_input_directions", {backwards})});
    GraphProtoBuilder body = add_body(node);
    body.input("h", {2});
    body.input("e", {2});
    body.node("Add", {"h", "e"}, {"s"});
    body.node("Identity", {"s"}, {"t"});
    body.output("s");
    body.output("t");
    model.output("sum");
    model.output("sums");
    const std::vector<Tensor> outputs = run(model, make_shape({2, 3}), {1, 2, 3, 10, 20, 30});
    CHECK(outputs[0].f32 == std::vector<float>{6, 60});
    CHECK(outputs[1].shape == make_shape({2, 3}));
    CHECK(outputs[1].f32 ==
          (backwards != 0 ? std::vector<float>{3, 5, 6, 30, 50, 60} : std::vector<float>{1, 3, 6, 10, 30, 60}));
  }
}

}  // namespace lacuna::onnx
