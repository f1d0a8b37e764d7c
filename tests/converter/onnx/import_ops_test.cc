// Boundaries of single operators that ONNX's own conformance cases do not reach.
#include <doctest/doctest.h>

#include "converter/ir/interpret.h"
#include "tests/converter/onnx/model_builder.h"

namespace lacuna::onnx {
namespace {

/// Imports a model of one node over input x; further operands are the initializers that `model` has.
Graph import_node(ModelBuilder& model, const std::vector<int64_t>& x, const std::string& op_type,
                  const std::vector<std::string>& inputs, const std::vector<AttributeProto>& attributes = {}) {
  model.input("x", x);
  model.node(op_type, inputs, {"y"}, attributes);
  model.output("y");
  return model.import();
}

Shape output_shape(const Graph& graph) { return graph.shape(graph.outputs[0]); }

std::vector<fbs::OpAttrs> ops_of(const Graph& graph) {
  std::vector<fbs::OpAttrs> ops;
  for (const Node& node : graph.nodes) ops.push_back(node.attrs.type);
  return ops;
}

}  // namespace

TEST_CASE("a Shape-Gather-Concat-Reshape chain folds away") {
  ModelBuilder model;
  model.input("x", {-1, 3, 4, 5});
  model.ints("zero", {0});
  model.ints("rest", {-1});
  model.node("Shape", {"x"}, {"shape"});
  model.node("Gather", {"shape", "zero"}, {"batch"});
  model.node("Concat", {"batch", "rest"}, {"target"}, {int_attribute("axis", 0)});
  model.node("Reshape", {"x", "target"}, {"y"});
  model.output("y");
  const Graph graph = model.import();
  CHECK(ops_of(graph) == std::vector<fbs::OpAttrs>{fbs::OpAttrs::Reshape});
  CHECK(output_shape(graph) == make_shape({1, 60}));
}

TEST_CASE("integer arithmetic on shapes folds, with empty parts") {
  ModelBuilder model;
  model.input("x", {1, 6, 4, 5});
  model.ints("nothing", {});
  model.ints("two", {2});
  model.ints("first", {1});
  model.ints("last", {2});
  model.node("Shape", {"x"}, {"shape"});
  model.node("Slice", {"shape", "first", "last"}, {"channels"});
  model.node("Div", {"channels", "two"}, {"half"});
  model.node("Slice", {"shape", "last", "last"}, {"empty"});
  model.node("Concat", {"empty", "two", "half", "nothing", "first"}, {"start"}, {int_attribute("axis", 0)});
  model.ints("rest", {-1});
  model.node("Concat", {"start", "rest"}, {"target"}, {int_attribute("axis", 0)});
  model.node("Reshape", {"x", "target"}, {"y"});
  model.output("y");
  CHECK(output_shape(model.import()) == make_shape({2, 3, 1, 20}));
}

TEST_CASE("Softmax before opset 13 flattens from its axis on") {
  for (const int64_t opset : {12, 13}) {
    ModelBuilder model(opset);
    const Graph graph = import_node(model, {2, 3, 4}, "Softmax", {"x"}, {int_attribute("axis", 1)});
    CHECK(graph.nodes.size() == (opset == 12 ? 3 : 1));
    CHECK(output_shape(graph) == make_shape({2, 3, 4}));
  }
}

TEST_CASE("Reshape copies at 0, fills at -1 and refuses what does not divide") {
  std::string message;
  {
    ModelBuilder model;
    model.ints("shape", {0, -1, 2});
    CHECK(output_shape(import_node(model, {3, 4, 5}, "Reshape", {"x", "shape"})) == make_shape({3, 10, 2}));
  }
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{7, -1}, {-1, -1}, {-2, 5}, {3, 4, 5, 0}, {61}, {int64_t{1} << 40, int64_t{1} << 40}}) {
    ModelBuilder model;
    model.ints("shape", shape);
    const auto run = [&] { import_node(model, {3, 4, 5}, "Reshape", {"x", "shape"}); };
    CHECK(error_of(run, &message) == ExitCode::kMalformed);
  }
}

