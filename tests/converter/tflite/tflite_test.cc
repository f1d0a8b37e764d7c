#include "converter/tflite/tflite.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/converter/tflite/model_builder.h"

namespace lacuna::tflite {
namespace {

using tflite_fbs::ActivationFunctionType;
using tflite_fbs::BuiltinOperator;
using tflite_fbs::Padding;
using tflite_fbs::TensorType;

size_t count_ops(const Graph& graph, fbs::OpAttrs type) {
  return static_cast<size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                           [type](const Node& node) { return node.attrs.type == type; }));
}

const Node& only_node(const Graph& graph, fbs::OpAttrs type) {
  REQUIRE(count_ops(graph, type) == 1);
  return *std::find_if(graph.nodes.begin(), graph.nodes.end(),
                       [type](const Node& node) { return node.attrs.type == type; });
}

/// relu of one input.
ModelBuilder small_model() {
  ModelBuilder builder;
  builder.set_outputs({builder.add_op(BuiltinOperator::RELU, {builder.add_input({1, 4})})});
  return builder;
}

tflite_fbs::Conv2DOptionsT conv_options(Padding padding, int stride) {
  tflite_fbs::Conv2DOptionsT options;
  options.padding = padding;
  options.stride_h = options.stride_w = stride;
  return options;
}

/// A 2 x 2 convolution of [1, size, size, 1] with weights 1, 2, 3, 4.
ModelBuilder conv_model(Padding padding, int stride, int size) {
  ModelBuilder builder;
  const int x = builder.add_input({1, size, size, 1});
  const int weight = builder.add_floats({1, 2, 2, 1}, {1, 2, 3, 4});
  builder.set_outputs({builder.add_op(BuiltinOperator::CONV_2D, {x, weight}, conv_options(padding, stride))});
  return builder;
}

TEST_CASE("tflite: recognised by its identifier") {
  CHECK(looks_like_tflite(small_model().bytes()));
  CHECK_FALSE(looks_like_tflite(""));
  CHECK_FALSE(looks_like_tflite("....TFL"));
  CHECK_FALSE(looks_like_tflite("....LCN1...."));
}

TEST_CASE("tflite: inputs and outputs keep names and order") {
  ModelBuilder builder;
  const int a = builder.add_input({2, 3});
  const int b = builder.add_input({2, 3});
  const int sum = builder.add_op(BuiltinOperator::ADD, {a, b}, tflite_fbs::AddOptionsT());
  const int same = builder.add_op(BuiltinOperator::RESHAPE, {sum, builder.add_ints({2}, {2, -1})});
  builder.tensor(a).name = "left";
  builder.tensor(same).name = "copy";
  builder.tensor(sum).name = "sum";
  builder.set_outputs({same, sum});
  const Graph graph = import_model(builder);
  CHECK(graph.value(graph.inputs[0]).name == "left");
  CHECK(graph.value(graph.outputs[0]).name == "copy");
  CHECK(graph.value(graph.outputs[1]).name == "sum");
  const auto outputs = run(graph, {{1, 2, 3, 4, 5, 6}, {1, 1, 1, 1, 1, 1}});
  CHECK(outputs[0].f32 == std::vector<float>{2, 3, 4, 5, 6, 7});
  CHECK(outputs[1].f32 == outputs[0].f32);
}

TEST_CASE("tflite: an input that is an output is copied") {
  ModelBuilder builder;
  builder.set_outputs({builder.add_input({3})});
  const Graph graph = import_model(builder);
  CHECK(graph.outputs[0] != graph.inputs[0]);
  CHECK(run(graph, {{1, 2, 3}})[0].f32 == std::vector<float>{1, 2, 3});
}

TEST_CASE("tflite: SAME puts the odd row and column behind") {
  const Graph graph = import_model(conv_model(Padding::SAME, 1, 2));
  const auto& attrs = *only_node(graph, fbs::OpAttrs::Conv).attrs.AsConv();
  CHECK(attrs.pads_begin == std::vector<uint32_t>{0, 0});
  CHECK(attrs.pads_end == std::vector<uint32_t>{1, 1});
  // Windows of [1 1; 1 1] with zeros behind: all four taps, the left two, the upper two, the first.
  CHECK(run(graph, {{1, 1, 1, 1}})[0].f32 == std::vector<float>{10, 4, 3, 1});
}

