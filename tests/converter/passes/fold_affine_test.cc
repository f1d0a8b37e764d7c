#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::OpAttrs;

const fbs::Activation kRelu6(fbs::UnaryKind::Clamp, 0, 6);

TEST_CASE("fold_affine: into the convolution in front") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  SUBCASE("dense") { net.output(net.affine(net.conv(x, 6, 3, 1))); }
  SUBCASE("grouped") { net.output(net.affine(net.conv(x, 6, 3, 1, 2))); }
  SUBCASE("depthwise") { net.output(net.affine(net.conv(x, 4, 3, 1, 4))); }
  SUBCASE("scalar") { net.output(net.b().binary(BinaryKind::Mul, net.conv(x, 6), net.scalar(3))); }
  CHECK(check_pass(net.graph(), fold_affine));
  CHECK(net.graph().nodes.size() == 1);
}

TEST_CASE("fold_affine: the activation comes along") {
  TestNet net;
  const ValueId y = net.conv(net.input({1, 4, 5, 5}), 6);
  net.output(net.b().binary(BinaryKind::Add, y, net.constant({6, 1, 1}), kRelu6));
  CHECK(check_pass(net.graph(), fold_affine));
  CHECK(only(net.graph(), OpAttrs::Conv).attrs.AsConv()->activation.beta() == 6);
}

TEST_CASE("fold_affine: into the convolution behind") {
  TestNet net;
  const ValueId x = net.input({1, 4, 5, 5});
  SUBCASE("dense") { net.output(net.conv(net.affine(x), 6, 3)); }
  SUBCASE("grouped") { net.output(net.conv(net.affine(x), 6, 3, 0, 2)); }
  SUBCASE("depthwise") { net.output(net.conv(net.affine(x), 4, 3, 0, 4)); }
  SUBCASE("padded, factor only") {
    net.output(net.conv(net.b().binary(BinaryKind::Mul, x, net.constant({4, 1, 1})), 6, 3, 1));
  }
  SUBCASE("two readers") {
    const ValueId y = net.affine(x);
    net.output(net.conv(y, 6));
    net.output(net.conv(y, 2));
  }
  CHECK(check_pass(net.graph(), fold_affine));
  CHECK(check_pass(net.graph(), remove_dead));
  CHECK(count_of(net.graph(), OpAttrs::Conv) == static_cast<int>(net.graph().nodes.size()));
}

TEST_CASE("fold_affine: fully connected along the last dimension") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 3, 4});
  SUBCASE("bias behind") { net.output(b.binary(BinaryKind::Add, net.fully_connected(x, 5, false), net.constant({5}))); }
  SUBCASE("factor behind") { net.output(b.binary(BinaryKind::Mul, net.fully_connected(x, 5), net.constant({1, 5}))); }
  SUBCASE("factor in front") { net.output(net.fully_connected(b.binary(BinaryKind::Mul, x, net.constant({4})), 5)); }
  SUBCASE("affine of rank 2 behind") { net.output(net.affine(net.fully_connected(net.input({2, 4}), 5))); }
  CHECK(check_pass(net.graph(), fold_affine));
  const bool leaves_one = count_of(net.graph(), OpAttrs::Binary) != 0;
  CHECK(check_pass(net.graph(), remove_dead) == leaves_one);
  CHECK(net.graph().nodes.size() == 1);
}

TEST_CASE("fold_affine: what cannot be folded") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 4, 5, 5});
  SUBCASE("term in front of padding") { net.output(net.conv(net.affine(x), 6, 3, 1)); }
  SUBCASE("another reader of the convolution") {
    const ValueId y = net.conv(x, 6);
    net.output(net.affine(y));
    net.output(b.unary(fbs::UnaryKind::Exp, y));
  }
  SUBCASE("convolution is an output") {
    net.output(net.conv(x, 6));
    net.output(net.affine(net.graph().outputs[0]));
  }
  SUBCASE("activation in between") { net.output(net.affine(b.unary(kRelu6, net.conv(x, 6)))); }
  SUBCASE("tokens") { net.output(net.affine(net.fully_connected(net.input({1, 3, 4}), 5))); }
  SUBCASE("one reader in front cannot") {
    const ValueId y = net.affine(x);
    net.output(net.conv(y, 6));
    net.output(b.unary(fbs::UnaryKind::Exp, y));
  }
  CHECK_FALSE(check_pass(net.graph(), fold_affine));
}

TEST_CASE("fold_affine: an activation of its own stays behind the factor") {
  TestNet net;
  const ValueId y = net.conv(net.input({1, 4, 5, 5}), 6);
  net.output(net.affine(net.b().unary(kRelu6, y)));
  CHECK(check_pass(net.graph(), fuse_activation));
  CHECK_FALSE(check_pass(net.graph(), fold_affine));
}

}  // namespace
}  // namespace lacuna