TEST_CASE("Slice cuts positions outside, runs backwards and takes the extremes of integers") {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  struct Case {
    int64_t start, end, step, expected_size;
  };
  for (const Case& c : {Case{0, kMax, 1, 5},
                        {-3, kMax, 2, 2},
                        {4, kMin, -1, 5},
                        {kMax, kMin, -2, 3},
                        {-100, 100, 4, 2},
                        {1, 4, kMax, 1},
                        {3, 0, kMin, 1}}) {
    CAPTURE(c.start);
    CAPTURE(c.step);
    ModelBuilder model;
    model.ints("start", {c.start});
    model.ints("end", {c.end});
    model.ints("axis", {-1});
    model.ints("step", {c.step});
    const Graph graph = import_node(model, {2, 5}, "Slice", {"x", "start", "end", "axis", "step"});
    CHECK(output_shape(graph) == make_shape({2, c.expected_size}));
  }
}

TEST_CASE("MatMul with a constant matrix is a fully connected layer, vectors lose their dimension") {
  ModelBuilder model;
  model.floats("w", {3, 2}, {1, 2, 3, 4, 5, 6});
  const Graph graph = import_node(model, {3}, "MatMul", {"x", "w"});
  CHECK(output_shape(graph) == make_shape({2}));
  const Node& layer = graph.nodes[1];
  REQUIRE(layer.attrs.type == fbs::OpAttrs::FullyConnected);
  CHECK(graph.constant(layer.inputs[1]).f32 == std::vector<float>{1, 3, 5, 2, 4, 6});
}

TEST_CASE("Gemm folds alpha, beta and a scalar c into weight and bias") {
  ModelBuilder model;
  model.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  model.floats("c", {1}, {10});
  AttributeProto alpha;
  alpha.set_name("alpha");
  alpha.set_f(2);
  AttributeProto beta;
  beta.set_name("beta");
  beta.set_f(0.5f);
  const Graph graph = import_node(model, {1, 3}, "Gemm", {"x", "w", "c"}, {alpha, beta, int_attribute("transB", 1)});
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.constant(graph.nodes[0].inputs[1]).f32 == std::vector<float>{2, 4, 6, 8, 10, 12});
  CHECK(graph.constant(graph.nodes[0].inputs[2]).f32 == std::vector<float>{5, 5});
}

TEST_CASE("SAME_LOWER puts the odd padding in front, SAME_UPPER behind") {
  for (const bool upper : {false, true}) {
    ModelBuilder model;
    model.floats("w", {1, 1, 2, 2}, {1, 1, 1, 1});
    const Graph graph = import_node(model, {1, 1, 4, 4}, "Conv", {"x", "w"},
                                    {string_attribute("auto_pad", upper ? "SAME_UPPER" : "SAME_LOWER")});
    const fbs::ConvAttrsT& attrs = *graph.nodes[0].attrs.AsConv();
    CHECK(attrs.pads_begin == std::vector<uint32_t>(2, upper ? 0 : 1));
    CHECK(attrs.pads_end == std::vector<uint32_t>(2, upper ? 1 : 0));
  }
}

TEST_CASE("one-dimensional convolutions run as planes of height 1") {
  ModelBuilder model;
  model.floats("w", {2, 1, 3}, {1, 1, 1, 1, 1, 1});
  const Graph graph = import_node(model, {1, 1, 8}, "Conv", {"x", "w"}, {ints_attribute("strides", {2})});
  CHECK(output_shape(graph) == make_shape({1, 2, 3}));
  CHECK(graph.nodes.size() == 3);
}

TEST_CASE("sparse weights count wherever they are stored") {
  ModelBuilder model;
  SparseTensorProto* sparse = model.proto()->add_sparse_initializer();
  *sparse->mutable_values() = raw_tensor<float>("w", DataType::kFloat, {1}, {3});
  *sparse->mutable_indices() = raw_tensor<int64_t>("", DataType::kInt64, {1}, {2});
  for (const int64_t dim : {4, 1, 1, 1}) sparse->add_dims(dim);
  const Graph graph = import_node(model, {1, 1, 2, 2}, "Conv", {"x", "w"});
  CHECK(graph.constant(graph.nodes[0].inputs[1]).f32 == std::vector<float>{0, 0, 3, 0});
}