TEST_CASE("tflite: SAME with a stride that needs no padding, VALID") {
  CHECK(run(import_model(conv_model(Padding::SAME, 2, 2)), {{1, 1, 1, 1}})[0].f32 == std::vector<float>{10});
  CHECK(run(import_model(conv_model(Padding::VALID, 1, 2)), {{1, 1, 1, 1}})[0].f32 == std::vector<float>{10});
}

TEST_CASE("tflite: convolutions in a row share the channel-first value") {
  ModelBuilder builder;
  int x = builder.add_input({1, 3, 3, 2});
  for (int i = 0; i < 3; ++i) {
    const int weight = builder.add_floats({2, 1, 1, 2}, {1, 2, 3, 4});
    x = builder.add_op(BuiltinOperator::CONV_2D, {x, weight}, conv_options(Padding::SAME, 1));
  }
  builder.set_outputs({x});
  const Graph graph = import_model(builder);
  CHECK(count_ops(graph, fbs::OpAttrs::Conv) == 3);
  for (size_t i = 1; i < 3; ++i) {
    const auto convs = [&graph](size_t k) {
      std::vector<const Node*> found;
      for (const Node& node : graph.nodes) {
        if (node.attrs.type == fbs::OpAttrs::Conv) found.push_back(&node);
      }
      return found[k];
    };
    CHECK(convs(i)->inputs[0] == convs(i - 1)->output);
  }
}

TEST_CASE("tflite: fused activations") {
  const auto with_activation = [](ActivationFunctionType type) {
    ModelBuilder builder;
    tflite_fbs::AddOptionsT options;
    options.fused_activation_function = type;
    const int x = builder.add_input({4});
    builder.set_outputs({builder.add_op(BuiltinOperator::ADD, {x, builder.add_floats({1}, {0})}, options)});
    return builder;
  };
  const std::vector<std::vector<float>> x = {{-2, -0.5f, 3, 9}};
  const auto value = [&](ActivationFunctionType type) { return run(import_model(with_activation(type)), x)[0].f32; };
  CHECK(value(ActivationFunctionType::NONE) == x[0]);
  CHECK(value(ActivationFunctionType::RELU) == std::vector<float>{0, 0, 3, 9});
  CHECK(value(ActivationFunctionType::RELU6) == std::vector<float>{0, 0, 3, 6});
  CHECK(value(ActivationFunctionType::RELU_N1_TO_1) == std::vector<float>{-1, -0.5f, 1, 1});
  CHECK(value(ActivationFunctionType::TANH)[3] == doctest::Approx(1));
  CHECK(import_error(with_activation(ActivationFunctionType::SIGN_BIT)).first == ExitCode::kUnsupported);
  CHECK(import_error(with_activation(static_cast<ActivationFunctionType>(99))).first == ExitCode::kMalformed);
}

TEST_CASE("tflite: fp16 weights behind DEQUANTIZE") {
  ModelBuilder builder;
  const int x = builder.add_input({1, 2});
  // 1, -2, 0.5, the smallest subnormal
  const int half = builder.add_constant<uint16_t>({2, 2}, TensorType::FLOAT16, {0x3c00, 0xc000, 0x3800, 0x0001});
  const int weight = builder.add_op(BuiltinOperator::DEQUANTIZE, {half});
  builder.set_outputs({builder.add_op(BuiltinOperator::FULLY_CONNECTED, {x, weight, -1})});
  const Graph graph = import_model(builder);
  CHECK(graph.nodes.size() == 1);
  CHECK(run(graph, {{1, 1}})[0].f32 == std::vector<float>{-1, 0.5f + 5.9604645e-8f});
}

