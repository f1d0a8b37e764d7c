#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::BinaryKind;
using fbs::OpAttrs;
using fbs::PadMode;
using fbs::UnaryKind;

/// A channel-last network as an importer writes it: each node that wants channels first stands between transposes.
struct ChannelLastNet : TestNet {
  ValueId first(ValueId x) { return b().transpose(x, {0, 3, 1, 2}); }
  ValueId last(ValueId x) { return b().transpose(x, {0, 2, 3, 1}); }
  ValueId conv_last(ValueId x, int64_t channels, uint32_t kernel = 1, uint32_t pad = 0) {
    return last(conv(first(x), channels, kernel, pad));
  }
  int transposes() { return count_of(graph(), OpAttrs::Transpose); }
};

TEST_CASE("cancel_transposes: nodes between two convolutions") {
  ChannelLastNet net;
  GraphBuilder& b = net.b();
  ValueId x = net.conv_last(net.input({1, 6, 7, 3}), 4);
  SUBCASE("unary") { x = b.unary(UnaryKind::Tanh, x); }
  SUBCASE("constant per channel") { x = b.binary(BinaryKind::Mul, x, net.constant({4})); }
  SUBCASE("scalar") { x = b.binary(BinaryKind::Sub, net.scalar(1), x); }
  SUBCASE("prelu") { x = b.binary(BinaryKind::Prelu, x, net.constant({1, 1, 4})); }
  SUBCASE("uniform affine") {
    merge_affine(net.graph());
    x = b.binary(BinaryKind::Mul, x, net.scalar(2));
    CHECK(merge_affine(net.graph()));
  }
  SUBCASE("pad") { x = b.pad(PadMode::Reflect, x, {0, 1, 2, 0}, {0, 2, 1, 1}); }
  SUBCASE("slice") { x = b.slice(x, {0, 5, 1, 1}, {1, -2, 2, 1}, make_shape({1, 3, 2, 2})); }
  SUBCASE("tile") {
    fbs::TileAttrsT attrs;
    attrs.repeats = {1, 2, 1, 3};
    x = b.emit(make_attrs(std::move(attrs)), {x});
  }
  SUBCASE("gather") { x = b.gather(x, 3, {2, 0}, make_shape({2})); }
  SUBCASE("softmax over channels") { x = net.softmax(x, 3); }
  SUBCASE("l2 over channels") { x = net.normalize(fbs::NormKind::L2, x, 3); }
  SUBCASE("resize") {
    fbs::ResizeAttrsT attrs;
    attrs.mode = fbs::ResizeMode::Nearest;
    attrs.coordinates = fbs::CoordinateMode::Asymmetric;
    attrs.nearest = fbs::NearestMode::Floor;
    attrs.sizes = {1, 12, 14, 4};
    attrs.scales = {1, 2, 2, 1};
    x = b.emit(make_attrs(std::move(attrs)), {x});
  }
  SUBCASE("mean that keeps dimensions") {
    x = b.binary(BinaryKind::Mul, x, b.reduce(fbs::ReduceKind::Mean, x, {1, 2}, true));
  }
  SUBCASE("gate") { x = b.binary(BinaryKind::Mul, x, b.unary(UnaryKind::Sigmoid, x)); }
  SUBCASE("concat with a constant") { x = b.concat({x, net.constant({1, 6, 7, 2}), x}, 3); }
  SUBCASE("skip connection") { x = b.binary(BinaryKind::Add, x, net.conv_last(x, 4, 3, 1)); }
  SUBCASE("fully connected over channels") { x = net.fully_connected(x, 5); }
  net.output(b.reduce(fbs::ReduceKind::Mean, net.conv_last(x, 2), {1, 2}, false));
  CHECK(check_pass(net.graph(), cancel_transposes));
  const int at_fully_connected = count_of(net.graph(), OpAttrs::FullyConnected) == 1 ? 2 : 0;
  CHECK(net.transposes() == 1 + at_fully_connected);
}

