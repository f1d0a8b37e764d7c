// The importer as a whole: inputs, order, names, nested graphs and everything that is wrong with a file.
#include <doctest/doctest.h>

#include "tests/converter/onnx/model_builder.h"

namespace lacuna::onnx {
namespace {

void add_relu(ModelBuilder& model, const std::vector<int64_t>& dims) {
  model.input("x", dims);
  model.node("Relu", {"x"}, {"y"});
  model.output("y");
}

ExitCode import_error(const ModelBuilder& model, std::string* message, const ImportOptions& options = {}) {
  return error_of([&] { model.import(options); }, message);
}

}  // namespace

TEST_CASE("a symbolic batch becomes 1") {
  ModelBuilder model;
  add_relu(model, {-1, 3, 8, 8});
  const Graph graph = model.import();
  CHECK(graph.shape(graph.inputs[0]) == make_shape({1, 3, 8, 8}));
  CHECK(graph.value(graph.outputs[0]).name == "y");
}

TEST_CASE("other symbolic sizes are asked for by name") {
  ModelBuilder model;
  add_relu(model, {-1, 3, -2, 8});
  std::string message;
  CHECK(import_error(model, &message) == ExitCode::kUsage);
  CHECK(contains(message, "--input-shape x=1,3,symbol2,8"));

  ImportOptions options;
  options.input_shapes["x"] = make_shape({2, 3, 16, 8});
  CHECK(model.import(options).shape(0) == make_shape({2, 3, 16, 8}));
}

TEST_CASE("an input shape for a name that is no input, of another rank or with a zero is a usage error") {
  ModelBuilder model;
  add_relu(model, {1, 4});
  std::string message;
  CHECK(import_error(model, &message, {{{"z", make_shape({1, 4})}}}) == ExitCode::kUsage);
  CHECK(contains(message, "the inputs are: x"));
  CHECK(import_error(model, &message, {{{"x", make_shape({1, 4, 1})}}}) == ExitCode::kUsage);
  CHECK(import_error(model, &message, {{{"x", make_shape({0, 4})}}}) == ExitCode::kUsage);
}

TEST_CASE("initializers listed as inputs are constants") {
  ModelBuilder model;
  model.input("x", {2});
  model.input("c", {2});
  model.floats("c", {2}, {1, 2});
  model.node("Add", {"x", "c"}, {"y"});
  model.output("y");
  CHECK(model.import().inputs.size() == 1);
}

TEST_CASE("nodes in any order are sorted") {
  ModelBuilder model;
  model.node("Relu", {"h"}, {"y"});
  model.node("Sigmoid", {"x"}, {"h"});
  model.input("x", {1, 4});
  model.output("y");
  const Graph graph = model.import();
  REQUIRE(graph.nodes.size() == 2);
  CHECK(graph.nodes[0].name == "Sigmoid_2");
}

TEST_CASE("cycles, undefined and duplicate names are malformed") {
  std::string message;
  {
    ModelBuilder model;
    model.input("x", {1, 4});
    model.node("Add", {"x", "b"}, {"a"});
    model.node("Relu", {"a"}, {"b"});
    model.output("b");
    CHECK(import_error(model, &message) == ExitCode::kMalformed);
    CHECK(contains(message, "cycle"));
  }
  {
    ModelBuilder model;
    model.input("x", {1, 4});
    model.node("Add", {"x", "nowhere"}, {"y"});
    model.output("y");
    CHECK(import_error(model, &message) == ExitCode::kMalformed);
    CHECK(contains(message, "'nowhere'"));
  }
  {
    ModelBuilder model;
    add_relu(model, {1, 4});
    model.node("Sigmoid", {"x"}, {"y"});
    CHECK(import_error(model, &message) == ExitCode::kMalformed);
    CHECK(contains(message, "two values are called 'y'"));
  }
  {
    ModelBuilder model;
    add_relu(model, {1, 4});
    model.output("missing");
    CHECK(import_error(model, &message) == ExitCode::kMalformed);
  }
}

TEST_CASE("all unsupported operators are reported at once, dependants are left out") {
  ModelBuilder model;
  model.input("x", {1, 4});
  model.node("NonZero", {"x"}, {"a"});
  model.node("Relu", {"a"}, {"b"});
  model.node("TopK", {"b"}, {"c", "d"});
  model.node("Relu", {"x"}, {"e"})->set_domain("com.example");
  model.output("c");
  model.output("e");
  std::string message;
  CHECK(import_error(model, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "(3)"));
  CHECK(contains(message, "NonZero 'NonZero_1' [1,4]"));
  CHECK(contains(message, "TopK 'TopK_3'"));
  CHECK(contains(message, "com.example::Relu"));
  CHECK_FALSE(contains(message, "Relu_2"));
}

TEST_CASE("quantised models are refused with one sentence") {
  ModelBuilder model;
  model.input("x", {1, 4});
  model.node("QuantizeLinear", {"x"}, {"q"});
  model.node("LSTM", {"q"}, {"y"});
  model.output("y");
  std::string message;
  CHECK(import_error(model, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "quantised"));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("an output that is not supported is reported only when something reads it") {
  for (const bool read : {false, true}) {
    CAPTURE(read);
    ModelBuilder model;
    model.input("x", {1, 1, 4, 4});
    model.node("MaxPool", {"x"}, {"y", "indices"}, {ints_attribute("kernel_shape", {2, 2})});
    model.output("y");
    if (read) model.output("indices");
    std::string message;
    CHECK(import_error(model, &message) == (read ? ExitCode::kUnsupported : ExitCode::kOk));
    if (read) CHECK(contains(message, "output 1"));
  }
}

TEST_CASE("opsets outside of 7 to 28 are refused") {
  std::string message;
  for (const int64_t opset : {6, 7, 28, 29}) {
    CAPTURE(opset);
    ModelBuilder model(opset);
    add_relu(model, {1, 4});
    CHECK(import_error(model, &message) == (opset == 6 || opset == 29 ? ExitCode::kUnsupported : ExitCode::kOk));
  }
  ModelBuilder without;
  add_relu(without, {1, 4});
  without.model().clear_opset_import();
  CHECK(import_error(without, &message) == ExitCode::kMalformed);
}

TEST_CASE("a function of the model is named as such") {
  ModelBuilder model;
  model.input("x", {1, 4});
  model.node("MyBlock", {"x"}, {"y"})->set_domain("mine");
  model.output("y");
  FunctionProto* function = model.model().add_functions();
  function->set_name("MyBlock");
  function->set_domain("mine");
  std::string message;
  CHECK(import_error(model, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "function"));
}

TEST_CASE("the branch of a constant If is inlined and sees outer values") {
  for (const uint8_t condition : {uint8_t{0}, uint8_t{1}}) {
    ModelBuilder model;
    model.input("x", {1, 4});
    *model.proto()->add_initializer() = raw_tensor<uint8_t>("condition", DataType::kBool, {}, {condition});
    NodeProto* node = model.node("If", {"condition"}, {"y"});
    for (const char* branch : {"then_branch", "else_branch"}) {
      AttributeProto* attribute = node->add_attribute();
      attribute->set_name(branch);
      attribute->set_type(AttributeProto::GRAPH);
      GraphProtoBuilder nested(attribute->mutable_g());
      nested.node(branch == std::string("then_branch") ? "Tanh" : "Exp", {"x"}, {"inner"});
      nested.output("inner");
    }
    model.output("y");
    const Graph graph = model.import();
    REQUIRE(graph.nodes.size() == 1);
    CHECK(graph.nodes[0].attrs.AsUnary()->function.kind() ==
          (condition != 0 ? fbs::UnaryKind::Tanh : fbs::UnaryKind::Exp));
    CHECK(graph.value(graph.outputs[0]).name == "y");
  }
}

TEST_CASE("integer and boolean inputs are fp32 numbers that know what they are") {
  const std::vector<std::pair<DataType, Meaning>> types = {{DataType::kUint8, Meaning::kInteger},
                                                           {DataType::kInt64, Meaning::kInteger},
                                                           {DataType::kBool, Meaning::kTruth},
                                                           {DataType::kFloat, Meaning::kNumber}};
  for (const auto& [type, meaning] : types) {
    CAPTURE(static_cast<int>(type));
    ModelBuilder model;
    model.input("x", {1, 4}, type);
    model.node("Cast", {"x"}, {"f"}, {int_attribute("to", 1)});
    model.node("Relu", {"f"}, {"y"});
    model.output("y");
    const Graph graph = model.import();
    CHECK(graph.value(graph.inputs[0]).type == ElementType::kF32);
    CHECK(graph.value(graph.inputs[0]).meaning == meaning);
    CHECK(graph.value(graph.outputs[0]).meaning == Meaning::kNumber);
  }
}

TEST_CASE("integers stay integers through what keeps them whole, constants beside them become fp32") {
  ModelBuilder model;
  model.input("tokens", {1, 4}, DataType::kInt64);
  model.ints("two", {2});
  model.ints("more", {7, 8});
  model.floats("table", {9, 3}, std::vector<float>(27));
  model.node("Reshape", {"tokens", "shape"}, {"list"});
  model.ints("shape", {4});
  model.node("CumSum", {"list", "first"}, {"sums"});
  *model.proto()->add_initializer() = raw_tensor<int64_t>("first", DataType::kInt64, {}, {0});
  model.node("Neg", {"sums"}, {"negative"});
  model.node("Add", {"two", "negative"}, {"moved"});
  model.node("Concat", {"moved", "more"}, {"places"}, {int_attribute("axis", 0)});
  model.node("Gather", {"table", "places"}, {"y"});
  model.output("y");
  const Graph graph = model.import();
  CHECK(graph.nodes.back().attrs.type == fbs::OpAttrs::Lookup);
  CHECK(graph.value(graph.nodes.back().inputs[1]).meaning == Meaning::kInteger);
  CHECK(graph.value(graph.outputs[0]).meaning == Meaning::kNumber);
  CHECK(graph.shape(graph.outputs[0]) == make_shape({6, 3}));
}

TEST_CASE("what computed integers cannot do is said") {
  const auto ending = [](const std::string& op, const std::vector<AttributeProto>& attributes, std::string* message) {
    ModelBuilder model;
    model.input("tokens", {2, 4}, DataType::kInt64);
    model.ints("two", {2});
    model.floats("table", {9, 3}, std::vector<float>(27));
    const bool gathers = op.rfind("Gather", 0) == 0;
    model.node(op, gathers ? std::vector<std::string>{"table", "tokens"} : std::vector<std::string>{"tokens", "two"},
               {"y"}, attributes);
    model.output("y");
    return import_error(model, message);
  };
  std::string message;
  CHECK(ending("Div", {}, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "not divided"));
  CHECK(ending("Mod", {}, &message) == ExitCode::kUnsupported);
  CHECK(ending("Gather", {int_attribute("axis", 1)}, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "dimension 0"));
  CHECK(ending("GatherElements", {int_attribute("axis", 0)}, &message) == ExitCode::kUnsupported);
  CHECK(ending("Add", {}, &message) == ExitCode::kOk);
}

TEST_CASE("an input or constant that is an output is copied to a value of its own") {
  ModelBuilder model;
  model.input("x", {1, 4});
  model.node("Identity", {"x"}, {"y"});
  model.node("Relu", {"x"}, {"r"});
  model.node("Identity", {"r"}, {"s"});
  for (const char* name : {"y", "r", "s"}) model.output(name);
  const Graph graph = model.import();
  REQUIRE(graph.outputs.size() == 3);
  CHECK(graph.outputs[0] != graph.inputs[0]);
  CHECK(graph.outputs[1] != graph.outputs[2]);
  CHECK(graph.value(graph.outputs[0]).name == "y");
}

TEST_CASE("truncated, empty, missing and foreign files are malformed") {
  ModelBuilder model;
  add_relu(model, {1, 4});
  model.floats("w", {64}, std::vector<float>(64, 1.0f));
  const std::string bytes = model.model().SerializeAsString();
  std::string message;
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const std::string path = model.scratch().write("cut.onnx", bytes.substr(0, size));
    CAPTURE(size);
    CHECK(error_of([&] { import_onnx(path); }, &message) == ExitCode::kMalformed);
    CHECK(contains(message, "cut.onnx"));
  }
  CHECK(error_of([&] { import_onnx(model.scratch().path() + "/none.onnx"); }, &message) == ExitCode::kMalformed);
  CHECK(error_of([&] { import_onnx(model.scratch().path()); }, &message) == ExitCode::kMalformed);
}

TEST_CASE("a flipped bit anywhere never crashes") {
  ModelBuilder model;
  model.input("x", {1, 2, 4, 4});
  model.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4});
  model.ints("shape", {1, -1});
  model.node("Conv", {"x", "w"}, {"c"}, {ints_attribute("pads", {0, 1, 0, 1}), int_attribute("group", 1)});
  model.node("Reshape", {"c", "shape"}, {"y"});
  model.output("y");
  const std::string bytes = model.model().SerializeAsString();
  std::string message;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const std::string path = model.scratch().write("flipped.onnx", flipped);
    CAPTURE(bit);
    const ExitCode code = error_of([&] { import_onnx(path); }, &message);
    CHECK(code != ExitCode::kInternal);
  }
}

