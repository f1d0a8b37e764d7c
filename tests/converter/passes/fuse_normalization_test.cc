#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::NormKind;
using fbs::OpAttrs;
using fbs::ReduceKind;
using fbs::UnaryKind;

/// Parts of a normalisation of x over `axes`.
struct NormNet : TestNet {
  NormNet(std::initializer_list<int64_t> shape, std::vector<uint32_t> over)
      : axes(std::move(over)), x(b().unary(UnaryKind::Neg, input(shape))) {}

  ValueId mean(ValueId of) { return b().reduce(ReduceKind::Mean, of, axes, true); }
  ValueId centered() { return b().binary(BinaryKind::Sub, x, mean(x)); }
  ValueId with_epsilon(ValueId variance) { return b().binary(BinaryKind::Add, variance, scalar(1e-3)); }
  ValueId variance() { return with_epsilon(mean(b().binary(BinaryKind::Pow, centered(), scalar(2)))); }
  ValueId quotient() { return b().binary(BinaryKind::Div, centered(), b().unary(UnaryKind::Sqrt, variance())); }

  const Node& check_fused() {
    merge_duplicates(graph());
    CHECK(check_pass(graph(), fuse_normalization));
    remove_dead(graph());
    CHECK(graph().nodes.size() == 2);
    return only(graph(), OpAttrs::Normalize);
  }

  const std::vector<uint32_t> axes;
  const ValueId x;
};

TEST_CASE("fuse_normalization: layer norm with its constants") {
  NormNet net({2, 3, 4}, {2});
  GraphBuilder& b = net.b();
  ValueId y = net.quotient();
  SUBCASE("plain") {}
  SUBCASE("scale and shift") {
    y = b.binary(BinaryKind::Add, b.binary(BinaryKind::Mul, y, net.constant({4})), net.constant({4}));
  }
  SUBCASE("shift only") { y = b.binary(BinaryKind::Add, net.constant({1, 1, 4}), y); }
  SUBCASE("scalar scale") { y = b.binary(BinaryKind::Mul, y, net.scalar(3)); }
  net.output(y);
  const Node& normalize = net.check_fused();
  CHECK(normalize.attrs.AsNormalize()->kind == NormKind::Layer);
  CHECK(normalize.attrs.AsNormalize()->axis == 2);
  CHECK(normalize.attrs.AsNormalize()->epsilon == doctest::Approx(1e-3));
}

TEST_CASE("fuse_normalization: layer norm over two axes") {
  NormNet net({2, 3, 4}, {1, 2});
  net.output(net.b().binary(BinaryKind::Mul, net.quotient(), net.constant({4})));
  CHECK(net.check_fused().attrs.AsNormalize()->axis == 1);
}

TEST_CASE("fuse_normalization: other forms of the quotient") {
  NormNet net({2, 3, 4}, {2});
  GraphBuilder& b = net.b();
  SUBCASE("times an inverse root") {
    net.output(b.binary(BinaryKind::Mul, b.unary(UnaryKind::Rsqrt, net.variance()), net.centered()));
  }
  SUBCASE("times a reciprocal") {
    const ValueId root = b.unary(UnaryKind::Sqrt, net.variance());
    net.output(b.binary(BinaryKind::Mul, net.centered(), b.unary(UnaryKind::Reciprocal, root)));
  }
  SUBCASE("power of a half") {
    const ValueId root = b.binary(BinaryKind::Pow, net.variance(), net.scalar(0.5));
    net.output(b.binary(BinaryKind::Div, net.centered(), root));
  }
  SUBCASE("product of deviations") {
    const ValueId deviation = net.centered();
    const ValueId variance = net.with_epsilon(net.mean(b.binary(BinaryKind::Mul, deviation, deviation)));
    net.output(b.binary(BinaryKind::Div, deviation, b.unary(UnaryKind::Sqrt, variance)));
  }
  net.check_fused();
}

TEST_CASE("fuse_normalization: as TensorFlow factors it") {
  NormNet net({2, 3, 4}, {2});
  GraphBuilder& b = net.b();
  const ValueId mean = net.mean(net.x);
  const ValueId variance = net.with_epsilon(net.mean(b.binary(BinaryKind::SquaredDifference, net.x, mean)));
  ValueId r = b.unary(UnaryKind::Rsqrt, variance);
  SUBCASE("without scale") {}
  SUBCASE("with scale") { r = b.binary(BinaryKind::Mul, r, net.constant({4})); }
  const ValueId rest = b.binary(BinaryKind::Sub, net.constant({4}), b.binary(BinaryKind::Mul, mean, r));
  net.output(b.binary(BinaryKind::Add, b.binary(BinaryKind::Mul, net.x, r), rest));
  net.check_fused();
}

