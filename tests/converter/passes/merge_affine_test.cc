#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::OpAttrs;

TEST_CASE("merge_affine: constants per channel, on either side") {
  for (const BinaryKind kind : {BinaryKind::Add, BinaryKind::Sub, BinaryKind::Mul, BinaryKind::Div}) {
    for (const auto& shape : {make_shape({1, 3, 1, 1}), make_shape({3, 1, 1}), make_shape({1}), Shape()}) {
      for (const bool constant_first : {false, true}) {
        if (kind == BinaryKind::Div && constant_first) continue;
        CAPTURE(static_cast<int>(kind));
        CAPTURE(to_string(shape));
        CAPTURE(constant_first);
        TestNet net;
        const ValueId x = net.input({2, 3, 4, 5});
        const ValueId c = net.constant(shape);
        net.output(constant_first ? net.b().binary(kind, c, x) : net.b().binary(kind, x, c));
        CHECK(check_pass(net.graph(), merge_affine));
        CHECK(count_of(net.graph(), OpAttrs::Affine) == 1);
        CHECK(net.graph().nodes.size() == 1);
      }
    }
  }
}

TEST_CASE("merge_affine: a chain becomes one node and keeps the last activation") {
  TestNet net;
  GraphBuilder& b = net.b();
  ValueId x = net.affine(net.input({1, 4, 2, 2}));
  x = b.binary(BinaryKind::Mul, x, net.constant({4, 1, 1}));
  x = b.binary(BinaryKind::Sub, net.scalar(2), x, fbs::Activation(fbs::UnaryKind::Clamp, 0, 6));
  net.output(x);
  CHECK(check_pass(net.graph(), merge_affine));
  CHECK(only(net.graph(), OpAttrs::Affine).attrs.AsAffine()->activation.kind() == fbs::UnaryKind::Clamp);
  CHECK(net.graph().nodes.size() == 1);
}

TEST_CASE("merge_affine: an activation between two affine nodes keeps them apart") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.binary(BinaryKind::Mul, net.input({1, 4, 2, 2}), net.constant({4, 1, 1}),
                             fbs::Activation(fbs::UnaryKind::Clamp, 0, 6));
  net.output(net.affine(x));
  CHECK(check_pass(net.graph(), merge_affine));
  CHECK(count_of(net.graph(), OpAttrs::Affine) == 2);
}

TEST_CASE("merge_affine: what stays binary") {
  TestNet net;
  GraphBuilder& b = net.b();
  SUBCASE("last dimension") { net.output(b.binary(BinaryKind::Mul, net.input({1, 3, 4, 5}), net.constant({5}))); }
  SUBCASE("constant that broadcasts the value") {
    net.output(b.binary(BinaryKind::Mul, net.input({1, 1, 4, 5}), net.constant({1, 3, 1, 1})));
  }
  SUBCASE("constant of a higher rank") {
    net.output(b.binary(BinaryKind::Mul, net.input({2, 3, 4, 5}), net.constant({1, 1, 1, 1, 1})));
  }
  SUBCASE("scaled attention") { net.output(b.binary(BinaryKind::Mul, net.input({2, 3, 4}), net.scalar(0.125))); }
  SUBCASE("division by zero") { net.output(b.binary(BinaryKind::Div, net.input({2, 3, 4, 5}), net.scalar(0))); }
  SUBCASE("quotient of a constant") { net.output(b.binary(BinaryKind::Div, net.scalar(1), net.input({2, 3, 4, 5}))); }
  CHECK_FALSE(check_pass(net.graph(), merge_affine));
}

}  // namespace
}  // namespace lacuna
