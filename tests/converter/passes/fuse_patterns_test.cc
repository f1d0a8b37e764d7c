#include <cmath>

#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::Activation;
using fbs::BinaryKind;
using fbs::OpAttrs;
using fbs::UnaryKind;

/// One pattern over x [1,3,4,5], which is a product so that matching has to end at it.
class PatternNet : public TestNet {
 public:
  PatternNet() : x(mul(input({1, 3, 4, 5}), constant({5}))) {}

  ValueId add(ValueId a, double number) { return b().binary(BinaryKind::Add, a, scalar(number)); }
  ValueId mul(ValueId a, double number) { return b().binary(BinaryKind::Mul, a, scalar(number)); }
  ValueId mul(ValueId a, ValueId c) { return b().binary(BinaryKind::Mul, a, c); }
  ValueId div(ValueId a, double number) { return b().binary(BinaryKind::Div, a, scalar(number)); }
  ValueId relu6(ValueId a) { return b().unary(Activation(UnaryKind::Clamp, 0, 6), a); }

  /// Everything that makes `y` from x became one node.
  void check_becomes(UnaryKind kind, ValueId y) {
    output(y);
    CHECK(check_pass(graph(), fuse_patterns));
    remove_dead(graph());
    REQUIRE(graph().nodes.size() == 2);
    REQUIRE(graph().nodes.back().attrs.type == OpAttrs::Unary);
    CHECK(fbs::EnumNameUnaryKind(function().kind()) == std::string(fbs::EnumNameUnaryKind(kind)));
  }
  const Activation& function() { return graph().nodes.back().attrs.AsUnary()->function; }

  const ValueId x;
};

TEST_CASE("fuse_patterns: silu") {
  PatternNet net;
  SUBCASE("plain") { net.check_becomes(UnaryKind::Silu, net.mul(net.b().unary(UnaryKind::Sigmoid, net.x), net.x)); }
  SUBCASE("with a slope") {
    net.check_becomes(UnaryKind::Silu, net.mul(net.x, net.b().unary(UnaryKind::Sigmoid, net.mul(net.x, 1.702))));
    CHECK(net.function().alpha() == doctest::Approx(1.702));
  }
}

TEST_CASE("fuse_patterns: a gate on a scaled value ends at that value") {
  PatternNet net;
  const ValueId scaled = net.mul(net.x, 2.0);
  SUBCASE("silu") { net.output(net.mul(scaled, net.b().unary(UnaryKind::Sigmoid, scaled))); }
  SUBCASE("hard swish") { net.output(net.div(net.mul(scaled, net.relu6(net.add(scaled, 3))), 6)); }
  SUBCASE("leaky relu") { net.output(net.b().binary(BinaryKind::Max, net.mul(scaled, 0.1), scaled)); }
  CHECK(check_pass(net.graph(), fuse_patterns));
  remove_dead(net.graph());
  CHECK(net.graph().nodes.size() == 3);
}

TEST_CASE("fuse_patterns: hard swish as exporters write it") {
  PatternNet net;
  const Activation hard_sigmoid(UnaryKind::HardSigmoid, 1.0f / 6, 0.5f);
  const ValueId clipped = net.relu6(net.add(net.x, 3));
  SUBCASE("divided last") { net.check_becomes(UnaryKind::HardSwish, net.div(net.mul(net.x, clipped), 6)); }
  SUBCASE("divided first") { net.check_becomes(UnaryKind::HardSwish, net.mul(net.div(clipped, 6), net.x)); }
  SUBCASE("times a sixth, first") {
    net.check_becomes(UnaryKind::HardSwish, net.mul(net.x, net.mul(clipped, 1.0 / 6)));
  }
  SUBCASE("times a sixth, last") { net.check_becomes(UnaryKind::HardSwish, net.mul(net.mul(clipped, net.x), 1.0 / 6)); }
  SUBCASE("value scaled") { net.check_becomes(UnaryKind::HardSwish, net.mul(net.div(net.x, 6), clipped)); }
  SUBCASE("fused clip") {
    const ValueId sum = net.b().binary(BinaryKind::Add, net.x, net.scalar(3), Activation(UnaryKind::Clamp, 0, 6));
    net.check_becomes(UnaryKind::HardSwish, net.mul(net.x, net.mul(sum, 1.0 / 6)));
  }
  SUBCASE("hard sigmoid") {
    net.check_becomes(UnaryKind::HardSwish, net.mul(net.x, net.b().unary(hard_sigmoid, net.x)));
  }
}

