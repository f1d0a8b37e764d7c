#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::OpAttrs;
using fbs::UnaryKind;

TEST_CASE("merge_duplicates: equal nodes with equal small constants") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({2, 3});
  const ValueId a = b.unary(UnaryKind::Exp, b.binary(fbs::BinaryKind::Add, x, net.scalar(1)));
  const ValueId c = b.unary(UnaryKind::Exp, b.binary(fbs::BinaryKind::Add, x, net.scalar(1)));
  net.output(b.binary(fbs::BinaryKind::Mul, a, c));
  CHECK(check_pass(net.graph(), merge_duplicates));
  CHECK(net.graph().nodes.size() == 3);
}

TEST_CASE("merge_duplicates: nodes that differ in an attribute or a constant stay") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({2, 3});
  SUBCASE("attribute") {
    net.output(b.unary(fbs::Activation(UnaryKind::LeakyRelu, 0.1f, 0), x));
    net.output(b.unary(fbs::Activation(UnaryKind::LeakyRelu, 0.2f, 0), x));
  }
  SUBCASE("constant") {
    net.output(b.binary(fbs::BinaryKind::Add, x, net.scalar(1)));
    net.output(b.binary(fbs::BinaryKind::Add, x, net.scalar(2)));
  }
  SUBCASE("shape of the constant") {
    net.output(b.binary(fbs::BinaryKind::Add, x, net.b().add_constant(Tensor(make_shape({1}), std::vector<float>{1}))));
    net.output(
        b.binary(fbs::BinaryKind::Add, x, net.b().add_constant(Tensor(make_shape({1, 1, 1}), std::vector<float>{1}))));
  }
  CHECK_FALSE(check_pass(net.graph(), merge_duplicates));
}

TEST_CASE("merge_duplicates: an output that is a duplicate becomes a copy") {
  TestNet net;
  const ValueId x = net.input({2, 3});
  net.output(net.b().unary(UnaryKind::Exp, x));
  net.output(net.b().unary(UnaryKind::Exp, x));
  CHECK(check_pass(net.graph(), merge_duplicates));
  CHECK(count_of(net.graph(), OpAttrs::Unary) == 1);
  CHECK(count_of(net.graph(), OpAttrs::Reshape) == 1);
}

}  // namespace
}  // namespace lacuna