/// A fully connected layer whose weight [2, 3] is sparse.
ModelBuilder sparse_model(bool half, bool densify, bool dequantize) {
  ModelBuilder builder;
  const int x = builder.add_input({1, 3});
  int weight = half ? builder.add_constant<uint16_t>({2, 3}, TensorType::FLOAT16, {0x3c00, 0x4000})
                    : builder.add_floats({2, 3}, {1, 2});
  auto sparsity = std::make_unique<tflite_fbs::SparsityParametersT>();
  sparsity->traversal_order = {0, 1};
  for (int i = 0; i < 2; ++i) sparsity->dim_metadata.push_back(std::make_unique<tflite_fbs::DimensionMetadataT>());
  sparsity->dim_metadata[0]->dense_size = 2;
  sparsity->dim_metadata[1]->format = tflite_fbs::DimensionType::SPARSE_CSR;
  tflite_fbs::Uint8VectorT segments;
  segments.values = {0, 1, 2};
  tflite_fbs::Uint16VectorT positions;
  positions.values = {2, 0};
  sparsity->dim_metadata[1]->array_segments.Set(std::move(segments));
  sparsity->dim_metadata[1]->array_indices.Set(std::move(positions));
  builder.tensor(weight).sparsity = std::move(sparsity);
  if (densify) weight = builder.add_op(BuiltinOperator::DENSIFY, {weight});
  if (dequantize) weight = builder.add_op(BuiltinOperator::DEQUANTIZE, {weight});
  builder.set_outputs({builder.add_op(BuiltinOperator::FULLY_CONNECTED, {x, weight, -1})});
  return builder;
}

TEST_CASE("tflite: sparse weights, with and without DENSIFY and DEQUANTIZE") {
  for (const auto& [half, densify, dequantize] :
       {std::array{false, false, false}, {false, true, false}, {true, true, true}, {true, false, false}}) {
    CAPTURE(half);
    CAPTURE(densify);
    const Graph graph = import_model(sparse_model(half, densify, dequantize));
    CHECK(run(graph, {{10, 20, 30}})[0].f32 == std::vector<float>{30, 20});
  }
}

TEST_CASE("tflite: quantised models are refused in a sentence") {
  ModelBuilder builder = small_model();
  builder.tensor(0).type = TensorType::INT8;
  builder.tensor(0).quantization = std::make_unique<tflite_fbs::QuantizationParametersT>();
  builder.tensor(0).quantization->scale = {0.5f};
  const auto [code, message] = import_error(builder);
  CHECK(code == ExitCode::kUnsupported);
  CHECK(contains(message, "quantised model"));
  CHECK(contains(message, "convert the float model"));
  CHECK(std::count(message.begin(), message.end(), '\n') == 0);
}

TEST_CASE("tflite: all unsupported operators are reported at once") {
  ModelBuilder builder;
  int x = builder.add_op(BuiltinOperator::CUMSUM, {builder.add_input({1, 4})});
  builder.tensor(x).shape = {1, 4};
  x = builder.add_op(BuiltinOperator::RELU, {x});
  builder.tensor(x).shape = {1, 4};
  x = builder.add_op(BuiltinOperator::CUSTOM, {x});
  builder.model.operator_codes.back()->custom_code = "TFLite_Detection_PostProcess";
  builder.set_outputs({x});
  const auto [code, message] = import_error(builder);
  CHECK(code == ExitCode::kUnsupported);
  CHECK(contains(message, "(2)"));
  CHECK(contains(message, "node 0 CUMSUM 't1' [1,4]"));
  CHECK(contains(message, "node 2 custom operator TFLite_Detection_PostProcess"));
  CHECK(contains(message, "cut the model in front of it"));
  CHECK_FALSE(contains(message, "RELU"));
}