TEST_CASE("weights that do not fit what they meet are malformed") {
  std::string message;
  ModelBuilder channels, groups, bias, product;
  channels.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4});
  CHECK(error_of([&] { import_node(channels, {1, 3, 4, 4}, "Conv", {"x", "w"}); }, &message) == ExitCode::kMalformed);
  CHECK(contains(message, "3 input channels"));
  groups.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4});
  CHECK(error_of(
            [&] {
              import_node(groups, {1, 2, 4, 4}, "Conv", {"x", "w"}, {int_attribute("group", 2)});
            },
            &message) == ExitCode::kMalformed);
  bias.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4});
  bias.floats("b", {3}, {1, 2, 3});
  CHECK(error_of([&] { import_node(bias, {1, 2, 4, 4}, "Conv", {"x", "w", "b"}); }, &message) == ExitCode::kMalformed);
  product.floats("w", {2, 2}, {1, 2, 3, 4});
  CHECK(error_of([&] { import_node(product, {1, 3}, "MatMul", {"x", "w"}); }, &message) == ExitCode::kMalformed);
}

TEST_CASE("attributes of the wrong type, missing or out of range are malformed") {
  std::string message;
  const auto conv_error = [&](const AttributeProto& attribute) {
    ModelBuilder model;
    model.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4});
    return error_of([&] { import_node(model, {1, 2, 4, 4}, "Conv", {"x", "w"}, {attribute}); }, &message);
  };
  CHECK(conv_error(int_attribute("strides", 2)) == ExitCode::kMalformed);
  CHECK(contains(message, "'strides'"));
  CHECK(contains(message, "Conv 'Conv_1' [1,2,4,4] [2,2,1,1]"));
  CHECK(conv_error(ints_attribute("strides", {0, 1})) == ExitCode::kMalformed);
  CHECK(conv_error(ints_attribute("strides", {1})) == ExitCode::kMalformed);
  CHECK(conv_error(ints_attribute("pads", {0, 0, 0, -1})) == ExitCode::kMalformed);
  CHECK(conv_error(int_attribute("group", 3)) == ExitCode::kMalformed);
  CHECK(conv_error(int_attribute("group", 0)) == ExitCode::kMalformed);
  CHECK(conv_error(ints_attribute("kernel_shape", {3, 3})) == ExitCode::kMalformed);
  CHECK(conv_error(string_attribute("auto_pad", "SOME")) == ExitCode::kMalformed);
  ModelBuilder concat;
  const auto run = [&] { import_node(concat, {1, 2}, "Concat", {"x", "x"}); };
  CHECK(error_of(run, &message) == ExitCode::kMalformed);
}

TEST_CASE("operands that must be constant are named when they are computed") {
  std::string message;
  ModelBuilder model;
  const auto run = [&] { import_node(model, {1, 1, 3, 3}, "Conv", {"x", "x"}); };
  CHECK(error_of(run, &message) == ExitCode::kUnsupported);
  CHECK(contains(message, "the weight must be constant"));
}

TEST_CASE("Where with a constant mask selects exactly and folds when all is constant") {
  ModelBuilder model;
  *model.proto()->add_initializer() = raw_tensor<uint8_t>("mask", DataType::kBool, {2}, {1, 0});
  model.floats("low", {}, {-1e9f});
  const Graph graph = import_node(model, {1, 2}, "Where", {"mask", "x", "low"});
  CHECK(ops_of(graph) == std::vector<fbs::OpAttrs>(2, fbs::OpAttrs::Binary));
  constexpr float kEverything = std::numeric_limits<float>::infinity();
  CHECK(graph.constant(graph.nodes[0].inputs[1]).f32 == std::vector<float>{kEverything, -1e9f});
  CHECK(graph.constant(graph.nodes[1].inputs[1]).f32 == std::vector<float>{-kEverything, -1e9f});
}

