#include "tests/support/pass_check.h"

#include <algorithm>
#include <set>

#include "tests/support/op_harness.h"

namespace lacuna {

namespace {

Tensor random_tensor(const Shape& shape, std::mt19937& rng) {
  Tensor tensor(ElementType::kF32, shape);
  std::uniform_real_distribution<float> distribution(-2, 2);
  for (float& x : tensor.f32) x = distribution(rng);
  return tensor;
}

}  // namespace

ValueId TestNet::constant(const Shape& shape) { return graph_.add_constant("constant", random_tensor(shape, rng_)); }

ValueId TestNet::conv(ValueId x, int64_t out_channels, uint32_t kernel, uint32_t pad, int64_t groups, uint32_t stride) {
  fbs::ConvAttrsT attrs;
  attrs.out_channels = static_cast<uint32_t>(out_channels);
  attrs.groups = static_cast<uint32_t>(groups);
  attrs.kernel = {kernel, kernel};
  attrs.stride = {stride, stride};
  attrs.dilation = {1, 1};
  attrs.pads_begin = {pad, pad};
  attrs.pads_end = {pad, pad};
  const ValueId weight = constant({out_channels, graph_.shape(x)[1] / groups, kernel, kernel});
  return builder_.emit(make_attrs(std::move(attrs)), {x, weight, constant({out_channels})});
}

ValueId TestNet::fully_connected(ValueId x, int64_t units, bool bias) {
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = static_cast<uint32_t>(units);
  const Shape& shape = graph_.shape(x);
  std::vector<ValueId> inputs = {x, constant({units, shape[shape.rank - 1]})};
  if (bias) inputs.push_back(constant({units}));
  return builder_.emit(make_attrs(std::move(attrs)), std::move(inputs));
}

ValueId TestNet::affine(ValueId x) {
  const int64_t channels = graph_.shape(x)[1];
  return builder_.emit(make_attrs(fbs::AffineAttrsT()), {x, constant({channels}), constant({channels})});
}

ValueId TestNet::pool(fbs::PoolKind kind, ValueId x, uint32_t kernel, uint32_t pad, bool count_include_pad) {
  fbs::PoolAttrsT attrs;
  attrs.kind = kind;
  attrs.kernel = {kernel, kernel};
  attrs.stride = {1, 1};
  attrs.dilation = {1, 1};
  attrs.pads_begin = {pad, pad};
  attrs.pads_end = {pad, pad};
  attrs.count_include_pad = count_include_pad;
  return builder_.emit(make_attrs(std::move(attrs)), {x});
}

ValueId TestNet::normalize(fbs::NormKind kind, ValueId x, uint32_t axis) {
  fbs::NormalizeAttrsT attrs;
  attrs.kind = kind;
  attrs.axis = axis;
  attrs.epsilon = 1e-3f;
  return builder_.emit(make_attrs(std::move(attrs)), {x});
}

ValueId TestNet::softmax(ValueId x, uint32_t axis) {
  fbs::SoftmaxAttrsT attrs;
  attrs.axis = axis;
  return builder_.emit(make_attrs(std::move(attrs)), {x});
}

ValueId TestNet::matmul(ValueId a, ValueId b, bool transpose_b) {
  fbs::MatMulAttrsT attrs;
  attrs.transpose_b = transpose_b;
  return builder_.emit(make_attrs(std::move(attrs)), {a, b});
}

int count_of(const Graph& graph, fbs::OpAttrs type) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [type](const Node& node) { return node.attrs.type == type; }));
}

const Node& only(const Graph& graph, fbs::OpAttrs type) {
  REQUIRE(count_of(graph, type) == 1);
  return *std::find_if(graph.nodes.begin(), graph.nodes.end(),
                       [type](const Node& node) { return node.attrs.type == type; });
}

void check_valid(const Graph& graph) {
  std::set<ValueId> known(graph.inputs.begin(), graph.inputs.end());
  for (const Node& node : graph.nodes) {
    CAPTURE(describe(graph, node));
    for (const ValueId id : node.inputs) {
      CHECK((id == kNoValue || graph.is_constant(id) || known.count(id) != 0));
    }
    CHECK(known.insert(node.output).second);
    CHECK(!graph.is_constant(node.output));
    CHECK(to_string(infer_shape(graph, node)) == to_string(graph.shape(node.output)));
  }
  for (const ValueId id : graph.outputs) CHECK((graph.is_constant(id) || known.count(id) != 0));
}

void check_keeps_outputs(Graph& graph, const std::function<void(Graph&)>& rewrite) {
  std::mt19937 rng(7);
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs) inputs.push_back(random_tensor(graph.shape(id), rng));
  std::vector<std::string> names;
  for (const ValueId id : graph.outputs) names.push_back(graph.value(id).name);
  const std::vector<Tensor> expected = interpret(graph, inputs);
  rewrite(graph);
  check_valid(graph);
  const std::vector<Tensor> actual = interpret(graph, inputs);
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    CHECK(relative_error(actual[i], expected[i]) < 1e-5);
    CHECK(graph.value(graph.outputs[i]).name == names[i]);
  }
}

bool check_pass(Graph& graph, Pass pass) {
  bool changed = false;
  check_keeps_outputs(graph, [&](Graph& g) { changed = pass(g); });
  CHECK_FALSE(pass(graph));
  return changed;
}

void check_all_passes(Graph& graph) { check_keeps_outputs(graph, run_passes); }

}  // namespace lacuna