TEST_CASE("tflite: integers and truths behind a missing operator are looked at as such") {
  ModelBuilder builder;
  const int x = builder.add_input({4});
  const int missing = builder.add_op(BuiltinOperator::CUMSUM, {x});
  builder.tensor(missing).shape = {4};
  builder.tensor(missing).type = tflite_fbs::TensorType::BOOL;
  const int truth = builder.add_constant<uint8_t>({4}, tflite_fbs::TensorType::BOOL, {1, 0, 1, 0});
  const int both = builder.add_op(BuiltinOperator::LOGICAL_AND, {missing, truth});
  builder.set_outputs({builder.add_op(BuiltinOperator::SELECT_V2, {both, x, x})});
  const auto [code, message] = import_error(builder);
  CHECK(code == ExitCode::kUnsupported);
  CHECK(contains(message, "(1)"));
}

/// Goes on for ever: its condition is the constant true, its body gives back what it is given, or adds a copy of it.
ModelBuilder endless_loop(bool computes) {
  ModelBuilder builder;
  tflite_fbs::WhileOptionsT options;
  options.cond_subgraph_index = 1;
  options.body_subgraph_index = 2;
  builder.set_outputs({builder.add_op(BuiltinOperator::WHILE, {builder.add_input({1, 4})}, options)});
  for (int i = 0; i < 2; ++i) builder.model.subgraphs.push_back(std::make_unique<tflite_fbs::SubGraphT>());
  const auto in = [&builder](size_t number, const auto& build) {
    std::swap(builder.model.subgraphs[0], builder.model.subgraphs[number]);
    build(builder.add_input({1, 4}));
    std::swap(builder.model.subgraphs[0], builder.model.subgraphs[number]);
  };
  in(1, [&](int) { builder.set_outputs({builder.add_constant<uint8_t>({}, tflite_fbs::TensorType::BOOL, {1})}); });
  in(2, [&](int x) { builder.set_outputs({computes ? builder.add_op(BuiltinOperator::RELU, {x}) : x}); });
  return builder;
}

TEST_CASE("tflite: loops without an end and graphs inside themselves are refused") {
  for (const bool computes : {false, true}) {
    CAPTURE(computes);
    const auto [code, message] = import_error(endless_loop(computes));
    CHECK(code == ExitCode::kUnsupported);
    CHECK(contains(message, "turns"));
  }
  ModelBuilder inside_itself = endless_loop(true);
  inside_itself.model.subgraphs[2]->operators.front()->opcode_index = 0;
  tflite_fbs::WhileOptionsT options;
  options.cond_subgraph_index = 1;
  options.body_subgraph_index = 2;
  inside_itself.model.subgraphs[2]->operators.front()->builtin_options.Set(options);
  CHECK(import_error(inside_itself).first == ExitCode::kUnsupported);
  CHECK(contains(import_error(inside_itself).second, "nested too deeply"));
}

TEST_CASE("tflite: a loop whose subgraphs do not exist or do not fit is malformed") {
  ModelBuilder missing = endless_loop(true);
  missing.graph().operators.front()->builtin_options.AsWhileOptions()->body_subgraph_index = 7;
  missing.model.subgraphs.pop_back();
  CHECK(import_error(missing).first == ExitCode::kMalformed);
  ModelBuilder other_inputs = endless_loop(true);
  other_inputs.model.subgraphs[2]->inputs.clear();
  CHECK(import_error(other_inputs).first == ExitCode::kMalformed);
  ModelBuilder other_outputs = endless_loop(true);
  other_outputs.model.subgraphs[2]->outputs.push_back(0);
  CHECK(import_error(other_outputs).first == ExitCode::kMalformed);
}

TEST_CASE("tflite: a loop whose end is computed is refused") {
  ModelBuilder builder = endless_loop(true);
  builder.model.subgraphs[1]->outputs = {0};
  const auto [code, message] = import_error(builder);
  CHECK(code == ExitCode::kUnsupported);
  CHECK(contains(message, "depends on what the network computes"));
}

TEST_CASE("tflite: state and several entry points are refused") {
  ModelBuilder stateful = small_model();
  stateful.graph().inputs.clear();
  stateful.tensor(0).is_variable = true;
  CHECK(import_error(stateful).first == ExitCode::kUnsupported);
  CHECK(contains(import_error(stateful).second, "state between runs"));
  ModelBuilder two = small_model();
  two.model.subgraphs.push_back(std::make_unique<tflite_fbs::SubGraphT>());
  CHECK(import_error(two).first == ExitCode::kUnsupported);
  CHECK(contains(import_error(two).second, "several entry points"));
}

