#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::OpAttrs;
using fbs::UnaryKind;

TEST_CASE("sink_reshapes: behind elementwise nodes") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.reshape(net.input({2, 3, 1, 4}), make_shape({2, 3, 4}));
  SUBCASE("unary") { net.output(b.unary(UnaryKind::Exp, x)); }
  SUBCASE("affine on the same channels") { net.output(net.affine(x)); }
  SUBCASE("scalar") { net.output(b.binary(BinaryKind::Sub, net.scalar(1), x)); }
  CHECK(check_pass(net.graph(), sink_reshapes));
  CHECK(net.graph().nodes.back().attrs.type == OpAttrs::Reshape);
}

TEST_CASE("sink_reshapes: a 1-D residual block loses its reshapes") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 4, 1, 6});
  const auto conv_1d = [&](ValueId y) {
    return b.reshape(net.conv(b.reshape(y, make_shape({1, 4, 1, 6})), 4), make_shape({1, 4, 6}));
  };
  const ValueId first = b.unary(UnaryKind::Tanh, net.affine(conv_1d(x)));
  net.output(b.unary(UnaryKind::Tanh, b.binary(BinaryKind::Add, conv_1d(first), conv_1d(x))));
  check_all_passes(net.graph());
  CHECK(count_of(net.graph(), OpAttrs::Conv) == 3);
  CHECK(count_of(net.graph(), OpAttrs::Reshape) == 1);
  CHECK(net.graph().nodes.size() == 4);
}

TEST_CASE("sink_reshapes: what depends on the shape stays behind") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.reshape(net.input({2, 12}), make_shape({2, 3, 4}));
  SUBCASE("other channels") { net.output(net.affine(x)); }
  SUBCASE("constant with a shape") { net.output(b.binary(BinaryKind::Mul, x, net.constant({4}))); }
  SUBCASE("scalar that adds dimensions") { net.output(b.binary(BinaryKind::Mul, x, net.constant({1, 1, 1, 1}))); }
  SUBCASE("another reader") {
    net.output(b.unary(UnaryKind::Exp, x));
    net.output(net.softmax(x, 2));
  }
  CHECK_FALSE(check_pass(net.graph(), sink_reshapes));
}

}  // namespace
}  // namespace lacuna