TEST_CASE("ScatterND of constants folds") {
  ModelBuilder model;
  model.floats("data", {4}, {1, 2, 3, 4});
  *model.proto()->add_initializer() = raw_tensor<int64_t>("at", DataType::kInt64, {2, 1}, {3, -4});
  model.floats("new", {2}, {9, 8});
  model.node("ScatterND", {"data", "at", "new"}, {"y"});
  model.output("y");
  CHECK(model.folded_output().f32 == std::vector<float>{8, 2, 3, 9});
}

TEST_CASE("Split by attribute, by operand and by number of outputs") {
  for (const int64_t opset : {11, 13, 18}) {
    CAPTURE(opset);
    ModelBuilder model(opset);
    model.input("x", {1, 7});
    std::vector<AttributeProto> attributes = {int_attribute("axis", 1)};
    std::vector<std::string> inputs = {"x"};
    if (opset == 11) attributes.push_back(ints_attribute("split", {4, 3}));
    if (opset == 13) {
      model.ints("sizes", {4, 3});
      inputs.push_back("sizes");
    }
    if (opset == 18) attributes.push_back(int_attribute("num_outputs", 2));
    model.node("Split", inputs, {"a", "b"}, attributes);
    model.output("a");
    model.output("b");
    const Graph graph = model.import();
    CHECK(graph.shape(graph.outputs[0]) == make_shape({1, 4}));
    CHECK(graph.shape(graph.outputs[1]) == make_shape({1, 3}));
  }
}

TEST_CASE("Einsum that is a matrix product, and one that is not") {
  std::string message;
  for (const char* equation : {"bhid,bhjd->bhij", "bhid,bhjd->bijh"}) {
    ModelBuilder model;
    const Graph graph =
        import_node(model, {1, 2, 3, 4}, "Einsum", {"x", "x"}, {string_attribute("equation", equation)});
    CHECK(count(output_shape(graph)) == 18);
  }
  for (const char* equation : {"bhid,bhjd->bhi", "...id,...jd->...ij", "bhii,bhjd->bhj"}) {
    ModelBuilder model;
    const auto run = [&] {
      import_node(model, {1, 2, 4, 4}, "Einsum", {"x", "x"}, {string_attribute("equation", equation)});
    };
    CHECK(error_of(run, &message) == ExitCode::kUnsupported);
  }
}

