#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::OpAttrs;

/// A node of constants, which building through append would have folded.
ValueId raw_node(Graph& graph, Attrs attrs, std::vector<ValueId> inputs, const Shape& shape) {
  const ValueId output = graph.add_value("raw", ElementType::kF32, shape);
  graph.nodes.push_back(Node{"raw", std::move(attrs), std::move(inputs), output});
  return output;
}

Attrs unary_attrs(fbs::UnaryKind kind) {
  fbs::UnaryAttrsT attrs;
  attrs.function = fbs::Activation(kind, 0, 0);
  return make_attrs(std::move(attrs));
}

TEST_CASE("fold_constants: a chain of constants becomes one") {
  TestNet net;
  const ValueId x = net.input({2, 3});
  const ValueId first = raw_node(net.graph(), unary_attrs(fbs::UnaryKind::Abs), {net.constant({3})}, make_shape({3}));
  const ValueId second = raw_node(net.graph(), unary_attrs(fbs::UnaryKind::Sqrt), {first}, make_shape({3}));
  net.output(net.b().binary(fbs::BinaryKind::Mul, x, second));
  CHECK(check_pass(net.graph(), fold_constants));
  CHECK(net.graph().nodes.size() == 1);
  CHECK(net.graph().is_constant(second));
}

TEST_CASE("fold_constants: a constant that would grow beyond the bound stays a node") {
  TestNet net;
  fbs::ExpandAttrsT attrs;
  attrs.shape = {1024, 1024};
  const ValueId grown = raw_node(net.graph(), make_attrs(std::move(attrs)), {net.scalar(1)}, make_shape({1024, 1024}));
  net.output(net.b().binary(fbs::BinaryKind::Add, net.input({1024, 1024}), grown));
  CHECK_FALSE(check_pass(net.graph(), fold_constants));
}

TEST_CASE("fold_constants: the copy that makes a constant an output stays") {
  TestNet net;
  net.output(net.constant({4}));
  CHECK(check_pass(net.graph(), materialize_outputs));
  CHECK_FALSE(check_pass(net.graph(), fold_constants));
  CHECK(count_of(net.graph(), OpAttrs::Reshape) == 1);
}

}  // namespace
}  // namespace lacuna