TEST_CASE("tflite: a free batch becomes 1, other free dimensions must be given") {
  ModelBuilder batch = small_model();
  batch.tensor(0).shape_signature = {-1, 4};
  CHECK(import_model(batch).shape(0) == make_shape({1, 4}));
  ModelBuilder free = small_model();
  free.tensor(0).shape_signature = {-1, -1};
  CHECK(import_error(free).first == ExitCode::kUsage);
  CHECK(contains(import_error(free).second, "--input-shape t0=1,?"));
  const ImportOptions options{{{"t0", make_shape({3, 5})}}};
  const Graph graph = import_model(free, options);
  CHECK(graph.shape(graph.outputs[0]) == make_shape({3, 5}));
}

TEST_CASE("tflite: --input-shape replaces a fixed shape") {
  const Graph graph = import_model(conv_model(Padding::SAME, 2, 4), {{{"t0", make_shape({2, 9, 7, 1})}}});
  CHECK(graph.shape(graph.outputs[0]) == make_shape({2, 5, 4, 1}));
  CHECK(import_error(small_model(), {{{"nothing", make_shape({1})}}}).first == ExitCode::kUsage);
  CHECK(import_error(small_model(), {{{"t0", make_shape({1})}}}).first == ExitCode::kUsage);
  CHECK(import_error(small_model(), {{{"t0", make_shape({1, 0})}}}).first == ExitCode::kUsage);
}

TEST_CASE("tflite: dilation written as SPACE_TO_BATCH_ND folds into the convolution") {
  const auto model = [](bool read_inside) {
    ModelBuilder builder;
    const int x = builder.add_input({1, 5, 5, 1});
    const int blocks = builder.add_ints({2}, {2, 2});
    const int pads = builder.add_ints({2, 2}, {1, 2, 1, 2});
    const int crops = builder.add_ints({2, 2}, {0, 1, 0, 1});
    const int batch = builder.add_op(BuiltinOperator::SPACE_TO_BATCH_ND, {x, blocks, pads});
    const int weight = builder.add_floats({1, 2, 2, 1}, {1, 2, 3, 4});
    const int conv = builder.add_op(BuiltinOperator::CONV_2D, {batch, weight}, conv_options(Padding::VALID, 1));
    const int y = builder.add_op(BuiltinOperator::BATCH_TO_SPACE_ND, {conv, blocks, crops});
    builder.set_outputs(read_inside ? std::vector<int>{y, conv} : std::vector<int>{y});
    return builder;
  };
  const Graph folded = import_model(model(false));
  const Graph composed = import_model(model(true));  // the inner value is an output, so that nothing can be folded
  CHECK(only_node(folded, fbs::OpAttrs::Conv).attrs.AsConv()->dilation == std::vector<uint32_t>{2, 2});
  CHECK(only_node(composed, fbs::OpAttrs::Conv).attrs.AsConv()->dilation == std::vector<uint32_t>{1, 1});
  std::vector<float> x(25);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 17);
  CHECK(folded.shape(folded.outputs[0]) == make_shape({1, 5, 5, 1}));
  CHECK(run(folded, {x})[0].f32 == run(composed, {x})[0].f32);
}

TEST_CASE("tflite: MediaPipe's transposed convolution with bias") {
  ModelBuilder builder;
  const int x = builder.add_input({1, 2, 2, 1});
  const int weight = builder.add_floats({1, 2, 2, 1}, {1, 2, 3, 4});
  const int y = builder.add_op(BuiltinOperator::CUSTOM, {x, weight, builder.add_floats({1}, {100})});
  builder.model.operator_codes.back()->custom_code = "Convolution2DTransposeBias";
  builder.graph().operators.back()->custom_options = {1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0};
  builder.set_outputs({y});
  const Graph graph = import_model(builder);
  CHECK(graph.shape(graph.outputs[0]) == make_shape({1, 4, 4, 1}));
  CHECK(run(graph, {{1, 10, 2, 3}})[0].f32 == std::vector<float>{101, 102, 110, 120,  //
                                                                 103, 104, 130, 140,  //
                                                                 102, 104, 103, 106,  //
                                                                 106, 108, 109, 112});
  builder.graph().operators.back()->custom_options = {1, 0, 0};
  CHECK(import_error(builder).first == ExitCode::kMalformed);
}