TEST_CASE("fuse_patterns: hard sigmoid") {
  PatternNet net;
  SUBCASE("of relu6") {
    net.check_becomes(UnaryKind::HardSigmoid, net.div(net.relu6(net.add(net.x, 3)), 6));
    CHECK(net.function().alpha() == doctest::Approx(1.0 / 6));
    CHECK(net.function().beta() == doctest::Approx(0.5));
  }
  SUBCASE("clipped to one") {
    net.check_becomes(UnaryKind::HardSigmoid,
                      net.b().unary(Activation(UnaryKind::Clamp, 0, 1), net.add(net.mul(net.x, 0.2), 0.5)));
  }
}

TEST_CASE("fuse_patterns: gelu in its orders") {
  PatternNet net;
  const ValueId erf = net.b().unary(UnaryKind::Erf, net.div(net.x, std::sqrt(2.0)));
  SUBCASE("half last") { net.check_becomes(UnaryKind::Gelu, net.mul(net.mul(net.x, net.add(erf, 1)), 0.5)); }
  SUBCASE("half first") { net.check_becomes(UnaryKind::Gelu, net.mul(net.mul(net.x, 0.5), net.add(erf, 1))); }
  SUBCASE("half on the gate") { net.check_becomes(UnaryKind::Gelu, net.mul(net.mul(net.add(erf, 1), 0.5), net.x)); }
  SUBCASE("factor of the argument") {
    const ValueId scaled = net.b().unary(UnaryKind::Erf, net.mul(net.x, std::sqrt(0.5)));
    net.check_becomes(UnaryKind::Gelu, net.mul(net.x, net.mul(net.add(scaled, 1), 0.5)));
  }
}

TEST_CASE("fuse_patterns: tanh gelu") {
  PatternNet net;
  const double factor = std::sqrt(2 / 3.14159265358979324);
  const auto gate = [&](ValueId argument) { return net.add(net.b().unary(UnaryKind::Tanh, argument), 1); };
  SUBCASE("power") {
    const ValueId cube = net.b().binary(BinaryKind::Pow, net.x, net.scalar(3));
    const ValueId sum = net.b().binary(BinaryKind::Add, net.x, net.mul(cube, 0.044715));
    net.check_becomes(UnaryKind::GeluTanh, net.mul(net.mul(net.x, 0.5), gate(net.mul(sum, factor))));
  }
  SUBCASE("factored") {
    const ValueId square = net.mul(net.x, net.x);
    const ValueId sum = net.add(net.mul(square, 0.044715 * factor), factor);
    net.check_becomes(UnaryKind::GeluTanh, net.mul(net.mul(net.x, gate(net.mul(net.x, sum))), 0.5));
  }
}

TEST_CASE("fuse_patterns: mish") {
  PatternNet net;
  SUBCASE("softplus") {
    const ValueId softplus = net.b().unary(UnaryKind::Softplus, net.x);
    net.check_becomes(UnaryKind::Mish, net.mul(net.x, net.b().unary(UnaryKind::Tanh, softplus)));
  }
  SUBCASE("logarithm") {
    const ValueId softplus = net.b().unary(UnaryKind::Log, net.add(net.b().unary(UnaryKind::Exp, net.x), 1));
    net.check_becomes(UnaryKind::Mish, net.mul(net.x, net.b().unary(UnaryKind::Tanh, softplus)));
  }
}

