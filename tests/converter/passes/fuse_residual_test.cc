#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::OpAttrs;
using fbs::UnaryKind;

TEST_CASE("fuse_residual: a skip connection, on either side") {
  for (const bool swapped : {false, true}) {
    TestNet net;
    const ValueId x = net.b().unary(UnaryKind::Abs, net.input({1, 4, 5, 5}));
    const ValueId y = net.conv(x, 4, 3, 1);
    net.output(
        net.b().binary(BinaryKind::Add, swapped ? x : y, swapped ? y : x, fbs::Activation(UnaryKind::Clamp, 0, 6)));
    CHECK(check_pass(net.graph(), fuse_residual));
    const Node& conv = only(net.graph(), OpAttrs::Conv);
    CHECK(conv.inputs.size() == 4);
    CHECK(conv.inputs[3] == x);
    CHECK(conv.attrs.AsConv()->activation.beta() == 6);
    CHECK(net.graph().nodes.size() == 2);
  }
}

TEST_CASE("fuse_residual: the residual may be computed after the convolution") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  const ValueId y = net.conv(x, 4);
  net.output(net.b().binary(BinaryKind::Add, y, net.b().unary(UnaryKind::Exp, x)));
  CHECK(check_pass(net.graph(), fuse_residual));
  CHECK(net.graph().nodes.back().attrs.type == OpAttrs::Conv);
}

TEST_CASE("fuse_residual: of two convolutions one takes the other") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  const ValueId shortcut = net.conv(x, 3);
  net.output(net.b().binary(BinaryKind::Add, shortcut, net.conv(x, 3, 3, 1)));
  CHECK(check_pass(net.graph(), fuse_residual));
  CHECK(count_of(net.graph(), OpAttrs::Conv) == 2);
  CHECK(count_of(net.graph(), OpAttrs::Binary) == 0);
}

TEST_CASE("fuse_residual: fully connected without bias") {
  TestNet net;
  const ValueId x = net.input({1, 3, 4});
  net.output(net.b().binary(BinaryKind::Add, x, net.fully_connected(x, 4, false)));
  CHECK(check_pass(net.graph(), fuse_residual));
  CHECK(only(net.graph(), OpAttrs::FullyConnected).inputs[2] == kNoValue);
}

TEST_CASE("fuse_residual: what stays an addition") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 4, 5, 5});
  const ValueId y = net.conv(x, 4);
  SUBCASE("broadcast") { net.output(b.binary(BinaryKind::Add, y, net.input({1, 4, 1, 1}))); }
  SUBCASE("constant") { net.output(b.binary(BinaryKind::Add, y, net.constant({1, 4, 5, 5}))); }
  SUBCASE("another reader") {
    net.output(b.binary(BinaryKind::Add, y, x));
    net.output(b.unary(UnaryKind::Exp, y));
  }
  SUBCASE("twice the same") { net.output(b.binary(BinaryKind::Add, y, y)); }
  SUBCASE("difference") { net.output(b.binary(BinaryKind::Sub, y, x)); }
  CHECK_FALSE(check_pass(net.graph(), fuse_residual));
}

TEST_CASE("fuse_residual: an activation or a residual is already there") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 4, 5, 5});
  const ValueId y = net.conv(x, 4);
  SUBCASE("activation") {
    net.output(b.binary(BinaryKind::Add, b.unary(UnaryKind::Tanh, y), x));
    CHECK(check_pass(net.graph(), fuse_activation));
    CHECK_FALSE(check_pass(net.graph(), fuse_residual));
  }
  SUBCASE("residual") {
    net.output(b.binary(BinaryKind::Add, b.binary(BinaryKind::Add, y, x), net.input({1, 4, 5, 5})));
    CHECK(check_pass(net.graph(), fuse_residual));
    CHECK(count_of(net.graph(), OpAttrs::Binary) == 1);
  }
}

}  // namespace
}  // namespace lacuna
