#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::OpAttrs;
using fbs::UnaryKind;

TEST_CASE("fuse_activation: behind each operator that has one") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  ValueId y = kNoValue;
  SUBCASE("convolution") { y = net.conv(x, 3); }
  SUBCASE("fully connected") { y = net.fully_connected(x, 3); }
  SUBCASE("binary") { y = net.b().binary(fbs::BinaryKind::Mul, x, net.constant({5})); }
  SUBCASE("affine") { y = net.affine(x); }
  net.output(net.b().unary(fbs::Activation(UnaryKind::LeakyRelu, 0.1f, 0), y));
  CHECK(check_pass(net.graph(), fuse_activation));
  CHECK(net.graph().nodes.size() == 1);
}

TEST_CASE("fuse_activation: the second function stays") {
  TestNet net;
  const ValueId y = net.conv(net.input({1, 4, 5, 5}), 3);
  net.output(net.b().unary(UnaryKind::Exp, net.b().unary(UnaryKind::Tanh, y)));
  CHECK(check_pass(net.graph(), fuse_activation));
  CHECK(only(net.graph(), OpAttrs::Conv).attrs.AsConv()->activation.kind() == UnaryKind::Tanh);
  CHECK(only(net.graph(), OpAttrs::Unary).attrs.AsUnary()->function.kind() == UnaryKind::Exp);
}

TEST_CASE("fuse_activation: what stays") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  SUBCASE("operator without activation") {
    net.output(net.b().unary(UnaryKind::Tanh, net.pool(fbs::PoolKind::Max, x, 2, 0)));
  }
  SUBCASE("another reader") {
    const ValueId y = net.conv(x, 4);
    net.output(net.b().binary(fbs::BinaryKind::Mul, net.b().unary(UnaryKind::Tanh, y), y));
  }
  SUBCASE("output") {
    net.output(net.conv(x, 4));
    net.output(net.b().unary(UnaryKind::Tanh, net.graph().outputs[0]));
  }
  CHECK_FALSE(check_pass(net.graph(), fuse_activation));
}

}  // namespace
}  // namespace lacuna