TEST_CASE("fuse_normalization: instance norm with channel constants") {
  NormNet net({2, 3, 4, 5}, {2, 3});
  GraphBuilder& b = net.b();
  const ValueId scaled = b.binary(BinaryKind::Mul, net.quotient(), net.constant({3, 1, 1}));
  net.output(b.binary(BinaryKind::Add, scaled, net.constant({1, 3, 1, 1})));
  CHECK(net.check_fused().attrs.AsNormalize()->kind == NormKind::Instance);
}

TEST_CASE("fuse_normalization: over the length of x") {
  NormNet net({2, 3, 4}, {1});
  GraphBuilder& b = net.b();
  const auto sum = [&] { return b.reduce(ReduceKind::Sum, b.binary(BinaryKind::Mul, net.x, net.x), net.axes, true); };
  const auto length = [&] { return b.reduce(ReduceKind::L2, net.x, net.axes, true); };
  const fbs::Activation bound(UnaryKind::Clamp, 1e-3f, kInfinity);
  SUBCASE("length") { net.output(b.binary(BinaryKind::Div, net.x, length())); }
  SUBCASE("bounded and expanded length") {
    const ValueId expanded = b.expand(b.unary(bound, length()), make_shape({2, 3, 4}));
    net.output(b.binary(BinaryKind::Div, net.x, expanded));
  }
  SUBCASE("root of the sum") { net.output(b.binary(BinaryKind::Div, net.x, b.unary(UnaryKind::Sqrt, sum()))); }
  SUBCASE("inverse root of the bounded sum") {
    const ValueId bounded = b.binary(BinaryKind::Max, sum(), net.scalar(1e-3));
    net.output(b.binary(BinaryKind::Mul, net.x, b.unary(UnaryKind::Rsqrt, bounded)));
  }
  const fbs::NormalizeAttrsT& attrs = *net.check_fused().attrs.AsNormalize();
  CHECK(attrs.kind == NormKind::L2);
  CHECK(attrs.axis == 1);
}

TEST_CASE("fuse_normalization: what only looks like one") {
  NormNet net({2, 3, 4}, {2});
  GraphBuilder& b = net.b();
  SUBCASE("variance of another value") {
    const ValueId other = b.unary(UnaryKind::Exp, net.x);
    const ValueId deviation = b.binary(BinaryKind::Sub, other, net.mean(other));
    net.output(b.binary(BinaryKind::Div, deviation, b.unary(UnaryKind::Sqrt, net.variance())));
  }
  SUBCASE("mean over another axis") {
    const ValueId deviation = b.binary(BinaryKind::Sub, net.x, b.reduce(ReduceKind::Mean, net.x, {1}, true));
    net.output(b.binary(BinaryKind::Div, deviation, b.unary(UnaryKind::Sqrt, net.variance())));
  }
  SUBCASE("length over two axes") {
    net.output(b.binary(BinaryKind::Div, net.x, b.reduce(ReduceKind::L2, net.x, {1, 2}, true)));
  }
  CHECK_FALSE(check_pass(net.graph(), fuse_normalization));
}

TEST_CASE("fuse_normalization: inner axes stay as they are") {
  NormNet net({2, 3, 4}, {1});
  net.output(net.quotient());
  CHECK_FALSE(check_pass(net.graph(), fuse_normalization));
}

TEST_CASE("fuse_normalization: a factor behind a shift is no scale") {
  NormNet net({2, 3, 4}, {2});
  GraphBuilder& b = net.b();
  const ValueId shifted = b.binary(BinaryKind::Add, net.quotient(), net.constant({4}));
  net.output(b.binary(BinaryKind::Mul, shifted, net.constant({4})));
  CHECK(check_pass(net.graph(), fuse_normalization));
  CHECK(only(net.graph(), OpAttrs::Normalize).inputs.size() == 3);
  CHECK(net.graph().nodes.back().attrs.type == OpAttrs::Binary);
}

}  // namespace
}  // namespace lacuna