TEST_CASE("what a small file can make the importer compute is bounded") {
  std::string message;
  ModelBuilder fill;
  fill.ints("shape", {1 << 15, 1 << 15});
  fill.node("ConstantOfShape", {"shape"}, {"y"});
  fill.output("y");
  CHECK(import_error(fill, &message) == ExitCode::kResourceLimit);

  ModelBuilder range;
  range.node("Constant", {}, {"start"}, {int_attribute("value_int", 0)});
  range.node("Constant", {}, {"limit"}, {int_attribute("value_int", int64_t{1} << 60)});
  range.node("Constant", {}, {"step"}, {int_attribute("value_int", 1)});
  range.node("Range", {"start", "limit", "step"}, {"y"});
  range.output("y");
  CHECK(import_error(range, &message) == ExitCode::kMalformed);
}

TEST_CASE("thousands of nodes import in time that grows with their number") {
  ModelBuilder model;
  model.input("x", {1, 4});
  std::string last = "x";
  for (int i = 0; i < 5000; ++i) {
    const std::string next = "v" + std::to_string(i);
    model.node("Tanh", {last}, {next});
    last = next;
  }
  model.output(last);
  CHECK(model.import().nodes.size() == 5000);
}

TEST_CASE("looks_like_onnx tells models from other files") {
  ModelBuilder model;
  add_relu(model, {1, 4});
  const std::string bytes = model.model().SerializeAsString();
  CHECK(looks_like_onnx(bytes));
  CHECK(looks_like_onnx(bytes.substr(0, 16)));
  CHECK_FALSE(looks_like_onnx(""));
  CHECK_FALSE(looks_like_onnx(std::string("\x1c\0\0\0TFL3", 8)));
  CHECK_FALSE(looks_like_onnx("PK\x03\x04"));
  CHECK_FALSE(looks_like_onnx("{\"a\": 1}"));
}

}  // namespace lacuna::onnx