TEST_CASE("tflite: shape arithmetic folds away") {
  ModelBuilder builder;
  const int x = builder.add_input({2, 3, 4});
  const int shape = builder.add_op(BuiltinOperator::SHAPE, {x});
  tflite_fbs::StridedSliceOptionsT slice;
  slice.shrink_axis_mask = 1;
  const int batch = builder.add_op(
      BuiltinOperator::STRIDED_SLICE,
      {shape, builder.add_ints({1}, {0}), builder.add_ints({1}, {1}), builder.add_ints({1}, {1})}, slice);
  tflite_fbs::PackOptionsT pack;
  pack.values_count = 2;
  const int target = builder.add_op(BuiltinOperator::PACK, {batch, builder.add_ints({}, {-1})}, pack);
  builder.set_outputs({builder.add_op(BuiltinOperator::RESHAPE, {x, target})});
  const Graph graph = import_model(builder, {{{"t0", make_shape({5, 3, 4})}}});
  CHECK(graph.nodes.size() == 1);
  CHECK(graph.shape(graph.outputs[0]) == make_shape({5, 12}));
}

/// What an operator makes of constants of integers: the dimensions, less 1, that it gives [1, 1, 1] when broadcast.
std::vector<int64_t> folded(ModelBuilder& builder, int result) {
  const int x = builder.add_input({1, 1, 1});
  const int ones = builder.add_ints({3}, {1, 1, 1});
  builder.tensor(result).type = TensorType::INT32;
  const int dims = builder.add_op(BuiltinOperator::ADD, {result, ones}, tflite_fbs::AddOptionsT());
  builder.set_outputs({builder.add_op(BuiltinOperator::BROADCAST_TO, {x, dims})});
  const Graph graph = import_model(builder);
  const Shape& shape = graph.shape(graph.outputs[0]);
  REQUIRE(shape.rank == 3);
  return {shape[0] - 1, shape[1] - 1, shape[2] - 1};
}

TEST_CASE("tflite: comparisons and logic of constants fold away") {
  const struct {
    BuiltinOperator op;
    std::vector<int64_t> expected;  ///< for (1, 2, 3) and (2, 2, 2)
  } cases[] = {
      {BuiltinOperator::LESS, {1, 0, 0}},    {BuiltinOperator::LESS_EQUAL, {1, 1, 0}},
      {BuiltinOperator::GREATER, {0, 0, 1}}, {BuiltinOperator::GREATER_EQUAL, {0, 1, 1}},
      {BuiltinOperator::EQUAL, {0, 1, 0}},   {BuiltinOperator::NOT_EQUAL, {1, 0, 1}},
  };
  for (const auto& c : cases) {
    CAPTURE(tflite_fbs::EnumNameBuiltinOperator(c.op));
    ModelBuilder builder;
    const int a = builder.add_ints({3}, {1, 2, 3}), b = builder.add_ints({3}, {2, 2, 2});
    CHECK(folded(builder, builder.add_op(c.op, {a, b})) == c.expected);
  }
  const auto add_bools = [](ModelBuilder& builder, const std::vector<uint8_t>& values) {
    return builder.add_constant({3}, TensorType::BOOL, values);
  };
  ModelBuilder both, any, inverse;
  CHECK(folded(both,
               both.add_op(BuiltinOperator::LOGICAL_AND, {add_bools(both, {0, 1, 1}), add_bools(both, {1, 1, 0})})) ==
        std::vector<int64_t>{0, 1, 0});
  CHECK(folded(any, any.add_op(BuiltinOperator::LOGICAL_OR, {add_bools(any, {0, 1, 1}), add_bools(any, {0, 1, 0})})) ==
        std::vector<int64_t>{0, 1, 1});
  CHECK(folded(inverse, inverse.add_op(BuiltinOperator::LOGICAL_NOT, {add_bools(inverse, {0, 1, 0})})) ==
        std::vector<int64_t>{1, 0, 1});
}