TEST_CASE("cancel_transposes: a whole channel-last network keeps the one at its input") {
  ChannelLastNet net;
  GraphBuilder& b = net.b();
  ValueId x = b.pad(PadMode::Constant, net.input({1, 9, 9, 3}), {0, 0, 0, 0}, {0, 1, 1, 0});
  x = b.binary(BinaryKind::Mul, net.conv_last(x, 4, 3), net.constant({4}));
  x = b.binary(BinaryKind::Add, x, net.constant({4}), fbs::Activation(UnaryKind::Clamp, 0, 6));
  x = b.binary(BinaryKind::Add, x, net.conv_last(x, 4, 3, 1));
  x = net.last(net.pool(fbs::PoolKind::Max, net.first(x), 2, 0));
  ValueId gate = b.reduce(fbs::ReduceKind::Mean, x, {1, 2}, false);
  gate = b.reshape(net.fully_connected(gate, 4), make_shape({1, 1, 1, 4}));
  x = b.binary(BinaryKind::Mul, x, b.unary(UnaryKind::Sigmoid, gate));
  x = b.reshape(x, make_shape({1, 7 * 7 * 4}));
  net.output(net.softmax(net.fully_connected(x, 10), 1));
  check_all_passes(net.graph());
  CHECK(net.transposes() == 1);
  CHECK(count_of(net.graph(), OpAttrs::Pad) == 0);
  CHECK(count_of(net.graph(), OpAttrs::Affine) == 0);
  CHECK(count_of(net.graph(), OpAttrs::Conv) == 2);
  CHECK(count_of(net.graph(), OpAttrs::Binary) == 1);
}

TEST_CASE("cancel_transposes: a flatten in front of fully connected permutes the weights") {
  ChannelLastNet net;
  const ValueId x = net.conv_last(net.input({2, 4, 5, 3}), 6);
  net.output(net.fully_connected(net.b().reshape(x, make_shape({2, 4 * 5 * 6})), 7));
  CHECK(check_pass(net.graph(), cancel_transposes));
  CHECK(net.transposes() == 1);
}

TEST_CASE("cancel_transposes: a flatten with another reader needs its order") {
  ChannelLastNet net;
  const ValueId x = net.conv_last(net.input({2, 4, 5, 3}), 6);
  const ValueId flat = net.b().reshape(x, make_shape({2, 4 * 5 * 6}));
  net.output(net.fully_connected(flat, 7));
  net.output(net.b().unary(UnaryKind::Abs, flat));
  CHECK_FALSE(check_pass(net.graph(), cancel_transposes));
}

TEST_CASE("cancel_transposes: through reshapes that keep neighbours together") {
  ChannelLastNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.transpose(net.input({2, 3, 4, 5}), {0, 2, 3, 1});
  SUBCASE("merge") { net.output(b.transpose(b.reshape(x, make_shape({2, 20, 3})), {0, 2, 1})); }
  SUBCASE("split") { net.output(b.transpose(b.reshape(x, make_shape({2, 2, 2, 5, 3})), {0, 4, 1, 2, 3})); }
  SUBCASE("ones") { net.output(b.transpose(b.reshape(x, make_shape({1, 2, 4, 1, 5, 3, 1})), {0, 1, 5, 2, 3, 4, 6})); }
  CHECK(check_pass(net.graph(), cancel_transposes));
  check_all_passes(net.graph());
  CHECK(net.transposes() == 0);
}

TEST_CASE("cancel_transposes: a reshape across the order of dimensions keeps it") {
  ChannelLastNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.transpose(net.input({2, 3, 4, 5}), {0, 2, 3, 1});
  net.output(b.reshape(x, make_shape({2, 4, 15})));
  CHECK_FALSE(check_pass(net.graph(), cancel_transposes));
}

TEST_CASE("cancel_transposes: a matrix product takes transposed matrices") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId q = net.input({2, 3, 4});
  const ValueId k = net.input({2, 5, 4});
  SUBCASE("right") { net.output(net.matmul(q, b.transpose(k, {0, 2, 1}))); }
  SUBCASE("right, twice") { net.output(net.matmul(q, b.transpose(b.unary(UnaryKind::Exp, k), {0, 2, 1}))); }
  SUBCASE("left") { net.output(net.matmul(b.transpose(q, {0, 2, 1}), net.input({2, 3, 6}))); }
  CHECK(check_pass(net.graph(), cancel_transposes));
  CHECK(count_of(net.graph(), OpAttrs::Transpose) == 0);
}