TEST_CASE("Trilu keeps what lies on one side of a diagonal") {
  const auto kept = [](int64_t upper, int64_t diagonal) {
    ModelBuilder model;
    model.ints("k", {diagonal});
    const Graph graph = import_node(model, {2, 3}, "Trilu", {"x", "k"}, {int_attribute("upper", upper)});
    return interpret(graph, {Tensor(make_shape({2, 3}), std::vector<float>{1, 2, 3, 4, 5, 6})})[0].f32;
  };
  CHECK(kept(1, 0) == std::vector<float>{1, 2, 3, 0, 5, 6});
  CHECK(kept(1, 1) == std::vector<float>{0, 2, 3, 0, 0, 6});
  CHECK(kept(0, 0) == std::vector<float>{1, 0, 0, 4, 5, 0});
  CHECK(kept(0, -9) == std::vector<float>(6, 0));
  CHECK(kept(1, INT64_MIN) == std::vector<float>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("CumSum sums along an axis from either end, with the element itself or without") {
  const Tensor x(make_shape({2, 3, 2}), std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const auto sums = [&](int64_t axis, int64_t exclusive, int64_t reverse) {
    ModelBuilder model;
    model.ints("axis", {axis});
    const Graph graph = import_node(model, {2, 3, 2}, "CumSum", {"x", "axis"},
                                    {int_attribute("exclusive", exclusive), int_attribute("reverse", reverse)});
    return interpret(graph, {x})[0].f32;
  };
  CHECK(sums(1, 0, 0) == std::vector<float>{1, 2, 4, 6, 9, 12, 7, 8, 16, 18, 27, 30});
  CHECK(sums(1, 1, 0) == std::vector<float>{0, 0, 1, 2, 4, 6, 0, 0, 7, 8, 16, 18});
  CHECK(sums(1, 0, 1) == std::vector<float>{9, 12, 8, 10, 5, 6, 27, 30, 20, 22, 11, 12});
  CHECK(sums(-1, 1, 1) == std::vector<float>{2, 0, 4, 0, 6, 0, 8, 0, 10, 0, 12, 0});
  CHECK(sums(0, 0, 0) == std::vector<float>{1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18});
}

TEST_CASE("CumSum of constant integers folds into a shape") {
  const auto shape_by = [](int64_t exclusive, int64_t reverse, const std::vector<int64_t>& n) {
    ModelBuilder model;
    model.input("x", {24});
    model.ints("n", n);
    model.ints("axis", {0});
    model.node("CumSum", {"n", "axis"}, {"shape"},
               {int_attribute("exclusive", exclusive), int_attribute("reverse", reverse)});
    model.node("Reshape", {"x", "shape"}, {"y"});
    model.output("y");
    return output_shape(model.import());
  };
  CHECK(shape_by(0, 0, {2, 1, 1}) == make_shape({2, 3, 4}));
  CHECK(shape_by(0, 1, {1, 1, 2}) == make_shape({4, 3, 2}));
  CHECK(shape_by(1, 0, {1, 5}) == make_shape({24, 1}));
}

TEST_CASE("EyeLike has ones on a diagonal, of the type asked for") {
  const auto eye = [](int64_t k) {
    ModelBuilder model;
    model.input("x", {2, 3});
    model.node("EyeLike", {"x"}, {"i"}, {int_attribute("k", k), int_attribute("dtype", 7)});
    model.node("Cast", {"i"}, {"f"}, {int_attribute("to", 1)});
    model.node("Add", {"x", "f"}, {"y"});
    model.output("y");
    return interpret(model.import(), {Tensor(make_shape({2, 3}), std::vector<float>(6, 0))})[0].f32;
  };
  CHECK(eye(0) == std::vector<float>{1, 0, 0, 0, 1, 0});
  CHECK(eye(1) == std::vector<float>{0, 1, 0, 0, 0, 1});
  CHECK(eye(-1) == std::vector<float>{0, 0, 0, 1, 0, 0});
  CHECK(eye(INT64_MIN) == std::vector<float>(6, 0));
  CHECK(eye(INT64_MAX) == std::vector<float>(6, 0));
}

TEST_CASE("LpNormalization by sums of magnitudes and of squares, zeros stay zeros") {
  const auto normalized = [](int64_t p) {
    ModelBuilder model;
    const Graph graph = import_node(model, {2, 2}, "LpNormalization", {"x"}, {int_attribute("p", p)});
    return interpret(graph, {Tensor(make_shape({2, 2}), std::vector<float>{3, -4, 0, 0})})[0].f32;
  };
  const std::vector<float> by_magnitude = normalized(1), by_square = normalized(2);
  CHECK(by_magnitude[0] == doctest::Approx(3.0 / 7));
  CHECK(by_magnitude[1] == doctest::Approx(-4.0 / 7));
  CHECK(by_square[0] == doctest::Approx(0.6));
  CHECK(by_square[1] == doctest::Approx(-0.8));
  for (const size_t i : {size_t{2}, size_t{3}}) {
    CHECK(by_magnitude[i] == 0);
    CHECK(by_square[i] == 0);
  }
  CHECK_THROWS_AS(normalized(3), Error);
}

TEST_CASE("pools whose ceil_mode adds a window, but none that starts in the padding") {
  const auto shape = [](int64_t size, int64_t stride) {
    ModelBuilder model;
    return output_shape(
        import_node(model, {1, 1, size, size}, "MaxPool", {"x"},
                    {int_attribute("ceil_mode", 1), ints_attribute("kernel_shape", {2, 2}),
                     ints_attribute("strides", {stride, stride}), ints_attribute("pads", {0, 0, 1, 1})}));
  };
  CHECK(shape(5, 2) == make_shape({1, 1, 3, 3}));
  CHECK(shape(4, 2) == make_shape({1, 1, 2, 2}));  // a third one would start at 4, in the padding
  CHECK(shape(6, 3) == make_shape({1, 1, 2, 2}));
}

}  // namespace lacuna::onnx