TEST_CASE("tflite: arithmetic of constant integers folds away, rounding down") {
  const struct {
    BuiltinOperator op;
    std::vector<int32_t> operand;
    std::vector<int64_t> expected;
  } unary[] = {
      {BuiltinOperator::ABS, {-2, 0, 3}, {2, 0, 3}},       {BuiltinOperator::NEG, {-2, 0, -3}, {2, 0, 3}},
      {BuiltinOperator::SIGN, {5, 0, 1}, {1, 0, 1}},       {BuiltinOperator::SQUARE, {-2, 0, 3}, {4, 0, 9}},
      {BuiltinOperator::ZEROS_LIKE, {5, 6, 7}, {0, 0, 0}},
  };
  for (const auto& c : unary) {
    CAPTURE(tflite_fbs::EnumNameBuiltinOperator(c.op));
    ModelBuilder builder;
    CHECK(folded(builder, builder.add_op(c.op, {builder.add_ints({3}, c.operand)})) == c.expected);
  }
  ModelBuilder quotient, remainder;
  CHECK(folded(quotient, quotient.add_op(BuiltinOperator::FLOOR_DIV,
                                         {quotient.add_ints({3}, {-7, 7, 6}), quotient.add_ints({3}, {-2, 2, 3})})) ==
        std::vector<int64_t>{3, 3, 2});
  CHECK(folded(remainder, remainder.add_op(BuiltinOperator::FLOOR_MOD, {remainder.add_ints({3}, {-7, 7, 6}),
                                                                        remainder.add_ints({3}, {2, 2, 3})})) ==
        std::vector<int64_t>{1, 1, 0});
  ModelBuilder rank;
  CHECK(folded(rank, rank.add_op(BuiltinOperator::RANK, {rank.add_floats({1, 2}, {1, 2})})) ==
        std::vector<int64_t>{2, 2, 2});
}

TEST_CASE("tflite: constants of every type of number") {
  const auto value_of = [](TensorType type, const auto& elements) {
    ModelBuilder builder;
    const int x = builder.add_input({1, 2});
    const int constant = builder.add_constant({1, 2}, type, elements);
    const int floats = builder.add_op(BuiltinOperator::CAST, {constant});
    builder.set_outputs({builder.add_op(BuiltinOperator::ADD, {x, floats}, tflite_fbs::AddOptionsT())});
    const Graph graph = import_model(builder);
    const std::vector<Tensor> outputs = interpret(graph, {Tensor(make_shape({1, 2}), std::vector<float>{0, 0})});
    return outputs[0].f32;
  };
  const std::vector<float> expected = {1, 2};
  CHECK(value_of(TensorType::INT8, std::vector<int8_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::UINT8, std::vector<uint8_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::INT16, std::vector<int16_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::UINT16, std::vector<uint16_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::UINT32, std::vector<uint32_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::INT64, std::vector<int64_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::UINT64, std::vector<uint64_t>{1, 2}) == expected);
  CHECK(value_of(TensorType::FLOAT64, std::vector<double>{1, 2}) == expected);
  CHECK(value_of(TensorType::BFLOAT16, std::vector<uint16_t>{0x3f80, 0x4000}) == expected);
}

TEST_CASE("tflite: constants that explode are refused") {
  ModelBuilder builder;
  const int dims = builder.add_ints({2}, {32768, 32767});
  const int filled = builder.add_op(BuiltinOperator::FILL, {dims, builder.add_floats({}, {1})});
  const int x = builder.add_input({1, 1});
  builder.set_outputs({builder.add_op(BuiltinOperator::ADD, {x, filled}, tflite_fbs::AddOptionsT())});
  CHECK(import_error(builder).first == ExitCode::kResourceLimit);
}