TEST_CASE("cancel_transposes: layer norm over the last dimension keeps its order") {
  ChannelLastNet net;
  const ValueId x = net.last(net.input({2, 3, 4, 5}));
  net.output(net.first(net.normalize(fbs::NormKind::Layer, x, 3)));
  CHECK_FALSE(check_pass(net.graph(), cancel_transposes));
}

TEST_CASE("cancel_transposes: never more elements than before") {
  ChannelLastNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.last(net.input({1, 3, 4, 5}));
  const auto moved = [&] {
    int64_t elements = 0;
    for (const Node& node : net.graph().nodes) {
      if (node.attrs.type == OpAttrs::Transpose) elements += count(net.graph().shape(node.output));
    }
    return elements;
  };
  SUBCASE("padded") { net.output(net.conv(b.pad(PadMode::Constant, x, {0, 9, 9, 9}, {0, 9, 9, 9}), 3)); }
  SUBCASE("two readers that want it") {
    net.output(net.normalize(fbs::NormKind::Layer, b.unary(UnaryKind::Exp, x), 3));
    net.output(net.normalize(fbs::NormKind::Layer, b.unary(UnaryKind::Tanh, x), 3));
  }
  SUBCASE("sum with a plain value") {
    const ValueId sum = b.binary(BinaryKind::Add, x, net.input({1, 4, 5, 3}));
    net.output(net.normalize(fbs::NormKind::Layer, sum, 3));
  }
  SUBCASE("sum that broadcasts") {
    const ValueId sum = b.binary(BinaryKind::Add, x, net.input({8, 4, 5, 3}));
    net.output(net.normalize(fbs::NormKind::Layer, sum, 3));
  }
  const int64_t before = moved();
  check_pass(net.graph(), cancel_transposes);
  CHECK(moved() <= before);
}

TEST_CASE("cancel_transposes: a sum with a plain value sinks where the result is wanted in the other order") {
  ChannelLastNet net;
  const ValueId x = net.last(net.input({1, 3, 4, 5}));
  const ValueId plain = net.input({1, 4, 5, 3});
  const ValueId sum = net.b().binary(BinaryKind::Add, x, plain);
  net.output(net.conv(net.first(sum), 2));
  net.output(net.conv(net.first(net.b().unary(UnaryKind::Exp, sum)), 2));
  CHECK(check_pass(net.graph(), cancel_transposes));
  CHECK(net.transposes() == 1);
}

TEST_CASE("cancel_transposes: outputs keep their order of dimensions") {
  ChannelLastNet net;
  const ValueId x = net.last(net.input({1, 3, 4, 5}));
  net.output(net.b().unary(UnaryKind::Exp, x));
  net.output(net.first(net.b().unary(UnaryKind::Tanh, x)));
  CHECK(check_pass(net.graph(), cancel_transposes));
  CHECK(net.transposes() == 1);
}

TEST_CASE("cancel_transposes: an operand of a lower rank") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.transpose(net.input({2, 3, 4}), {0, 2, 1});
  const ValueId y = b.transpose(net.input({3, 4}), {1, 0});
  net.output(b.transpose(b.binary(BinaryKind::Mul, x, y), {0, 2, 1}));
  CHECK(check_pass(net.graph(), cancel_transposes));
  CHECK(count_of(net.graph(), OpAttrs::Transpose) == 0);
}

TEST_CASE("cancel_transposes: dimensions that vanish") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.transpose(net.input({2, 3, 4, 5}), {3, 0, 2, 1});
  SUBCASE("reduced") { net.output(b.transpose(b.reduce(fbs::ReduceKind::Sum, x, {0, 2}, false), {0, 1})); }
  SUBCASE("gathered") { net.output(b.transpose(b.gather(x, 0, {3}, Shape()), {0, 2, 1})); }
  CHECK(check_pass(net.graph(), cancel_transposes));
  check_all_passes(net.graph());
  CHECK(count_of(net.graph(), OpAttrs::Transpose) == 0);
}

}  // namespace
}  // namespace lacuna