TEST_CASE("fuse_patterns: functions written as binary nodes") {
  PatternNet net;
  GraphBuilder& b = net.b();
  SUBCASE("relu") { net.check_becomes(UnaryKind::Clamp, b.binary(BinaryKind::Max, net.scalar(0), net.x)); }
  SUBCASE("relu6") {
    const ValueId relu = b.binary(BinaryKind::Max, net.x, net.scalar(0));
    net.check_becomes(UnaryKind::Clamp, b.binary(BinaryKind::Min, relu, net.scalar(6)));
    CHECK(net.function().alpha() == 0);
    CHECK(net.function().beta() == 6);
  }
  SUBCASE("leaky relu") {
    net.check_becomes(UnaryKind::LeakyRelu, b.binary(BinaryKind::Max, net.mul(net.x, 0.1), net.x));
  }
  SUBCASE("square") { net.check_becomes(UnaryKind::Square, b.binary(BinaryKind::Pow, net.x, net.scalar(2))); }
  SUBCASE("product with itself") { net.check_becomes(UnaryKind::Square, net.mul(net.x, net.x)); }
  SUBCASE("reciprocal") { net.check_becomes(UnaryKind::Reciprocal, b.binary(BinaryKind::Div, net.scalar(1), net.x)); }
  SUBCASE("sigmoid") {
    const ValueId sum = net.add(b.unary(UnaryKind::Exp, b.unary(UnaryKind::Neg, net.x)), 1);
    net.check_becomes(UnaryKind::Sigmoid, b.binary(BinaryKind::Div, net.scalar(1), sum));
  }
}

TEST_CASE("fuse_patterns: clamps that leave nothing but a number") {
  PatternNet net;
  const ValueId high = net.b().unary(Activation(UnaryKind::Clamp, 2, 3), net.x);
  net.check_becomes(UnaryKind::Clamp, net.b().unary(Activation(UnaryKind::Clamp, 0, 1), high));
  CHECK(net.function().alpha() == 1);
  CHECK(net.function().beta() == 1);
}

TEST_CASE("fuse_patterns: what only looks like a pattern") {
  PatternNet net;
  GraphBuilder& b = net.b();
  const ValueId other = b.unary(UnaryKind::Exp, net.x);
  SUBCASE("gate of another value") { net.output(net.mul(net.x, b.unary(UnaryKind::Sigmoid, other))); }
  SUBCASE("other factor") { net.output(net.div(net.mul(net.x, net.relu6(net.add(net.x, 3))), 5)); }
  SUBCASE("clip at five") {
    const ValueId clipped = b.unary(Activation(UnaryKind::Clamp, 0, 5), net.add(net.x, 3));
    net.output(net.div(net.mul(net.x, clipped), 6));
  }
  SUBCASE("gelu with another slope") {
    net.output(net.mul(net.mul(net.x, net.add(b.unary(UnaryKind::Erf, net.x), 1)), 0.5));
  }
  SUBCASE("broadcast gate") {
    net.output(net.mul(net.x, b.unary(UnaryKind::Sigmoid, b.reduce(fbs::ReduceKind::Mean, net.x, {2, 3}, true))));
  }
  SUBCASE("maximum that adds dimensions") {
    net.output(b.binary(BinaryKind::Max, net.x, net.constant({1, 1, 1, 1, 1})));
  }
  CHECK_FALSE(check_pass(net.graph(), fuse_patterns));
}

TEST_CASE("fuse_patterns: matmul with a constant and its bias") {
  for (const bool transposed : {false, true}) {
    TestNet net;
    const ValueId x = net.input({2, 3, 4});
    const ValueId y = net.matmul(x, transposed ? net.constant({5, 4}) : net.constant({4, 5}), transposed);
    net.output(net.b().binary(BinaryKind::Add, y, net.constant({5})));
    CHECK(check_pass(net.graph(), fuse_patterns));
    CHECK(check_pass(net.graph(), fold_affine));
    CHECK(only(net.graph(), OpAttrs::FullyConnected).attrs.AsFullyConnected()->units == 5);
    CHECK(net.graph().nodes.size() == 1);
  }
}

}  // namespace
}  // namespace lacuna