TEST_CASE("tflite: a strided slice with two ellipses") {
  for (const int rank : {1, 5, 8}) {
    CAPTURE(rank);
    ModelBuilder builder;
    const int x = builder.add_input(std::vector<int>(static_cast<size_t>(rank), 2));
    tflite_fbs::StridedSliceOptionsT slice;
    slice.ellipsis_mask = 3;
    const int zeros = builder.add_ints({2}, {0, 0});
    builder.set_outputs(
        {builder.add_op(BuiltinOperator::STRIDED_SLICE, {x, zeros, zeros, builder.add_ints({2}, {1, 1})}, slice)});
    CHECK(import_error(builder).first == ExitCode::kMalformed);
  }
}

TEST_CASE("tflite: constants behind the tables of a large file") {
  ModelBuilder builder;
  const int x = builder.add_input({2});
  const int constant = builder.add_tensor({2});
  builder.tensor(constant).buffer = 1;
  builder.model.buffers.push_back(std::make_unique<tflite_fbs::BufferT>());
  builder.set_outputs({builder.add_op(BuiltinOperator::ADD, {x, constant}, tflite_fbs::AddOptionsT())});
  tflite_fbs::BufferT& buffer = *builder.model.buffers.back();
  buffer.offset = 1000000;  // so that the size of the tables is that of the final ones
  buffer.size = 8;
  buffer.offset = builder.bytes().size();
  const float elements[] = {3, 4};
  const std::string tail(reinterpret_cast<const char*>(elements), sizeof(elements));
  CHECK(run(import_bytes(builder.bytes() + tail), {{1, 1}})[0].f32 == std::vector<float>{4, 5});
  CHECK(import_error(builder.bytes() + tail.substr(1)).first == ExitCode::kMalformed);
}

TEST_CASE("tflite: broken structure is malformed") {
  const auto code_of = [](const auto& change) {
    ModelBuilder builder = conv_model(Padding::SAME, 1, 4);
    change(builder);
    return import_error(builder).first;
  };
  CHECK(code_of([](ModelBuilder&) {}) == ExitCode::kOk);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->inputs = {0, 99}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->inputs = {0, -2}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->inputs = {0}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->inputs = {}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->outputs = {}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->outputs = {0}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->opcode_index = 7; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().outputs = {}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().inputs = {0, 0}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().inputs = {}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.tensor(1).buffer = 9; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.tensor(1).shape = {1, 2, 2, 2}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.tensor(1).shape = {1, -2, -2, 1}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) {
          b.tensor(1).shape = {1 << 20, 1 << 20, 1 << 20, 1 << 20};
        }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.tensor(0).shape = {1, 0, 4, 1}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.tensor(0).shape = {1 << 30, 4, 4, 1}; }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->builtin_options.AsConv2DOptions()->stride_h = 0; }) ==
        ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.graph().operators[0]->builtin_options.Reset(); }) == ExitCode::kMalformed);
  CHECK(code_of([](ModelBuilder& b) { b.model.version = 2; }) == ExitCode::kUnsupported);
}

TEST_CASE("tflite: files that are cut short, empty, absent or damaged") {
  const std::string bytes = sparse_model(true, true, true).bytes();
  CHECK(import_error(bytes).first == ExitCode::kOk);
  CHECK(import_error("").first == ExitCode::kMalformed);
  CHECK_THROWS_AS(import_tflite("/nowhere/model.tflite"), Error);
  CHECK_THROWS_AS(import_tflite("/"), Error);
  for (size_t size = 1; size < bytes.size(); size += 7) {
    const ExitCode code = import_error(bytes.substr(0, size)).first;
    CHECK((code == ExitCode::kMalformed || code == ExitCode::kOk));  // what is cut off may be padding only
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      CHECK(import_error(damaged).first != ExitCode::kInternal);
    }
  }
}

}  // namespace
}  // namespace lacuna::tflite
